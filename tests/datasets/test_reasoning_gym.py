"""Tasks of reasoning-gym: which are sound, and that the package is the right one."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError

import pytest

from docendo.datasets import reasoning_gym
from docendo.datasets.reasoning_gym import (
    GymItem,
    parse_item,
    rejected_tasks,
    require_tasks,
    sound_tasks,
)
from docendo.errors import UserError


def test_every_task_either_passes_the_audit_or_is_excluded_with_a_reason() -> None:
    registry = pytest.importorskip("reasoning_gym.factory").DATASETS
    assert set(sound_tasks()) | set(rejected_tasks()) == set(registry)
    assert not set(sound_tasks()) & set(rejected_tasks())
    assert all(rejected_tasks().values())
    assert {task.graded for task in sound_tasks().values()} == {"exact", "scored"}


def test_an_item_can_be_recreated_from_the_source_of_its_problem() -> None:
    item = GymItem("jugs", 2, 17)
    assert str(item) == "reasoning-gym 0.1.25/jugs/2:17"
    assert parse_item(str(item)) == item
    assert parse_item("reasoning-gym 0.1.25/mine/1:2") is None
    assert parse_item("docendo") is None


@pytest.mark.parametrize(
    ("found", "said"), [(None, "pip install reasoning-gym==0.1.25"), ("0.2", "not 0.2")]
)
def test_a_missing_or_other_version_of_reasoning_gym_is_refused(
    found: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasoning_gym, "version", versions(found))
    with pytest.raises(UserError, match=said):
        require_tasks(["chain_sum"])


def versions(found: str | None) -> Callable[[str], str]:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError(name)
        return found

    return version
