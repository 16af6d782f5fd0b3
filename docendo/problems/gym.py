"""Tasks of reasoning-gym as problems: a family is a task, its levels are those of the task's own curriculum.

Every task and level is one long data set of which items are drawn by number. Data sets of neighbouring seeds share all
but one item, so there is one seed only. `gym.toml` says which tasks are taken, and how each is graded;
`benchmarks/gym.py` writes it, from measurements and from a reading of every scorer.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from random import Random
from typing import Any, NamedTuple

from docendo.datasets.split import split_of
from docendo.errors import RunError, UserError, suggestion
from docendo.graders.answer import final_answer
from docendo.interfaces import Grader, Source, Split
from docendo.records import Problem, Verdict

__all__ = [
    "VERSION",
    "GymGrader",
    "GymItem",
    "GymSource",
    "GymTask",
    "load_gym",
    "rejected_tasks",
    "sound_tasks",
]

VERSION = "0.1.25"
"""Of reasoning-gym, for which the list of tasks holds: another one makes other problems."""
_MADE_BY = f"reasoning-gym {VERSION}"
_SOURCE = re.compile(rf"{re.escape(_MADE_BY)}/(\w+)/(\d+):(\d+)")
_PATIENCE = 300
"""Items in a row without a new problem, after which a task counts as exhausted."""
_LONGEST_ANSWER = 200
_RIGHT = 0.99
"""Own scorers give parts of a point; a right answer has at least so much."""
_ITEMS = {"gsm_symbolic": 100_000, "list_functions": 100_000}
"""Of tasks whose data set is laid out in advance; others are as good as endless."""


class GymTask(NamedTuple):
    graded: str
    """exact: it has one right answer, compared as text; scored: by the task's own scorer."""
    levels: int


@dataclass(frozen=True, slots=True)
class GymItem:
    """Where a problem stands in reasoning-gym."""

    task: str
    level: int
    number: int

    def __str__(self) -> str:
        return f"{_MADE_BY}/{self.task}/{self.level}:{self.number}"

    def entry(self) -> dict[str, Any]:
        """The item with its question, its answer and what its scorer needs."""
        made: dict[str, Any] = deepcopy(_entry(self))
        return made

    def score(self, answer: str) -> float:
        """Of an answer, by the task's own scorer."""
        return float(_data(self.task, self.level).score_answer(answer, self.entry()))


def sound_tasks() -> Mapping[str, GymTask]:
    """The tasks whose grading is sound."""
    return {name: GymTask(**fields) for name, fields in _table()["tasks"].items()}


def rejected_tasks() -> Mapping[str, str]:
    """The other tasks, with the reason."""
    found: dict[str, str] = _table()["refused"]
    return found


def load_gym(names: Sequence[str], domain: str) -> Source:
    """Problems of some tasks. Raises UseError for a task that there is not or whose grading is not sound, and where
    reasoning-gym is missing or has another version."""
    known, bad = sound_tasks(), rejected_tasks()
    for name in names:
        if name in bad:
            raise UserError(f"reasoning-gym's task {name!r} is not taken: {bad[name]}")
        if name not in known:
            raise UserError(f"reasoning-gym has no task {name!r}{suggestion(name, known)}")
    try:
        found = version("reasoning-gym")
    except PackageNotFoundError as error:
        raise UserError(
            f"its tasks need reasoning-gym; install it with: pip install reasoning-gym=={VERSION}"
        ) from error
    if found != VERSION:
        raise UserError(
            f"its tasks were checked with reasoning-gym {VERSION}, not {found}; pip install the former"
        )
    return GymSource(domain, {name: known[name] for name in names})


