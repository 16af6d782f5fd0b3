"""From choices to matches: who is taught what by whom in the next round.

A course is a kind of problem with those who may teach it and those who may be taught. A matchmaker is a value that maps
courses, standings and a count to matches.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from docendo.errors import UserError
from docendo.interfaces import Curriculum, Standings
from docendo.league.candidates import teachers_of
from docendo.league.matchmaking import Chooser, Uniform, draw
from docendo.records import AgentId, Match, TeachingOption

__all__ = ["CurriculumMatchmaker", "RoundRobin"]

_NOBODY = "no match is possible: no course has a teacher and another agent to teach"


@dataclass(frozen=True)
class RoundRobin:
    """Every (teacher, student) pair of every course equally often."""

    def __call__(
        self, courses: Sequence[TeachingOption], standings: Standings, count: int, seed: int
    ) -> list[Match]:
        """`count` matches: shuffled rounds through all possible ones, so that none is forgotten.

        Possible matches are numbered, not listed: a thousand agents have a million of them. Raises UseError where
        matches are wanted and nobody can teach anybody.
        """
        sizes = [
            len(c.teachers) * len(c.students) - len(set(c.teachers) & set(c.students))
            for c in courses
        ]
        stops, total = np.cumsum(sizes), sum(sizes)
        if count and not total:
            raise UserError(_NOBODY)
        rng, matches = Random(seed), list[Match]()
        while len(matches) < count:
            for number in rng.sample(range(total), min(total, count - len(matches))):
                at = int(np.searchsorted(stops, number, side="right"))
                matches.append(_numbered(courses[at], number - int(stops[at]) + sizes[at]))
        return sorted(matches)


def _numbered(course: TeachingOption, number: int) -> Match:
    """The match of this number among the course's, where a teacher that is also a student does not meet itself."""
    kind, students = course.kind, list(course.students)
    place = {student: i for i, student in enumerate(students)}
    for teacher in course.teachers:
        own = place.get(teacher)
        size = len(students) - (own is not None)
        if number < size:
            student = students[number + (own is not None and number >= own)]
            return Match(teacher, student, *kind)
        number -= size
    raise IndexError("no match of that number")


@dataclass(frozen=True)
class CurriculumMatchmaker:
    """Students take turns; the curriculum says on what, and the choice of teachers says with whom.

    What the curriculum wants counts as much as the best teacher is likely to solve it: a wrong lesson is not shown.
    Anchors (frozen agents) are taught too, in `anchored` of the matches, by learners alone and by each as often: a
    yardstick that does not move itself. Courses without anchors have no such matches.
    """

    curriculum: Curriculum
    teachers: Chooser = field(default_factory=Uniform)
    learns: Callable[[AgentId], bool] = lambda _: True
    """Who has a turn; others are anchors."""
    anchored: int = 0
    textbooks: frozenset[AgentId] = frozenset()
    """Teachers whose lessons are copied and always right."""

    def __call__(
        self, courses: Sequence[TeachingOption], standings: Standings, count: int, seed: int
    ) -> list[Match]:
        """`count` matches. Raises UseError where matches are wanted and nobody can teach anybody."""
        rng, taken = np.random.default_rng(seed), dict[AgentId, list[int]]()
        for c, course in enumerate(courses):
            for student in course.students:
                if len(course.teachers) > 1 or course.teachers[:1] not in {(), (student,)}:
                    taken.setdefault(student, []).append(c)
        if count and not taken:
            raise UserError(_NOBODY)
        pupils, anchors = (
            [s for s in taken if self.learns(s) == learns] for learns in (True, False)
        )
        fixed = min(self.anchored if anchors else 0, count) if pupils else count
        turns = [*_turns(pupils, count - fixed, rng), *_turns(anchors, fixed, rng)]
        met = sorted({c for open_to in taken.values() for c in open_to})
        able = {c: _able(courses[c], standings, self.textbooks) for c in met}
        return sorted(
            self._match(s, [(courses[c], able[c]) for c in taken[s]], standings, rng)
            for s in turns
        )

    def _match(
        self,
        student: AgentId,
        open_to: Sequence[tuple[TeachingOption, "_Able"]],
        standings: Standings,
        rng: Generator,
    ) -> Match:
        kinds = [course.kind for course, _ in open_to]
        wanted = self.curriculum.weights(kinds, standings.helped([student], kinds))
        best = [
            able.second if able.teacher == student else able.first for _, able in open_to
        ]
        weights = wanted * best
        course, _ = open_to[rng.choice(len(open_to), p=weights / weights.sum())]
        others = [t for t in course.teachers if t != student]
        if not self.learns(student):
            others = [t for t in others if self.learns(t)] or others
        slate = teachers_of(
            standings, student, others, f"{course.kind.domain}/{course.kind.family}"
        )
        choice = self.teachers if self.learns(student) else Uniform()
        return Match(draw(choice, slate, rng), student, *course.kind)


class _Able(NamedTuple):
    """How likely the best of the teachers is to solve a problem of the kind, in (0, 1), and the second best."""

    teacher: AgentId
    first: float
    second: float


def _able(
    course: TeachingOption, standings: Standings, textbooks: frozenset[AgentId]
) -> _Able:
    able_N = standings.unaided(course.teachers, [course.kind]).mean_N
    able_N = np.where([t in textbooks for t in course.teachers], 1.0, able_N)
    best = int(able_N.argmax())
    first, able_N[best] = float(able_N[best]), 0.0
    return _Able(course.teachers[best], first, float(able_N.max()))


def _turns(agents: Sequence[AgentId], count: int, rng: Generator) -> Iterator[AgentId]:
    """`count` turns, shuffled rounds through all of the agents."""
    while count > 0:
        for i in rng.permutation(len(agents))[:count]:
            yield agents[i]
        count -= len(agents)
