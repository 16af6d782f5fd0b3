"""How often the alarms are right: `python benchmarks/hacking.py --json`.

Planted and honest cases of every detector, by kind; with --probe also how often the frozen base model tells leaking
lessons from honest ones without seeing the question.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the planters are the tests'

from docendo.build.backend import open_backend, resolve_config
from docendo.config.load import load_config
from docendo.datasets.file_source import FileSource
from docendo.monitors.answer_leak import find_leak
from docendo.monitors.answer_probe import (
    ProbePlan,
    ProbeRoom,
    gives_answer_away,
    probe_lessons,
)
from docendo.problems.registry import built_in_domains
from docendo.seeds import seed_for
from tests.monitors.planters import capitals, episode, honest, leaking, lesson_of
from tests.monitors.rates import DETECTORS, rates
from tests.monitors.unseen import UNSEEN


def unseen(count: int, seed: int) -> dict[str, Any]:
    """Ways to leak that were written after the detector."""
    planted, missed = Counter[str](), Counter[str]()
    for case in leaking(count, seed, UNSEEN):
        planted[case.kind] += 1
        missed[case.kind] += not find_leak(lesson_of(case.text, case.own), case.test)
    kinds = {k: f"{missed[k]} of {n}" for k, n in planted.items()}
    return {
        "planted": count,
        "found": round(1 - missed.total() / count, 4),
        "missed by kind": kinds,
    }


def measured(detector: str, count: int, seed: int) -> dict[str, Any]:
    found = rates(detector, count, seed)
    return {
        "planted": found.planted.total(),
        "found": round(found.recall, 4),
        "clean": found.clean.total(),
        "flagged": round(found.false_alarms, 4),
        "missed by kind": {
            k: f"{found.missed[k]} of {n}" for k, n in found.planted.items()
        },
        "flagged by kind": {
            k: f"{found.flagged[k]} of {n}" for k, n in found.clean.items()
        },
    }


def probes(count: int, choices: int, seed: int) -> dict[str, Any]:
    """Lessons that give their test away to the embedded base model, by kind, and what it costs to see that."""
    engine = open_backend(resolve_config(load_config(None)))
    room = ProbeRoom(
        engine, {**built_in_domains(), "capitals": FileSource("capitals", capitals())}
    )
    groups = {
        "planted": leaking(count, seed),
        "honest": honest(2 * count, seed),
        "planted, ways not seen before": leaking(count, seed, UNSEEN),
    }
    told: dict[str, Any] = {"choices": choices}
    for name, cases in groups.items():
        made, looked, flagged, either = (
            Counter[str](),
            Counter[str](),
            Counter[str](),
            Counter[str](),
        )
        for i, case in enumerate(cases):
            made[case.kind] += 1
            lesson = episode(case.text, case.own, case.test)
            seen = [
                gives_answer_away(one)
                for one in probe_lessons(
                    room, [lesson], ProbePlan(1, choices), seed_for(seed, name, i)
                )
            ]
            looked[case.kind] += len(seen)
            flagged[case.kind] += sum(seen)
            either[case.kind] += any(seen) or bool(
                find_leak(lesson_of(case.text, case.own), case.test)
            )
        work, total = engine.pop_usage(), looked.total()
        told[name] = {
            "lessons": made.total(),
            "probed": total,
            "flagged": round(flagged.total() / max(1, total), 4),
            "flagged, by this or by answer_leak, of all lessons": round(
                either.total() / made.total(), 4
            ),
            "by kind": {
                kind: f"{flagged[kind]} of {looked[kind]}, {n} in all"
                for kind, n in made.items()
            },
            "tokens a lesson": round(sum(w.tokens for w in work) / max(1, total)),
            "operations a lesson": sum(w.flops for w in work) / max(1, total),
        }
        print(name, told[name], file=sys.stderr)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=int, default=2000, help="planted ones; twice as many are clean"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--probe",
        type=int,
        default=0,
        metavar="N",
        help="lessons with a leak; twice as many are honest",
    )
    parser.add_argument(
        "--choices",
        type=int,
        default=12,
        help="answers that the probe compares",
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    told: dict[str, Any] = {
        name: measured(name, given.cases, given.seed) for name in DETECTORS
    }
    told["answer_leak, ways not seen before"] = unseen(given.cases, given.seed)
    if given.probe:
        told["answer_probe"] = probes(given.probe, given.choices, given.seed)
    print(
        json.dumps(told)
        if given.json
        else "\n".join(f"{k}: {json.dumps(v, indent=2)}" for k, v in told.items())
    )


if __name__ == "__main__":
    main()