@dataclass(frozen=True)
class GymSource:
    """A source; it has few worked solutions to learn from, since most tasks give nothing but the answer."""

    domain: str
    tasks: Mapping[str, GymTask]

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        return {name: range(1, task.levels + 1) for name, task in self.tasks.items()}

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems. Raises UseError for an unknown task or level, or one that has fewer."""
        if family not in self.tasks:
            raise UserError(
                f"{self.domain} has no family {family!r}{suggestion(family, self.tasks)}"
            )
        if level not in self.levels[family]:
            raise UserError(
                f"{self.domain}/{family} has levels 1 to {self.tasks[family].levels}, got {level}"
            )
        rng, found, idle = Random(seed), dict[str, Problem](), 0
        while len(found) < count and idle < _PATIENCE:
            idle += 1
            problem = self._problem(
                GymItem(family, level, rng.randrange(_ITEMS.get(family, 2**31 - 1)))
            )
            if problem and split_of(problem) == split and problem.key not in found:
                found[problem.key], idle = problem, 0
        if len(found) < count:
            raise UserError(
                f"{self.domain}/{family} level {level} has only {len(found)} {split} problems, not {count}"
            )
        return list(found.values())

    def _problem(self, item: GymItem) -> Problem | None:
        """None for an item that cannot be made, or whose answer is too long to be graded."""
        try:
            entry = _entry(item)
        except (ArithmeticError, AssertionError, LookupError, RuntimeError, ValueError):
            return None
        answer = str(entry["answer"] or "").strip()
        if not answer or len(answer) > _LONGEST_ANSWER or "\n" in answer:
            return None
        return Problem(
            self.domain,
            item.task,
            item.level,
            entry["question"].strip(),
            answer,
            source=str(item),
        )


@dataclass(frozen=True)
class GymGrader:
    """1 where a problem's own scorer takes the final answer for right, for tasks of reasoning-gym that have several
    right answers; all other problems go through another grader. The item is made again from the problem's source.
    """

    otherwise: Grader

    def __call__(self, problem: Problem, text: str) -> Verdict:
        """Raises RunError where the installed reasoning-gym makes another problem of the same number."""
        item = _item(problem.source)
        if item is None or sound_tasks()[item.task].graded == "exact":
            return self.otherwise(problem, text)
        if item.entry()["question"].strip() != problem.prompt:
            raise RunError(
                f"{problem.source} is another problem here; wanted reasoning-gym {VERSION} and its data"
            )
        answer = (final_answer(text) or "").removesuffix(".").strip(" `")
        if not answer:
            return Verdict(0.0, "no answer")
        if len(answer) > _LONGEST_ANSWER:
            return Verdict(0.0, f"the answer is longer than {_LONGEST_ANSWER} characters")
        if item.score(answer) >= _RIGHT:
            return Verdict(1.0, f"right, says {item.task}'s own scorer")
        return Verdict(0.0, f"{answer!r} is not right, says {item.task}'s own scorer")


def _item(source: str) -> GymItem | None:
    found = _SOURCE.fullmatch(source)
    return (
        GymItem(found[1], int(found[2]), int(found[3]))
        if found and found[1] in sound_tasks()
        else None
    )


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("docendo.problems").joinpath("gym.toml").read_text())


@lru_cache(2048)
def _entry(item: GymItem) -> dict[str, Any]:
    found: dict[str, Any] = _data(item.task, item.level)[item.number]
    return found


@lru_cache(64)
def _data(task: str, level: int) -> Any:
    """A task's data set at a level: of the curriculum its hardest step so far, and none of the easier ones."""
    from reasoning_gym.coaching.base_curriculum import (
        DefaultCurriculumContext,
        RangeAttributeMode,
    )
    from reasoning_gym.factory import CURRICULA, DATASETS

    made, config = DATASETS[task]
    size = {"seed": 0, "size": _ITEMS.get(task, 2**31 - 1)}
    if task not in CURRICULA:
        return made(config=config(**size))
    curriculum = CURRICULA[task]()
    curriculum.set_global_level(level - 1)
    hardest = DefaultCurriculumContext(mode=RangeAttributeMode.UPPER_BOUND)
    return made(config=curriculum.generate_configuration(size, hardest))
