"""Seconds of a whole analysis and of each of its parts, for three populations.

    python benchmarks/analysis.py
    python benchmarks/analysis.py --agents 60 --repeats 1 --json

The populations: a ladder with a little noise, a spinning top (long cycles at middling skill), and payoffs drawn at
random, which have the largest equilibria. Medians; with --json the last line has them all.
"""

import json
import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `docendo analyse` does

import numpy as np

from docendo.analysis.matrices import Matrix
from docendo.analysis.overview import analyse
from docendo.analysis.payoff import alpha_rank, bradley_terry, cyclic_share, nash
from docendo.analysis.ratings import fit_openskill
from docendo.analysis.structure import embed_in_disc, nash_clusters


def populations(count: int) -> dict[str, Matrix]:
    """Antisymmetric payoffs of `count` agents, always the same."""
    rng = np.random.default_rng(0)
    noise = np.triu(rng.normal(size=(count, count)), 1)
    skill, angle = rng.normal(size=count) * 2, rng.uniform(0, 2 * np.pi, count)
    steps, radius = skill[:, None] - skill, 2.5 * np.exp(-(skill**2) / 2)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    cycle = np.outer(x, y) - np.outer(y, x)
    random = noise - noise.T
    return {
        "ladder": np.tanh(steps + 0.1 * random),
        "top": np.tanh((steps + cycle) / 2),
        "random": np.tanh(random),
    }


def parts(game: Matrix) -> dict[str, Callable[[], object]]:
    names, wins = [str(i) for i in range(len(game))], (1 + game) / 2
    return {
        "everything": lambda: analyse(names, game),
        "nash": lambda: nash(game),
        "alpha_rank": lambda: alpha_rank(game),
        "bradley_terry": lambda: bradley_terry(wins),
        "openskill": lambda: fit_openskill(wins),
        "cyclic_share": lambda: cyclic_share(game),
        "disc": lambda: embed_in_disc(game),
        "clusters": lambda: nash_clusters(game),
    }


def seconds(work: Callable[[], object], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--json", action="store_true", help="print the medians as the last line"
    )
    options = parser.parse_args()
    analyse(["a", "b"], [[0, 1], [-1, 0]])  # imports the libraries
    found = {}
    for kind, game in populations(options.agents).items():
        found[kind] = {
            name: seconds(work, options.repeats) for name, work in parts(game).items()
        }
        for name, taken in found[kind].items():
            print(f"{options.agents} agents, {kind:<7} {name:<14} {taken:8.3f} s")
    if options.json:
        short = {
            kind: {name: float(f"{x:.4g}") for name, x in taken.items()}
            for kind, taken in found.items()
        }
        print(json.dumps({"agents": options.agents, "seconds": short}))


if __name__ == "__main__":
    main()
