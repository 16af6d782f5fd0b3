"""Checks the league on games with a known equilibrium: how exploitable are self-play and the league's choices?

    python recipes/known_games.py
    python recipes/known_games.py --rounds 20 --json

Exploitability is what the best possible opponent gets from a policy; it is 0 at an equilibrium. Naive self-play
has two rows, its latest policy and the mean of its past. The other methods have one, their answer.
"""

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from population_play import (
    fictitious_play,
    prioritized_play,
    psro,
    self_play,
    train,
)

from docendo.games.kuhn_exact import KuhnPoker, first_seat_payoff
from docendo.games.matrix import (
    Game,
    biased_rock_paper_scissors,
    disc_game,
    rock_paper_scissors,
)

GAMES: tuple[Game, ...] = (
    rock_paper_scissors(),
    biased_rock_paper_scissors(),
    disc_game(5),
    KuhnPoker(),
)
METHODS = {
    "naive self-play": (self_play(), ("latest", "mean")),
    "fictitious self-play": (fictitious_play(), ("mean",)),
    "prioritized self-play": (prioritized_play(), ("mean",)),
    "PSRO": (psro(), ("chosen",)),
}
"""Name -> how the population learns, and which of its policies are shown."""


def options_of() -> Namespace:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument(
        "--psro", type=int, default=30, help="rounds of PSRO, which solves a matrix in each"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON document with every round, and nothing else",
    )
    options = parser.parse_args()
    if min(options.rounds, options.psro) < 1:
        parser.error(
            f"--rounds {options.rounds}, --psro {options.psro}: at least 1 is wanted"
        )
    return options


def curves_of(game: Game, options: Namespace) -> list[dict[str, Any]]:
    """The exploitability of each policy after every round, and in Kuhn poker its value in the first seat."""
    found = []
    for method, (learning, answers) in METHODS.items():
        rounds = options.psro if method == "PSRO" else options.rounds
        results = list(train(game, learning, rounds, options.seed))
        for answer in answers:
            policy_SA = getattr(results[-1], f"{answer}_SA")
            value = (
                first_seat_payoff(policy_SA, policy_SA)
                if isinstance(game, KuhnPoker)
                else None
            )
            curve = [getattr(result, answer) for result in results]
            found.append(
                {
                    "game": game.name,
                    "method": method,
                    "policy": answer,
                    "curve": curve,
                    "value": value,
                }
            )
    return found


def show(curves: list[dict[str, Any]], options: Namespace) -> None:
    last = max(options.rounds, options.psro)
    shown = sorted({n for n in (1, 10, 100, options.rounds, options.psro) if n <= last})
    print(f"\n{curves[0]['game']}: exploitability after rounds")
    print(f"{'':32}" + "".join(f"{n:>8}" for n in shown))
    for row in curves:
        cells = "".join(
            f"{row['curve'][n - 1]:8.3f}" if n <= len(row["curve"]) else " " * 8
            for n in shown
        )
        value = (
            ""
            if row["value"] is None
            else f"   value of the first seat {row['value']:+.4f}"
        )
        print(f"{row['method'] + ', ' + row['policy']:32}{cells}{value}")


def main() -> None:
    options = options_of()
    found = []
    for game in GAMES:
        curves = curves_of(game, options)
        found += curves
        if not options.json:
            show(curves, options)
    if options.json:
        print(
            json.dumps(
                {"seed": options.seed, "value of Kuhn poker": -1 / 18, "curves": found}
            )
        )


if __name__ == "__main__":
    main()
