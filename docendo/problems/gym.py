"""Problems from reasoning-gym: a family is a task, with the levels of its curriculum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any

from pydantic import Field

from docendo.datasets.reasoning_gym import (
    GymItem,
    GymTask,
    require_tasks,
    task_size,
)
from docendo.interfaces import Source, Split
from docendo.parts import PartConfig
from docendo.problems.distinct import draw_distinct, require_level
from docendo.records import Problem

__all__ = ["GymAskerConfig", "GymSource", "load_gym"]

_PATIENCE = 300
"""Items in a row without a new problem, after which a task counts as exhausted."""
_MAX_ANSWER = 200


def load_gym(names: Sequence[str], domain: str) -> Source:
    """Problems of some tasks. Raises UserError as `require_tasks` does."""
    return GymSource(domain, require_tasks(names))


@dataclass(frozen=True)
class GymSource:
    """Problems of some tasks, drawn by number.

    Most have an answer but no worked solution.
    """

    domain: str
    tasks: Mapping[str, GymTask]

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        return {name: range(1, task.levels + 1) for name, task in self.tasks.items()}

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems.

        Raises UserError for an unknown task or level, and for a task that has fewer
        problems.
        """
        require_level(self, family, level)
        # tasks are numbered, and cannot be asked how many different items they have
        rng = Random(seed)
        size = task_size(family)
        return draw_distinct(
            lambda: self._read_problem(GymItem(family, level, rng.randrange(size))),
            count=count,
            split=split,
            patience=_PATIENCE,
            place=f"{self.domain}/{family} level {level}",
        )

    def _read_problem(self, item: GymItem) -> Problem | None:
        """None for an item that cannot be made, or whose answer is too long to be graded."""
        try:
            entry = item.entry()
        except (ArithmeticError, AssertionError, LookupError, RuntimeError, ValueError):
            # the library's own errors: some tasks fail at some numbers
            return None

        # an answer of several lines could not stand behind a last line `Answer: `
        answer = str(entry["answer"] or "").strip()
        if not answer or len(answer) > _MAX_ANSWER or "\n" in answer:
            return None
        return Problem(
            domain=self.domain,
            family=item.task,
            level=item.level,
            prompt=entry["question"].strip(),
            answer=answer,
            source=str(item),
        )


class GymAskerConfig(PartConfig):
    """Tasks of reasoning-gym, one family each."""

    type: str = "gym"
    tasks: Annotated[list[str], Field(min_length=1)]
    """Names of tasks of reasoning-gym."""

    def build(self, context: Any = None) -> Source:
        return load_gym(self.tasks, context.domain)
