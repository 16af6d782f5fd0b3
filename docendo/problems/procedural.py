"""Problems made by programs: a family is a function that drafts a problem of a level."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from docendo.errors import RunError
from docendo.interfaces import Split
from docendo.problems.distinct import draw_distinct, require_level
from docendo.records import Problem

__all__ = ["LEVELS", "Draft", "DraftFunction", "ProceduralSource", "draft_with_steps"]

LEVELS = (1, 2, 3, 4, 5)
_PATIENCE = 5000
"""Drafts in a row without a new problem, after which a family counts as exhausted."""


class Draft(NamedTuple):
    """What a family's function returns."""

    prompt: str
    answer: str
    solution: str
    """Short reasoning, then a last line ``Answer: ...`` with exactly `answer`."""
    tests: tuple[str, ...] = ()


DraftFunction = Callable[[Random, int], Draft]
"""A family: from a random generator and a level in 1 to 5 to a draft."""


def draft_with_steps(
    prompt: str, answer: object, steps: Iterable[str], tests: tuple[str, ...] = ()
) -> Draft:
    """A draft whose solution is `steps`, a line each, and then the line ``Answer: ...``."""
    return Draft(prompt, str(answer), "\n".join((*steps, f"Answer: {answer}")), tests)


@dataclass(frozen=True)
class ProceduralSource:
    """A domain whose families are functions; every family has levels 1 to 5."""

    domain: str
    families: Mapping[str, DraftFunction]
    source: str = "docendo"
    """What its problems name as their source."""

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        return dict.fromkeys(self.families, LEVELS)

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems.

        Raises UserError for an unknown family or level, and for a family that is too small.
        """
        require_level(self, family, level)
        # one generator for all drafts: the same seed gives the same problems, in the same order
        rng = Random(seed)

        def propose() -> Problem:
            draft = self._draft(family, level, rng, seed)
            return Problem(self.domain, family, level, *draft, source=self.source)

        return draw_distinct(
            propose,
            count=count,
            split=split,
            patience=_PATIENCE,
            place=f"{self.domain}/{family} level {level}",
        )

    def _draft(self, family: str, level: int, rng: Random, seed: int) -> Draft:
        try:
            return self.families[family](rng, level)
        except RunError as error:
            # from a user's function, which its author finds again by level and seed
            place = f"at {self.domain}/{family}, level {level}, seed {seed}"
            raise RunError(f"{error} ({place})") from error
