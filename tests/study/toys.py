"""Results of trainings that never were."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docendo.study.result_files import write_result
from docendo.study.results import (
    AnswerKeys,
    ArmResult,
    Cost,
    CurvePoint,
    LessonGain,
    Scores,
    TrainingSetup,
    TrainingTrace,
)

TRAINED = {"letters": ("flip", "turn"), "numbers": ("sums",)}


def answers(agents: tuple[str, ...] = ("a", "b"), **families: str) -> AnswerKeys:
    """The same answer keys for every agent; ``letters_flip`` stands for ``letters/flip``."""
    return {
        agent: {name.replace("_", "/"): key for name, key in families.items()}
        for agent in agents
    }


def about(agents: tuple[str, ...] = ("a", "b"), **given: Any) -> TrainingSetup:
    expert_domains = dict(zip(agents, (("letters",), ("numbers",)), strict=False))
    return TrainingSetup(
        **{
            "commit": "abc1234",
            "model": "nano",
            "agents": agents,
            "domains": TRAINED,
            "expert_domains": expert_domains,
        }
        | given
    )


def result(
    arm: str = "teaching", seed: int = 0, test: AnswerKeys | None = None, **given: Any
) -> ArmResult:
    """One training with as many agents as there are in `test`."""
    test = test or answers(letters_flip="0011", letters_turn="0001", numbers_sums="01")
    scores = Scores(
        **{"test": test}
        | {
            k: given.pop(k)
            for k in ("with_lesson", "ood", "after_experts", "vote")
            if k in given
        }
    )
    made: dict[str, Any] = {
        "setup": about(tuple(test)),
        "cost": Cost(budget=100.0, spent=90.0),
    }
    return ArmResult(
        **{"regime": "scarce", "arm": arm, "seed": seed, "scores": scores} | made | given
    )


def toy_study(
    folder: Path, seeds: int = 3, regimes: Sequence[str] = ("scarce", "plenty")
) -> Path:
    """A whole study of invented numbers in `folder`: teaching is best in `scarce` and worst in any other regime."""
    for regime in regimes:
        for place, arm in enumerate(ARMS):
            for seed in range(seeds):
                write_result(
                    folder,
                    invented(
                        regime, arm, seed, np.random.default_rng([len(regime), place, seed])
                    ),
                )
    return folder


ARMS = (
    "teaching",
    "joint-rl",
    "experts",
    "single-agent",
    "no-gate",
    "no-notes",
    "random-teacher",
    "solo-practice",
)
_LEVEL = {
    "teaching": 1.0,
    "joint-rl": 0.4,
    "experts": -0.6,
    "single-agent": 0.3,
    "no-gate": 0.8,
    "no-notes": 0.1,
}
_PURPOSES = ("experts", "control", "lesson", "attempt", "policy", "imitation")


def invented(regime: str, arm: str, seed: int, rng: np.random.Generator) -> ArmResult:
    """One training with everything that a result can hold."""
    agents = ("one",) if arm == "single-agent" else ("ada", "emmy", "rosalind")
    level = _LEVEL.get(arm, 0.0) * (1 if regime == "scarce" else -0.5) + rng.normal(0, 0.1)
    families = [f"{d}/{f}" for d, of in TRAINED.items() for f in of]

    def drawn(shift: float, names: Sequence[str]) -> AnswerKeys:
        share = 1 / (1 + np.exp(-level - shift))
        return {
            a: {n: "".join("01"[int(x)] for x in rng.random(40) < share) for n in names}
            for a in agents
        }

    test, spent = drawn(0.0, families), 1e13 * float(rng.uniform(0.99, 1.02))
    steps = [spent * i / 8 for i in range(9)]
    rise = [1 / (1 + np.exp(-(level + 3) * i / 8 + 3)) for i in range(9)]
    taught = arm in {"teaching", "no-gate", "no-notes"}
    pairs = [(t, s) for t in agents for s in agents if t != s] if taught else []
    lessons = [
        LessonGain(
            flops=x,
            teacher=t,
            student=s,
            gain=float(rng.normal(0.15 - 0.01 * i, 0.1)),
            lessons=int(rng.integers(5, 30)),
        )
        for i, x in enumerate(steps[1:])
        for t, s in pairs
    ]
    share = [(x, float(rng.uniform(0.3, 0.6))) for x in steps[1:]]
    purposes = _PURPOSES if taught else ("experts", "policy")
    return ArmResult(
        regime=regime,
        arm=arm,
        seed=seed,
        setup=about(
            agents,
            expert_domains={"ada": ("letters",), "emmy": ("numbers",)}
            if len(agents) > 1
            else {},
            settings={"policy_lr": 1e-3, "matches": 6.0},
        ),
        cost=Cost(
            budget=1e13,
            spent=spent,
            tuning=4e12,
            evaluation=1e12,
            seconds=300 + seed,
            ledger={p: spent / len(purposes) for p in purposes},
        ),
        curve=[
            CurvePoint(
                flops=x, accuracy={a: {d: float(y) for d in TRAINED} for a in agents}
            )
            for x, y in zip(steps, rise, strict=True)
        ],
        scores=Scores(
            test=test,
            with_lesson=drawn(0.4, families),
            ood=drawn(-0.8, ["letters/sort", "music/notes"]),
            after_experts=drawn(-0.4, families) if taught else {},
            vote=next(iter(drawn(0.3, families).values())),
        ),
        trace=TrainingTrace(
            nonzero_variance=share,
            lesson_gains=lessons,
            gate_passed=share if taught else (),
            cyclic_share=share if arm == "teaching" else (),
        ),
    )
