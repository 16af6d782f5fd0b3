"""The table of a study: its seeds, and names that become file names."""

from typing import Any

import pytest
from pydantic import ValidationError

from docendo.config.study import CustomArmConfig, RegimeConfig, StudyConfig


def study(**settings: Any) -> StudyConfig:
    return StudyConfig(config="league.toml", budget=1e9, **settings)


def test_seeds_are_a_number_or_a_list() -> None:
    assert list(study(seeds=3).each_seed) == [0, 1, 2]
    assert list(study(seeds=[7, 5]).each_seed) == [7, 5]


@pytest.mark.parametrize("seeds", [0, -1, True, 10_001, [], [1, 1], [-1], [True], ["1"]])
def test_seeds_that_are_no_seeds_are_refused(seeds: Any) -> None:
    with pytest.raises(ValidationError, match="expected how many, 1 to 10000, or a list"):
        study(seeds=seeds)


@pytest.mark.parametrize("name", ["Few", "a b", "a/b", "-a", "a--b", "", "x" * 61])
def test_names_of_regimes_and_arms_can_be_file_names(name: str) -> None:
    with pytest.raises(ValidationError, match=r"pattern|at most 60"):
        study(regimes={name: RegimeConfig()})
    with pytest.raises(ValidationError, match=r"pattern|at most 60"):
        study(custom_arms={name: CustomArmConfig(settings=[])})


def test_a_study_has_at_least_one_regime() -> None:
    assert list(study().regimes) == ["all"]
    with pytest.raises(ValidationError, match="at least 1 item"):
        study(regimes={})
