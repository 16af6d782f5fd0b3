"""Answers in a grammar and free ones of the same agent: how many cannot be read, and what a token costs.

    python benchmarks/grammar.py --answers 1024 --json

Both ways take turns in one run, after a warm-up; seconds are medians. The agent is the bare embedded model, which has
not been taught how answers are written; the grammar wants 32 free tokens and then ``Answer: `` and a whole number.
"""

import argparse
import json
import re
import time
from statistics import median

import torch

from docendo.build import PROCEDURAL, open_local, resolved
from docendo.config import Config
from docendo.graders.grading import final_answer
from docendo.prompts import solve
from docendo.records import BASE, Completion, Grammar, Request
from docendo.seeds import seed_for

NUMBER = Grammar("regex", "-?[0-9]{1,6}", free=32)
FORM = re.compile(r"(?s:.*)(?:^|\n)Answer: -?[0-9]{1,6}")
TOKENS = 48
TURNS = 4


def requests(count: int, turn: int, grammar: Grammar | None) -> list[Request]:
    problems = PROCEDURAL["mathematics"].draw("sums", 1, count, seed_for(0, "grammar", turn), "train")
    return [
        Request(BASE, solve(p.prompt), seed_for(turn, i), TOKENS, 1.0, "benchmark", grammar=grammar)
        for i, p in enumerate(problems)
    ]


def readable(done: Completion) -> bool:
    answer = final_answer(done.text)
    return answer is not None and re.fullmatch(r"-?[0-9]{1,6}", answer) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1024)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    engine = open_local(resolved(Config(agents={})))
    each, times, tokens = given.answers // TURNS, {"grammar": [], "free": []}, {"grammar": 0, "free": 0}
    unreadable, outside = {"grammar": 0, "free": 0}, 0
    for turn in range(-1, TURNS):
        for name, grammar in (("grammar", NUMBER), ("free", None)):
            wanted = requests(each if turn >= 0 else 16, turn + 1, grammar)
            start = time.perf_counter()
            done = engine.sample(wanted)
            if turn < 0:
                continue
            count = sum(len(c.tokens) for c in done)
            times[name].append((time.perf_counter() - start) / count)
            tokens[name] += count
            unreadable[name] += sum(not readable(c) for c in done)
            outside += name == "grammar" and sum(FORM.fullmatch(c.text) is None for c in done)
    cost = {name: median(seconds) for name, seconds in times.items()}
    found = {
        "answers": each * TURNS,
        "outside the grammar": outside,
        "unreadable": unreadable,
        "tokens": tokens,
        "ms a token": {name: 1000 * seconds for name, seconds in cost.items()},
        "ratio": cost["grammar"] / cost["free"],
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(found) if given.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


if __name__ == "__main__":
    main()
