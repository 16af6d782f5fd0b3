"""From choices to matches: who is taught what by whom in the next round.

A course is a kind of problem with those who may teach it and those who may be taught. A matchmaker is a value that maps
courses, standings and a count to matches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.random import Generator

from docendo.errors import UseError
from docendo.interfaces import Curriculum, Standings
from docendo.league.matchmaking import Choice, Uniform, draw
from docendo.league.slates import teachers_of
from docendo.records import AgentId, Course, Match

__all__ = ["Arranged", "Rotation"]

_NOBODY = "no match is possible: no course has a teacher and another agent to teach"


@dataclass(frozen=True)
class Rotation:
    """Every (teacher, student) pair of every course equally often."""

    def __call__(self, courses: Sequence[Course], standings: Standings, count: int, seed: int) -> list[Match]:
        """`count` matches: shuffled rounds through all possible ones, so that none is forgotten.

        Possible matches are numbered, not listed: a thousand agents have a million of them. Raises UseError where
        matches are wanted and nobody can teach anybody.
        """
        sizes = [len(c.teachers) * len(c.students) - len(set(c.teachers) & set(c.students)) for c in courses]
        stops, total = np.cumsum(sizes), sum(sizes)
        if count and not total:
            raise UseError(_NOBODY)
        rng, matches = Random(seed), list[Match]()
        while len(matches) < count:
            for number in rng.sample(range(total), min(total, count - len(matches))):
                at = int(np.searchsorted(stops, number, side="right"))
                matches.append(_numbered(courses[at], number - int(stops[at]) + sizes[at]))
        return sorted(matches)


def _numbered(course: Course, number: int) -> Match:
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
class Arranged:
    """Students take turns; the curriculum says on what, and the choice of teachers says with whom.

    What the curriculum wants counts as much as the best teacher is likely to solve it: a wrong lesson is not shown.
    Anchors (frozen agents) are taught too, `anchored` matches a round: a yardstick that does not learn.
    """

    curriculum: Curriculum
    teachers: Choice = field(default_factory=Uniform)
    frozen: Callable[[AgentId], bool] = lambda _: False
    """Whose turn is only that of anchors."""
    anchored: int = 0

    def __call__(self, courses: Sequence[Course], standings: Standings, count: int, seed: int) -> list[Match]:
        """`count` matches. Raises UseError where matches are wanted and nobody can teach anybody."""
        rng = np.random.default_rng(seed)
        taken: dict[AgentId, list[Course]] = {}
        for course in courses:
            for student in course.students:
                if any(teacher != student for teacher in course.teachers):
                    taken.setdefault(student, []).append(course)
        if count and not taken:
            raise UseError(_NOBODY)
        anchors = [s for s in taken if self.frozen(s)]
        pupils = [s for s in taken if not self.frozen(s)] or anchors
        fixed = min(self.anchored if anchors else 0, count)
        turns = [*_turns(pupils, count - fixed, rng), *_turns(anchors, fixed, rng)]
        able = {course: _able(course, standings) for course in courses} if count else {}
        return sorted(self._match(student, {c: able[c] for c in taken[student]}, standings, rng) for student in turns)

    def _match(self, student: AgentId, able: Mapping[Course, float], standings: Standings, rng: Generator) -> Match:
        courses, kinds = list(able), [course.kind for course in able]
        wanted = self.curriculum.weights(kinds, standings.helped([student] * len(kinds), kinds))
        weights = wanted * list(able.values())
        course = courses[rng.choice(len(courses), p=weights / weights.sum())]
        others = [t for t in course.teachers if t != student]
        slate = teachers_of(standings, student, others, f"{course.kind.domain}/{course.kind.family}")
        return Match(draw(self.teachers, slate, rng), student, *course.kind)


def _able(course: Course, standings: Standings) -> float:
    """How likely the best of the teachers is to solve a problem of the kind, in (0, 1)."""
    teachers = list(course.teachers)
    return float(standings.unaided(teachers, [course.kind] * len(teachers)).mean_N.max(initial=0.0))


def _turns(agents: Sequence[AgentId], count: int, rng: Generator) -> Iterator[AgentId]:
    """`count` turns, shuffled rounds through all of the agents."""
    while count > 0:
        for i in rng.permutation(len(agents))[:count]:
            yield agents[i]
        count -= len(agents)
