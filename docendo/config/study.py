"""The tables of a study's file: which arms, in which regimes, at what budget."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from docendo.config.fields import Positive
from docendo.parts import ConfigModel

__all__ = ["CustomArmConfig", "FileName", "RegimeConfig", "StudyConfig"]

FileName = Annotated[str, Field(pattern=r"\A[a-z0-9]+([_-][a-z0-9]+)*\z", max_length=60)]
"""The name of a regime or an arm, which is part of a file's name."""
_MAX_SEED = 10_000


class RegimeConfig(ConfigModel):
    settings: list[str] = []
    """Settings of every arm, as in --set. `domains.*.solutions=32` sets it for every
    domain."""
    arms: dict[str, list[str]] = {}
    """Further settings of single arms, and of arms that are tuned like them."""
    only: list[str] = []
    """The arms that are compared in it, in any order. Empty: all of the study."""
    experts: Literal["trained", "given"] = "trained"
    """Where experts come from. "trained": stage 1 counts against every budget. "given": stage
    1 is done once per seed, outside every budget, and all arms start from its adapters."""
    may_travel: list[Literal["solutions", "lessons", "labels"]] = [
        "solutions",
        "lessons",
        "labels",
    ]
    """What agents may learn from of domains that are not their own. Arms that need more are
    refused."""
    yardsticks: list[str] = []
    """Arms that may learn from everything all the same, such as joint training."""


class CustomArmConfig(ConfigModel):
    like: str = "teaching"
    """Arm that it starts from, tuned settings included."""
    settings: list[str]
    """Settings that differ from that arm, as in --set."""


class StudyConfig(ConfigModel):
    config: str
    """File of the league: the arm "teaching", from which all other arms are derived."""
    budget: Annotated[float, Field(gt=0)]
    """Compute of each training in floating-point operations, without evaluations."""
    seeds: int | list[int] = 5
    """Trainings per arm and regime: a number (seeds 0, 1, ...) or a list of seeds."""
    eval_points: Positive = 8
    """Number of evaluations during a training, at equal shares of the budget."""
    eval_problems: Positive = 24
    """Held-out problems per domain at each of these evaluations."""
    test_problems: Positive = 96
    """Held-out problems per domain at the end."""
    regimes: Annotated[dict[FileName, RegimeConfig], Field(min_length=1)] = {
        "all": RegimeConfig()
    }
    """Data conditions, by name. All arms are compared within each."""
    arms: list[str] = []
    """Names of the arms, in order. Empty: all. Custom arms are always included."""
    ood_families: dict[str, dict[str, list[int]]] = {}
    """Levels of families, by domain, that no agent trains on. All agents are tested on them
    at the end."""
    search_space: dict[str, list[list[str]]] = {}
    """Candidates for tuning, by arm: each is a list of settings as in --set. They are
    compared on separate held-out problems."""
    tuning_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the budget for each tuning trial."""
    custom_arms: dict[FileName, CustomArmConfig] = {}
    """Your own arms, by name."""

    earlier: list[str] = []
    """Folders of finished studies. None of their seeds may be one here, and a seed's difference
    is taken to vary as it did there."""
    seed_deviation: Annotated[float, Field(gt=0)] | None = None
    """Standard deviation of a seed's difference between two arms, in percentage points.
    Default: as in the earlier studies."""

    @field_validator("seeds", mode="before")
    @classmethod
    def _check_seeds(cls, seeds: Any) -> Any:
        lowest = 0 if isinstance(seeds, list) else 1
        numbers = seeds if isinstance(seeds, list) else [seeds]
        # type(), since True is an int too
        valid = all(type(n) is int and lowest <= n <= _MAX_SEED for n in numbers)
        if not (valid and numbers and len(numbers) == len(set(numbers))):
            raise ValueError(
                f"got {seeds!r}, expected how many, 1 to {_MAX_SEED}, or a list of seeds, "
                "each once"
            )
        return seeds

    @property
    def each_seed(self) -> Sequence[int]:
        """The seeds, in order."""
        return range(self.seeds) if isinstance(self.seeds, int) else self.seeds
