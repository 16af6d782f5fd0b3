"""The tables of a study: which arms, in which regimes, at what budget."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator

from docendo.config.fields import Positive
from docendo.parts import ConfigModel

__all__ = ["CustomArmConfig", "FileName", "RegimeConfig", "StudyConfig"]

FileName = Annotated[str, Field(pattern=r"\A[a-z0-9]+([_-][a-z0-9]+)*\z", max_length=60)]
"""Of a regime or an arm, which is part of a file's name."""
_MOST = 10_000


class RegimeConfig(ConfigModel):
    settings: list[str] = []
    """Of every arm, each as in --set; domains.*.solutions=32 is one for every domain."""
    arms: dict[str, list[str]] = {}
    """More settings of single arms, and of the arms that are like them."""


class CustomArmConfig(ConfigModel):
    like: str = "teaching"
    """The arm that it differs from, whose tuned settings it takes."""
    settings: list[str]
    """What differs, each as in --set."""


class StudyConfig(ConfigModel):
    config: str
    """The league: the settings of the arm "teaching", from which all others are made."""
    budget: Annotated[float, Field(gt=0)]
    """Floating-point operations of each training, evaluation apart."""
    seeds: int | list[int] = 5
    """Trainings of each arm in each regime: that many, 0, 1, ..., or those of a list."""
    points: Positive = 8
    """Looks at the held-out problems on the way."""
    looked: Positive = 24
    """Held-out problems of each domain at each of these looks."""
    problems: Positive = 96
    """Held-out problems of each domain at the end."""
    regimes: Annotated[dict[FileName, RegimeConfig], Field(min_length=1)] = {
        "all": RegimeConfig()
    }
    arms: list[str] = []
    """Empty: all there are, in this order. Own arms are always among them."""
    outside: dict[str, dict[str, list[int]]] = {}
    """Levels of families, by domain, that nobody is trained on and everybody is examined in at the end."""
    grids: dict[str, list[list[str]]] = {}
    """Settings to choose from on other held-out problems, by arm, each a list as in --set."""
    tuning: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the budget that each of these choices is tried with."""
    own: dict[FileName, CustomArmConfig] = {}
    """Further arms."""

    @field_validator("seeds", mode="before")
    @classmethod
    def _sound_seeds(cls, seeds: Any) -> Any:
        least, each = (0, seeds) if isinstance(seeds, list) else (1, [seeds])
        sound = all(type(seed) is int and least <= seed <= _MOST for seed in each)
        if not (sound and 0 < len(each) == len(set(each))):
            raise ValueError(
                f"got {seeds!r}, wanted how many, 1 to {_MOST}, or a list of seeds, each once"
            )
        return seeds

    @property
    def each_seed(self) -> Sequence[int]:
        """The seeds, in order."""
        return range(self.seeds) if isinstance(self.seeds, int) else self.seeds
