"""The tables of a study's file: which arms, in which regimes, at what budget."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator

from docendo.config.fields import Positive
from docendo.parts import ConfigModel

__all__ = ["CustomArmConfig", "FileName", "RegimeConfig", "StudyConfig"]

FileName = Annotated[str, Field(pattern=r"\A[a-z0-9]+([_-][a-z0-9]+)*\z", max_length=60)]
"""The name of a regime or an arm, which is part of a file's name."""
_MAX_SEED = 10_000


class RegimeConfig(ConfigModel):
    settings: list[str] = []
    """Settings of every arm, each as in --set; domains.*.solutions=32 is one for every domain."""
    arms: dict[str, list[str]] = {}
    """Further settings of single arms, and of the arms that are tuned like them."""


class CustomArmConfig(ConfigModel):
    like: str = "teaching"
    """The arm it differs from, whose tuned settings it takes."""
    settings: list[str]
    """What differs, each as in --set."""


class StudyConfig(ConfigModel):
    config: str
    """The league: the settings of the arm "teaching", from which all other arms are made."""
    budget: Annotated[float, Field(gt=0)]
    """Floating-point operations of each training, evaluation apart."""
    seeds: int | list[int] = 5
    """Trainings of each arm in each regime: a number (seeds 0, 1, ...), or a list of seeds."""
    eval_points: Positive = 8
    """Evaluations on the way, at equal shares of the budget."""
    eval_problems: Positive = 24
    """Held-out problems of each domain at each of these evaluations."""
    test_problems: Positive = 96
    """Held-out problems of each domain at the end."""
    regimes: Annotated[dict[FileName, RegimeConfig], Field(min_length=1)] = {
        "all": RegimeConfig()
    }
    arms: list[str] = []
    """The arms in order; empty: all there are. Custom arms are always among them."""
    ood_families: dict[str, dict[str, list[int]]] = {}
    """Levels of families, by domain, that no agent trains on; all are tested on them at the end."""
    search_space: dict[str, list[list[str]]] = {}
    """Settings to choose from on held-out problems of no test, by arm, each a list as in --set."""
    tuning_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the budget that each of these choices is tried with."""
    custom_arms: dict[FileName, CustomArmConfig] = {}
    """Further arms."""

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
