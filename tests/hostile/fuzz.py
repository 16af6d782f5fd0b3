"""Mutated input by the thousand: ``python tests/hostile/fuzz.py datasets --trials 1000``.

Prints each failing trial with its seed and the end of its traceback; ``--first SEED --trials 1`` plays it again.
"""

import argparse
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from tests.hostile import adapters, datasets, files, runs

__all__ = ["KINDS", "main", "played"]

KINDS: dict[str, Callable[[int, Path], str]] = {
    "configs": files.config,
    "datasets": datasets.dataset,
    "tournaments": files.tournament,
    "words": files.words,
    "personas": files.personas,
    "checkpoints": runs.checkpoint,
    "databases": runs.database,
    "cells": runs.values,
    "opinions": runs.opinions,
    "adapters": adapters.adapter,
    "states": adapters.state,
}
_SECONDS = 120
"""A trial that takes longer hangs."""


def played(kind: str, seed: int) -> str:
    """What became of one mutant; raises whatever went wrong."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        return KINDS[kind](seed, Path(folder).resolve())


def main(arguments: list[str] | None = None) -> int:
    """How many trials failed, at most 100; all are told on standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "kinds", nargs="*", default=list(KINDS), metavar="KIND", help=", ".join(KINDS)
    )
    parser.add_argument(
        "--trials", type=int, default=int(os.environ.get("DOCENDO_TRIALS", "100"))
    )
    parser.add_argument("--first", type=int, default=0, help="seed of the first trial")
    given = parser.parse_args(arguments)
    warnings.simplefilter("error")
    failed = sum(
        _kind(kind, range(given.first, given.first + given.trials)) for kind in given.kinds
    )
    return min(failed, 100)


def _kind(kind: str, seeds: range) -> int:
    told = Counter[str]()
    for seed in seeds:
        signal.alarm(_SECONDS)
        try:
            told[played(kind, seed)] += 1
        except Exception:  # noqa: BLE001 - whatever a mutant raises is what is looked for
            told["failed"] += 1
            end = "\n    ".join(traceback.format_exc().strip().splitlines()[-5:])
            print(f"{kind} --first {seed} --trials 1\n    {end}", flush=True)  # noqa: T201
        finally:
            signal.alarm(0)
    shares = ", ".join(f"{n} {what}" for what, n in sorted(told.items()))
    print(f"{kind}: {len(seeds)} trials: {shares}", flush=True)  # noqa: T201
    return told["failed"]


def _hangs(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"over {_SECONDS} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _hangs)
    sys.exit(main())
