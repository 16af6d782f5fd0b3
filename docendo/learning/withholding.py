"""What imitated lessons leave in the weights: by chance, some students imitate none of a family.

Imitation cannot be undone, and the levels of a family share their method. So a student is drawn for
a whole family and a whole run, and is compared with students that imitated lessons on this family.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from random import Random
from statistics import fmean
from typing import NamedTuple

from docendo.learning.demonstrations import Demonstration, find_useful_lessons
from docendo.records import AgentId, Episode, Problem, mean_score
from docendo.seeds import seed_for
from docendo.statistics import Estimate, stratified_difference

__all__ = ["TaughtFamily", "Withholding", "estimate_effect", "find_taught"]


class TaughtFamily(NamedTuple):
    """A student, and a family on which it was given lessons to imitate, or would have been."""

    student: AgentId
    family: str
    """``domain/family``."""
    is_withheld: bool
    control: float | None
    """Mean score without a lesson, after the first of these lessons; None where never asked."""


@dataclass(frozen=True)
class Withholding:
    """Which students imitate no lesson on which family."""

    fraction: float = 0.0
    """Share of the students, in the mean over families."""
    seed: int = 0
    students: Mapping[str, Sequence[AgentId]] = field(default_factory=dict)
    """By domain: who may be taught."""

    def students_without(self, family: str) -> Sequence[AgentId]:
        """Those who imitate no lesson on ``domain/family``."""
        rng = Random(seed_for(self.seed, "withhold", family))
        students = self.students.get(family.partition("/")[0], ())
        # up or down by chance: half of two students is one, a quarter is one in every other family
        count = floor(self.fraction * len(students) + rng.random())
        return rng.sample(students, count)

    def withholds(self, problem: Problem, agent: AgentId) -> bool:
        """Whether lessons on the problem's family do not reach the agent's weights."""
        return agent in self.students_without(_family_of(problem))

    def imitated(
        self, demonstrations: Sequence[tuple[AgentId, Demonstration]]
    ) -> list[tuple[AgentId, Demonstration]]:
        """Those that are not withheld."""
        imitated = []
        for agent, (problem, text) in demonstrations:
            if not self.withholds(problem, agent):
                imitated.append((agent, (problem, text)))
        return imitated


def find_taught(
    episodes: Iterable[Episode],
    withholding: Withholding,
    listeners: Mapping[str, Sequence[AgentId]],
) -> list[TaughtFamily]:
    """Every student and family with a useful lesson; `episodes` come in the order of rounds.

    `listeners` are as for `find_useful_lessons`.
    """
    # Until the first useful lesson nothing depends on the draw, so it may select who is compared.
    first_round: dict[tuple[AgentId, str], int] = {}
    controls: dict[tuple[AgentId, str], dict[Hashable, float]] = defaultdict(dict)
    for episode in episodes:
        match = episode.match
        taught = match.student, f"{match.domain}/{match.family}"
        # a round's controls are answered before its update; replay selects problems by outcomes
        if not episode.again and first_round.get(taught, episode.round) < episode.round:
            # the lessons of a match share their control
            place = episode.round, match, episode.test.key
            controls[taught][place] = mean_score(episode.control)
        for lesson in find_useful_lessons([episode], listeners):
            imitated = lesson.agent, _family_of(lesson.problem)
            first_round.setdefault(imitated, episode.round)

    families = []
    for student, family in first_round:
        if student in withholding.students.get(family.partition("/")[0], ()):
            scores = controls[student, family].values()
            control = fmean(scores) if scores else None
            is_withheld = student in withholding.students_without(family)
            families.append(TaughtFamily(student, family, is_withheld, control))
    return families


def estimate_effect(outcomes: Iterable[tuple[Hashable, bool, float]]) -> Estimate | None:
    """Outcome where lessons were imitated minus where they were withheld, within families.

    `outcomes` are (family, whether withheld, outcome), one for each student and family. None
    where no family has students of both kinds.
    """
    strata: dict[Hashable, tuple[list[float], list[float]]] = {}
    for family, is_withheld, outcome in outcomes:
        strata.setdefault(family, ([], []))[is_withheld].append(outcome)
    return stratified_difference(list(strata.values()))


def _family_of(problem: Problem) -> str:
    return f"{problem.domain}/{problem.family}"
