"""Many tastes and no single order: crowds of simulated people compare three styles, and the league looks for circles.

    python recipes/tastes.py --seeds 5

Three crowds judge the same answers: people of one taste, people each of whom goes in a circle, and people each of whom
has an order of their own while their majority has none (Condorcet 1785). Prints, for each crowd and over the seeds, the
share of the payoffs that no rating explains and the circle that was found.
"""

import argparse
import json
from random import Random

from docendo.humans.crowds import circles
from docendo.humans.simulated import Crowd, Person
from docendo.problems.arithmetic import MATHEMATICS
from docendo.records import AgentId, Problem
from docendo.seeds import seed_for

SHORT, POLITE, DETAILED = AgentId("short"), AgentId("polite"), AgentId("detailed")
CIRCLE = ("short", "polite", "detailed")


def answers(problem: Problem) -> dict[AgentId, str]:
    """What three hard-coded agents say; all of them are right."""
    steps = "\n".join(f"Step {i}: {line}" for i, line in enumerate(problem.solution.splitlines()[:-1] * 2, 1))
    last = f"Answer: {problem.answer}"
    return {
        SHORT: last,
        POLITE: f"Thank you, dear friend, I am so glad that you ask me this today. It is a pleasure.\n{last}",
        DETAILED: f"{steps}\nSo all of it comes to what was asked for in the end.\n{last}",
    }


CROWDS = {
    "one taste": Crowd([Person(f"p{i}", {"short": 4, "polite": 1}, noise=0.5) for i in range(9)]),
    "circles within people": Crowd([Person(f"c{i}", {}, noise=0.3, circle=CIRCLE) for i in range(9)]),
    "orders that differ": Crowd(
        [
            Person("a", {"short": 9, "polite": 3, "detailed": 0}, noise=0.3, moods=0.2),
            Person("b", {"polite": 6, "detailed": 3, "short": 0}, noise=0.3, moods=0.2),
            Person("c", {"detailed": 8, "short": 7, "polite": 0}, noise=0.3, moods=0.2),
        ]
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--opinions", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    told = {name: [] for name in CROWDS}
    for seed in range(given.seeds):
        problems = MATHEMATICS.draw("sums", 2, 40, seed, "train")
        for name, crowd in CROWDS.items():
            rng = Random(seed_for(seed, name))
            said = [
                crowd.opinion(p := rng.choice(problems), answers(p), seed_for(seed, name, i))
                for i in range(given.opinions)
            ]
            found = circles(said, seed)
            circle = " > ".join((*found.triples[0], found.triples[0][0])) if found.triples else "none"
            told[name].append({"share": found.share, "low": found.low, "high": found.high, "circle": circle})
    if given.json:
        print(json.dumps(told))
        return
    for name, rows in told.items():
        print(name)
        for seed, row in enumerate(rows):
            print(f"  seed {seed}: {row['share']:.2f} ({row['low']:.2f} to {row['high']:.2f}), circle: {row['circle']}")


if __name__ == "__main__":
    main()
