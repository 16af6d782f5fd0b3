"""The red door and the blue door: how many times faster does an agent learn if it starts where rewards vary?

    python recipes/red_door.py
    python recipes/red_door.py --habit 0.999 --seeds 100
    python recipes/red_door.py --prize 1 --budget 20000 --json

Behind the red door the reward is always 1; behind the blue one is a game to learn. At first the agent takes the red
door 99 times in 100. The program counts episodes until it plays the game right 9 times in 10.
"""

import json
from argparse import ArgumentParser, Namespace
from statistics import fmean, median
from typing import Any

from two_doors import (
    Doors,
    episodes_until_mastery,
    hall_only,
    replayed,
    speedup,
    varying,
)

from docendo.errors import UserError

STARTS = {
    "always in the hall": hall_only,
    "by the reward's variance": varying,
    "by replay of its ranks": replayed,
}
"""Name -> where episodes begin."""


def options_of() -> tuple[Namespace, Doors]:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument(
        "--habit", type=float, default=0.99, help="how often the red door is taken at first"
    )
    parser.add_argument(
        "--levers", type=int, default=4, help="behind the blue door, one of them right"
    )
    parser.add_argument(
        "--prize",
        type=float,
        help="of the right lever; as many as there are levers if not given",
    )
    parser.add_argument(
        "--stubborn", action="store_true", help="the habit stays, whatever the doors pay"
    )
    parser.add_argument(
        "--budget",
        type=int,
        default=Doors.budget,
        help="episodes after which an agent is given up",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document, and nothing else"
    )
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error(f"--seeds {options.seeds}: an interval needs at least 2")
    prize = float(options.levers) if options.prize is None else options.prize
    try:
        return options, Doors(
            options.levers, prize, options.habit, options.stubborn, budget=options.budget
        )
    except UserError as error:
        parser.error(str(error))


def rows_of(doors: Doors, seeds: int) -> list[dict[str, Any]]:
    """For each way to start: the episodes of every seed, and the speedup over the hall if all seeds learned."""
    counts = {
        name: [episodes_until_mastery(doors, s, seed) for seed in range(seeds)]
        for name, s in STARTS.items()
    }
    plain = counts["always in the hall"]
    return [
        {
            "starts": name,
            "episodes": found,
            "learned": sum(count < doors.budget for count in found),
            "times_faster": None
            if found is plain or doors.budget in found
            else speedup(plain, found)._asdict(),
        }
        for name, found in counts.items()
    ]


def show(doors: Doors, rows: list[dict[str, Any]]) -> None:
    print(
        f"red door taken {doors.habit:.1%} of the time at first; behind the blue one {doors.levers} levers, "
        f"the right one pays {doors.prize:g}\n"
    )
    print(
        f"{'starts':28}{'learned':>10}{'mean':>10}{'median':>10}   N times faster (95 % interval)"
    )
    for row in rows:
        counts, n = row["episodes"], row["times_faster"]
        learned = f"{row['learned']} of {len(counts)}"
        at_least = "at least " if rows[0]["learned"] < len(counts) else ""
        faster = (
            f"   {at_least}{n['times']:.1f} ({n['low']:.1f} to {n['high']:.1f})"
            if n
            else ""
        )
        print(
            f"{row['starts']:28}{learned:>10}{fmean(counts):10.0f}{median(counts):10.0f}{faster}"
        )


def main() -> None:
    options, doors = options_of()
    rows = rows_of(doors, options.seeds)
    if options.json:
        print(
            json.dumps(
                {
                    "budget": doors.budget,
                    "habit": doors.habit,
                    "stubborn": doors.stubborn,
                    "prize": doors.prize,
                    "rows": rows,
                }
            )
        )
    else:
        show(doors, rows)


if __name__ == "__main__":
    main()
