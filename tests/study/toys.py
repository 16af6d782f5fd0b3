"""Results of trainings that never were."""

from typing import Any

from docendo.study.results import About, Answers, Cost, Result, Scores

TRAINED = {"letters": ("flip", "turn"), "numbers": ("sums",)}


def answers(agents: tuple[str, ...] = ("a", "b"), **families: str) -> Answers:
    """The same answer keys for every agent; ``letters_flip`` stands for ``letters/flip``."""
    return {agent: {name.replace("_", "/"): key for name, key in families.items()} for agent in agents}


def about(agents: tuple[str, ...] = ("a", "b"), **given: Any) -> About:
    expert_of = dict(zip(agents, (("letters",), ("numbers",)), strict=False))
    return About(
        **{"commit": "abc1234", "model": "nano", "agents": agents, "domains": TRAINED, "expert_of": expert_of} | given
    )


def result(arm: str = "teaching", seed: int = 0, test: Answers | None = None, **given: Any) -> Result:
    """One training with as many agents as there are in `test`."""
    test = test or answers(letters_flip="0011", letters_turn="0001", numbers_sums="01")
    scores = Scores(**{"test": test} | {k: given.pop(k) for k in ("lesson", "outside", "start", "vote") if k in given})
    made: dict[str, Any] = {"about": about(tuple(test)), "cost": Cost(budget=100.0, spent=90.0)}
    return Result(**{"regime": "scarce", "arm": arm, "seed": seed, "scores": scores} | made | given)
