"""How often the alarms are right: `python benchmarks/hacking.py --json`.

Planted and honest cases of every detector, by kind; with --probe also how often the frozen base model tells leaking
lessons from honest ones without seeing the question, at several numbers of samples.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the planters are the tests'

from docendo.alarms.probe import Plan, Probed, given_away, probed
from docendo.build import open_local, resolved
from docendo.config import load_config
from docendo.records import Episode
from tests.alarms.planters import LEAKS, episode, honest, leaking
from tests.alarms.rates import DETECTORS, rates


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
    engine = open_local(resolved(load_config(None)))
    told: dict[str, Any] = {}
    groups: dict[str, Iterable[Any]] = {
        **{plant.__name__: leaking(count, seed, [plant]) for plant in LEAKS},
        "honest": honest(count * 4, seed),
    }
    found: dict[str, list[Probed]] = {}
    for kind, cases in groups.items():
        episodes: list[Episode] = [episode(c.text, c.own, c.test) for c in cases]
        # tests of one kind for each other: chance is what answers fit that were not meant
        found[kind] = probed(engine, episodes, Plan(len(episodes), samples), seed)
    everything = [p for some in found.values() for p in some]
    chance = (sum(p.others for p in everything) + 0.5) / (sum(p.tried for p in everything) + 1)
    for kind, some in found.items():
        told[kind] = {
            "lessons": len(some),
            "right": sum(p.right for p in some) / max(1, sum(p.samples for p in some)),
            "given away": sum(given_away(p, chance) for p in some) / max(1, len(some)),
        }
    return {"samples": samples, "chance": chance, **told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="planted ones; twice as many are clean")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--probe", type=int, default=0, metavar="N", help="lessons of each way to leak")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    told: dict[str, Any] = {name: measured(name, given.cases, given.seed) for name in DETECTORS}
    if given.probe:
        told["hint"] = probes(given.probe, given.samples, given.seed)
    print(json.dumps(told) if given.json else "\n".join(f"{k}: {json.dumps(v, indent=2)}" for k, v in told.items()))


if __name__ == "__main__":
    main()
