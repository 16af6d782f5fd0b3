"""How often the alarms are right: `python benchmarks/hacking.py --json`.

Planted and honest cases of every detector, by kind; with --probe also how often the frozen base model tells leaking
lessons from honest ones without seeing the question, at several numbers of samples.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the planters are the tests'

from docendo.alarms.leaks import leak
from docendo.alarms.probe import Plan, given_away, probed
from docendo.build import PROCEDURAL, open_local, resolved
from docendo.config import load_config
from docendo.interfaces import Engine, Source
from docendo.problems.files import FileSource
from tests.alarms.planters import LEAKS, capitals, episode, honest, leaking, lesson_of
from tests.alarms.rates import DETECTORS, rates
from tests.alarms.unseen import UNSEEN


@dataclass(frozen=True)
class Bench:
    engine: Engine
    sources: Mapping[str, Source] = field(
        default_factory=lambda: {**PROCEDURAL, "capitals": FileSource("capitals", capitals())}
    )


def unseen(count: int, seed: int) -> dict[str, Any]:
    """Ways to leak that were written after the detector."""
    planted, missed = Counter[str](), Counter[str]()
    for case in leaking(count, seed, UNSEEN):
        planted[case.kind] += 1
        missed[case.kind] += not leak(lesson_of(case.text, case.own), case.test)
    kinds = {k: f"{missed[k]} of {n}" for k, n in planted.items()}
    return {"planted": count, "found": round(1 - missed.total() / count, 4), "missed by kind": kinds}


def measured(detector: str, count: int, seed: int) -> dict[str, Any]:
    found = rates(detector, count, seed)
    return {
        "planted": found.planted.total(),
        "found": round(found.recall, 4),
        "clean": found.clean.total(),
        "flagged": round(found.false_alarms, 4),
        "missed by kind": {k: f"{found.missed[k]} of {n}" for k, n in found.planted.items()},
        "flagged by kind": {k: f"{found.flagged[k]} of {n}" for k, n in found.clean.items()},
    }


def probes(count: int, samples: int, seed: int) -> dict[str, Any]:
    """The share of leaking and of honest lessons that give their test away to the embedded base model."""
    room = Bench(open_local(resolved(load_config(None))))
    told: dict[str, Any] = {"samples": samples}
    groups: dict[str, Iterable[Any]] = {
        **{plant.__name__: leaking(count, seed, [plant]) for plant in LEAKS},
        "honest": honest(count * 4, seed),
    }
    for kind, cases in groups.items():
        episodes = [episode(c.text, c.own, c.test) for c in cases]
        some = probed(room, episodes, Plan(len(episodes), samples), seed)
        told[kind] = {
            "lessons": len(some),
            "chosen": sum(p.right for p in some) / max(1, sum(p.samples for p in some)),
            "chosen after the worked solution": sum(p.usual for p in some) / max(1, sum(p.samples for p in some)),
            "given away": sum(map(given_away, some)) / max(1, len(some)),
        }
        print(kind, told[kind], file=sys.stderr)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="planted ones; twice as many are clean")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--probe", type=int, default=0, metavar="N", help="lessons of each way to leak")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    told: dict[str, Any] = {name: measured(name, given.cases, given.seed) for name in DETECTORS}
    told["leak, ways not seen before"] = unseen(given.cases, given.seed)
    if given.probe:
        told["hint"] = probes(given.probe, given.samples, given.seed)
    print(json.dumps(told) if given.json else "\n".join(f"{k}: {json.dumps(v, indent=2)}" for k, v in told.items()))


if __name__ == "__main__":
    main()
