"""Tasks of the reasoning-gym package: which are sound, their items and their scorers.

Every task and level is one long data set, of which items are drawn by number. Data sets of
neighbouring seeds share all but one item, so only seed 0 is used. `reasoning_gym.toml`
lists the sound tasks and how each is graded. `benchmarks/gym.py` writes it from
measurements and from a reading of every scorer.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from docendo.errors import UserError, suggestion

__all__ = [
    "VERSION",
    "GymItem",
    "GymTask",
    "parse_item",
    "rejected_tasks",
    "require_tasks",
    "sound_tasks",
    "task_size",
]

VERSION = "0.1.25"
"""The version of reasoning-gym that the list of tasks holds for; another makes other
problems."""

_PREFIX = f"reasoning-gym {VERSION}"
_SOURCE = re.compile(rf"{re.escape(_PREFIX)}/(\w+)/(\d+):(\d+)")
_DEFAULT_SIZE = 2**31 - 1
_SIZES = {"gsm_symbolic": 100_000, "list_functions": 100_000}
"""Sizes of the tasks whose data set is laid out in advance; other tasks are practically
endless."""


class GymTask(NamedTuple):
    graded: Literal["exact", "scored"]
    """exact: one right answer, compared as text; scored: by the task's own scorer."""
    levels: int


@dataclass(frozen=True, slots=True)
class GymItem:
    """The place of a problem in reasoning-gym."""

    task: str
    level: int
    number: int

    def __str__(self) -> str:
        return f"{_PREFIX}/{self.task}/{self.level}:{self.number}"

    def entry(self) -> dict[str, Any]:
        """A copy of the item: its question, its answer and what its scorer needs."""
        # Scorers may write into an entry, so the cached one is never handed out.
        entry: dict[str, Any] = deepcopy(_read_entry(self))
        return entry

    def score(self, answer: str) -> float:
        """The score of an answer by the task's own scorer."""
        return float(_load_data(self.task, self.level).score_answer(answer, self.entry()))


def parse_item(source: str) -> GymItem | None:
    """The item that a problem's `source` names; None for a problem of another source."""
    # The version is part of it: another version has another problem at this place.
    match = _SOURCE.fullmatch(source)
    if match is None or match[1] not in sound_tasks():
        return None
    return GymItem(match[1], int(match[2]), int(match[3]))


def sound_tasks() -> Mapping[str, GymTask]:
    """The tasks whose grading is sound, by name."""
    return {name: GymTask(**fields) for name, fields in _read_table()["tasks"].items()}


def rejected_tasks() -> Mapping[str, str]:
    """The other tasks, each with the reason why it is rejected."""
    reasons: dict[str, str] = _read_table()["refused"]
    return reasons


def task_size(task: str) -> int:
    """How many items a task has."""
    return _SIZES.get(task, _DEFAULT_SIZE)


def require_tasks(names: Sequence[str]) -> Mapping[str, GymTask]:
    """The tasks with these names.

    Raises UserError for an unknown or rejected task, and where reasoning-gym is not
    installed or has another version.
    """
    tasks = sound_tasks()
    rejected = rejected_tasks()
    for name in names:
        if name in rejected:
            raise UserError(f"reasoning-gym's task {name!r} is rejected: {rejected[name]}")
        if name not in tasks:
            raise UserError(f"reasoning-gym has no task {name!r}{suggestion(name, tasks)}")
    _check_version()
    return {name: tasks[name] for name in names}


def _check_version() -> None:
    try:
        installed = version("reasoning-gym")
    except PackageNotFoundError as error:
        raise UserError(
            f"its tasks need reasoning-gym; install it with: pip install reasoning-gym=={VERSION}"
        ) from error
    if installed != VERSION:
        raise UserError(
            f"its tasks were checked with reasoning-gym {VERSION}, not {installed}; "
            f"install it with: pip install reasoning-gym=={VERSION}"
        )


@cache
def _read_table() -> Mapping[str, Any]:
    return tomllib.loads(
        files("docendo.datasets").joinpath("reasoning_gym.toml").read_text()
    )


@lru_cache(2048)
def _read_entry(item: GymItem) -> dict[str, Any]:
    entry: dict[str, Any] = _load_data(item.task, item.level)[item.number]
    return entry


@lru_cache(64)
def _load_data(task: str, level: int) -> Any:
    """The data set of a task at a level, without the easier levels."""
    from reasoning_gym.coaching.base_curriculum import (
        DefaultCurriculumContext,
        RangeAttributeMode,
    )
    from reasoning_gym.factory import CURRICULA, DATASETS

    make_dataset, make_config = DATASETS[task]
    settings = {"seed": 0, "size": task_size(task)}
    if task not in CURRICULA:
        return make_dataset(config=make_config(**settings))

    # The upper bound alone: by default a level holds all easier ones too.
    curriculum = CURRICULA[task]()
    curriculum.set_global_level(level - 1)
    hardest = DefaultCurriculumContext(mode=RangeAttributeMode.UPPER_BOUND)
    return make_dataset(config=curriculum.generate_configuration(settings, hardest))
