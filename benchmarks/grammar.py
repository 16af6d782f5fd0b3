"""Answers in a grammar and free ones of the same agent: how many cannot be read, and what a token costs.

    python benchmarks/grammar.py --answers 1024 --json

All ways take turns in one run, after a warm-up; seconds are medians. The agent is the bare embedded model, which has
not been taught how answers are written. `number` wants 32 free tokens and then ``Answer: `` and a whole number;
`object` wants JSON with a text of any length and a whole number, so that answers run out of tokens and are ended.
"""

import argparse
import json
import re
import time
from statistics import median

import torch

from docendo.build.backend import open_backend, resolve_config
from docendo.config.load import Config
from docendo.graders.answer import final_answer
from docendo.problems.registry import built_in_domains
from docendo.prompts import solve_prompt
from docendo.records import BASE, Completion, Grammar, Request
from docendo.seeds import seed_for

NUMBER = Grammar("regex", "-?[0-9]{1,6}", free_tokens=32)
FORM = re.compile(r"(?s:.*)(?:^|\n)Answer: -?[0-9]{1,6}")
OBJECT = Grammar(
    "json",
    '{"type":"object","properties":{"steps":{"type":"string"},"answer":{"type":"integer"}},'
    '"required":["steps","answer"],"additionalProperties":false}',
)
WAYS = {"number": NUMBER, "object": OBJECT, "free": None}
TOKENS = 48
TURNS = 8


def requests(count: int, turn: int, grammar: Grammar | None) -> list[Request]:
    problems = built_in_domains()["mathematics"].draw(
        "sums", 1, count, seed_for(0, "grammar", turn), "train"
    )
    return [
        Request(
            BASE,
            solve_prompt(p.prompt),
            seed_for(turn, i),
            TOKENS,
            1.0,
            "benchmark",
            grammar=grammar,
        )
        for i, p in enumerate(problems)
    ]


def readable(done: Completion) -> bool:
    answer = final_answer(done.text)
    return answer is not None and re.fullmatch(r"-?[0-9]{1,6}", answer) is not None


def within(way: str, text: str) -> bool:
    """Whether the text is in the grammar of its way."""
    if way != "object":
        return way == "free" or FORM.fullmatch(text) is not None
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return False
    return [type(value) for value in found.values()] == [str, int] and [*found] == [
        "steps",
        "answer",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1024)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    engine = open_backend(resolve_config(Config(agents={})))
    each, seconds, done = (
        given.answers // TURNS,
        {w: [] for w in WAYS},
        {w: [] for w in WAYS},
    )
    for turn in range(-1, TURNS):
        for way, grammar in WAYS.items():
            wanted = requests(each if turn >= 0 else 16, turn + 1, grammar)
            start = time.perf_counter()
            found = engine.sample(wanted)
            if turn >= 0:
                seconds[way].append(
                    (time.perf_counter() - start) / sum(len(c.tokens) for c in found)
                )
                done[way] += found
    cost = {way: median(some) for way, some in seconds.items()}
    document = {
        "answers": each * TURNS,
        "outside the grammar": {
            w: sum(not within(w, c.text) for c in done[w]) for w in WAYS if w != "free"
        },
        "without a final number": {
            w: sum(not readable(c) for c in done[w]) for w in ("number", "free")
        },
        "with nearly all tokens": {
            w: sum(len(c.tokens) >= TOKENS - 2 for c in done[w]) for w in WAYS
        },
        "tokens": {w: sum(len(c.tokens) for c in done[w]) for w in WAYS},
        "ms a token": {w: 1000 * some for w, some in cost.items()},
        "times as long as free": {w: cost[w] / cost["free"] for w in WAYS},
        "threads": torch.get_num_threads(),
    }
    print(
        json.dumps(document)
        if given.json
        else "\n".join(f"{k}: {v}" for k, v in document.items())
    )


if __name__ == "__main__":
    main()
