"""How often the 95 % intervals of a study hold what is true, on trainings whose truth is known.

``python benchmarks/coverage.py [TRIALS]``. Two arms answer problems by chance: log-odds are the arm's, plus what the
seed does to both arms, plus what it does to one (`spread`), plus the problem's difficulty. A miss is an interval of the
difference of means that does not hold the difference over endless seeds and problems; a false claim is an interval
above or below 0 where both arms are the same.
"""

import sys
from math import sqrt

import numpy as np

from docendo.study.bootstrap import Bootstrap
from docendo.study.results import ArmResult, Cost, Scores, TrainingSetup

FAMILIES: dict[str, tuple[str, ...]] = {
    "letters": ("flip", "turn"),
    "numbers": ("sums", "primes"),
}
PROBLEMS, SAMPLES = 24, 1000
SETUP = TrainingSetup(commit="", model="coin", agents=("a", "b"), domains=FAMILIES)
ARMS = {"better": 0.5, "plain": 0.0}
Hardness = np.ndarray


def training(
    arm: str, seed: int, level: float, hardness: Hardness, rng: np.random.Generator
) -> ArmResult:
    """Two agents whose answers are drawn."""
    names = [
        f"{domain}/{family}" for domain, families in FAMILIES.items() for family in families
    ]
    keys = {
        agent: {
            name: "".join(
                map(str, (rng.random(PROBLEMS) < sigmoid(level + hard)).astype(int))
            )
            for name, hard in zip(names, hardness, strict=True)
        }
        for agent in SETUP.agents
    }
    return ArmResult(
        regime="coins",
        arm=arm,
        seed=seed,
        setup=SETUP,
        cost=Cost(budget=1, spent=1),
        scores=Scores(test=keys),
    )


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def truth(spread: float) -> float:
    """The difference over endless seeds and problems; all effects are normal, so their variances add."""
    z = np.linspace(-8, 8, 4001)
    weight = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    better, plain = (
        float(weight @ sigmoid(level + z * sqrt(1 + 0.3**2 + spread**2)))
        for level in ARMS.values()
    )
    return better - plain


def trial(seeds: int, spread: float, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether the interval missed the truth, and whether one between equal arms was not around 0."""
    arms: dict[str, dict[int, ArmResult]] = {"better": {}, "plain": {}, "same": {}}
    for seed in range(seeds):
        hardness, shared = rng.normal(size=(4, PROBLEMS)), 0.3 * rng.normal()
        for name, found in arms.items():
            level = ARMS.get(name, 0.0) + shared + spread * rng.normal()
            found[seed] = training(name, seed, level, hardness, rng)
    boot = Bootstrap(arms, SAMPLES)
    real, none = (boot.difference(name, "plain", "mean") for name in ("better", "same"))
    if (
        real is None
        or none is None
        or real.estimate.low is None
        or none.estimate.low is None
    ):
        raise RuntimeError("arms that share seeds have no difference")
    low, high = real.estimate[1:3]
    return not low <= truth(spread) <= high, not none.estimate.low <= 0 <= (
        none.estimate.high or 0
    )


def main() -> None:
    """One line per number of seeds and spread."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print("seeds spread  trials  missed        false claims")
    for spread in (0.1, 0.5):
        for seeds in (1, 2, 3, 5, 10):
            rng = np.random.default_rng(seeds)
            found = np.array([trial(seeds, spread, rng) for _ in range(trials)])
            missed, false = found.sum(0)
            print(
                f"{seeds:5} {spread:6}  {trials:6}  {missed:4} {missed / trials:6.1%}  {false:5} {false / trials:6.1%}"
            )


if __name__ == "__main__":
    main()
