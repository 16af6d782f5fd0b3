"""Many tastes and no single order: simulated people compare answers, and the analysis finds the planted cycle.

    python recipes/tastes.py
    python recipes/tastes.py --seeds 20 --json
    python recipes/tastes.py --model smollm2-135m-instruct --questions 6     three system prompts of one model

Three crowds compare the same answers. In the first everybody has a cyclic taste: short before polite before detailed
before short. In the second all have the same order. In the third there are three orders, a third of the people each, so
that the majority is cyclic although nobody is.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from random import Random
from statistics import fmean
from typing import Any

from docendo.analysis.preferences import (
    PreferenceCycle,
    cyclicity,
    find_preference_cycles,
    tally_votes,
)
from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.humans.simulated import Person, poll
from docendo.interfaces import Engine
from docendo.problems.arithmetic import MATHEMATICS
from docendo.prompts import solve_prompt
from docendo.records import BASE, AgentId, Opinion, Problem, Request
from docendo.seeds import seed_for

STYLES = {
    "terse": "Answer: {}",
    "courteous": "Thank you for asking! I am glad to help with this, and hope that it is of some use.\nAnswer: {}",
    "thorough": "First I read the question and write down what is given. Then I work it out step by step and check "
    "each of the steps before I go on to the next one, and at the end I look at the whole of it again.\nAnswer: {}",
    "careless": "It is something about that, I think, more or less.\nAnswer: whatever",
}
"""How the hard-coded answerers write; {} is the right answer."""
PROMPTS = {
    "terse": "Write only 'Answer:' and the answer.",
    "courteous": "Be very polite, say thank you and please! End with 'Answer:' and the answer.",
    "thorough": "Explain every step at length. End with 'Answer:' and the answer.",
}
"""System prompts of a model that answers instead of them."""
PLANTED = ("courteous", "thorough", "terse")
"""Each is preferred to the next, and the last to the first."""


def crowds(people: int, seed: int) -> dict[str, list[Person]]:
    """Three crowds of as many people."""
    rng, names = Random(seed_for(seed, "crowds")), [f"person {i}" for i in range(people)]
    orders = (
        {"short": 1.0},
        {"polite": 1.5, "detailed": 1.0},
        {"polite": -1.0, "detailed": 0.6},
    )
    circle = ("short", "polite", "detailed")
    return {
        "cyclic": [
            Person(n, {"right": 1.0}, noise=rng.uniform(0.1, 0.3), cyclic_features=circle)
            for n in names
        ],
        "one order": [
            Person(
                n,
                {
                    "right": rng.uniform(1, 2),
                    "polite": rng.random(),
                    "short": rng.random() / 2,
                },
                noise=1.0,
            )
            for n in names
        ],
        "three orders": [
            Person(n, {"right": 1.0, **orders[i % 3]}, noise=0.2)
            for i, n in enumerate(names)
        ],
    }


def answers(options: Namespace, seed: int) -> list[tuple[Problem, Mapping[AgentId, str]]]:
    """Questions with an answer of everybody."""
    problems = MATHEMATICS.draw(
        "sums", 1, options.questions, seed_for(seed, "questions"), "train"
    )
    instructions = PROMPTS if options.model else dict.fromkeys(STYLES, "")
    engine, asked = (
        _engine(options, problems),
        [(name, p) for p in problems for name in instructions],
    )
    requests = [
        Request(
            BASE if options.model else AgentId(name),
            solve_prompt(p.prompt, instructions[name]),
            seed_for(seed, "answer", name, p.key),
            max_tokens=96,
            temperature=0.7,
        )
        for name, p in asked
    ]
    texts: dict[str, dict[AgentId, str]] = {}
    for (name, p), completion in zip(asked, engine.sample(requests), strict=True):
        texts.setdefault(p.key, {})[AgentId(name)] = completion.text
    return [(p, texts[p.key]) for p in problems]


def _engine(options: Namespace, problems: Sequence[Problem]) -> Engine:
    if options.model:
        from docendo.build.backend import open_backend, resolve_config
        from docendo.config.load import parse_config

        return open_backend(
            resolve_config(parse_config({"model": options.model}, "--model"))
        )
    known = {p.prompt: p.answer for p in problems}
    return Scripted(lambda r: STYLES[r.agent].format(known[r.messages[-1].content]))


def found_of(opinions: Sequence[Opinion]) -> dict[str, Any]:
    """The cyclic share with its interval, the strongest ring, and how many people go in a sure ring by themselves."""
    counted = tally_votes(opinions)
    share, circles = (
        cyclicity(counted),
        [ring for ring in find_preference_cycles(counted) if ring.low > 0],
    )
    alone = [
        find_preference_cycles(
            tally_votes([o for o in opinions if o.person == person], "prompt")
        )
        for person in counted.units
    ]
    return {
        "share": share and share._asdict(),
        "ring": circles[0]._asdict() if circles else None,
        "cyclic people": sum(any(ring.low > 0 for ring in found) for found in alone),
        "opinions": len(opinions),
    }


def show(rows: Sequence[Mapping[str, Any]], people: int) -> None:
    print(
        f"{'crowd':14}{'cyclic share':>14}{'lowest':>9}{'highest':>9}   {'cycle of the majority':40}cyclic people"
    )
    for crowd in dict.fromkeys(row["crowd"] for row in rows):
        here = [row for row in rows if row["crowd"] == crowd]
        shares = [row["share"] for row in here if row["share"]]
        circles = [tuple(row["ring"]["agents"]) for row in here if row["ring"]]
        told = f"none in {len(here)} of {len(here)}"
        if circles:
            most = max(set(circles), key=circles.count)
            told = f"{' > '.join(most)} in {circles.count(most)} of {len(here)}"
        numbers = [
            fmean(s["share"] for s in shares),
            min(s["low"] for s in shares),
            max(s["high"] for s in shares),
        ] if shares else []  # fmt: skip
        cells = "".join(f"{x:>{w}.3f}" for x, w in zip(numbers, (14, 9, 9), strict=False))
        alone = f"{fmean(row['cyclic people'] for row in here):.1f} of {people}"
        print(f"{crowd:14}{cells or 'no preference':32}   {told:40}{alone}")


def options_of() -> Namespace:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--people", type=int, default=90, help="in each crowd")
    parser.add_argument(
        "--questions",
        type=int,
        default=10,
        help="that everybody is shown, with every pair of answers",
    )
    parser.add_argument(
        "--model",
        default="",
        help="answers with three system prompts, instead of hard-coded styles",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document, and nothing else"
    )
    options = parser.parse_args()
    if options.seeds < 1 or min(options.people, options.questions) < 2:
        parser.error(
            f"--seeds {options.seeds}, --people {options.people}, --questions {options.questions}: "
            "at least one seed, two people and two questions are wanted"
        )
    return options


def main() -> None:
    options, rows = options_of(), []
    try:
        for seed in range(options.seeds):
            answered = answers(options, seed)
            for name, people in crowds(options.people, seed).items():
                opinions = poll(people, answered, seed_for(seed, "poll", name))
                rows.append({"seed": seed, "crowd": name, **found_of(opinions)})
    except UserError as error:
        raise SystemExit(f"tastes: {error}") from error
    if options.json:
        planted = PreferenceCycle(PLANTED, 0.0, 0.0).agents
        print(
            json.dumps(
                {"people": options.people, "planted": planted, "rows": rows},
                allow_nan=False,
            )
        )
    else:
        show(rows, options.people)


if __name__ == "__main__":
    main()
