"""Who teaches whom what next. A matchmaker is a value of one shape; this file holds the stock ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from docendo.errors import UseError
from docendo.interfaces import Standings
from docendo.records import AgentId, Match

__all__ = ["Course", "Uniform"]


@dataclass(frozen=True)
class Course:
    """What can be taught: a family at a level, by its experts to anybody else."""

    domain: str
    family: str
    level: int
    teachers: tuple[AgentId, ...]
    students: tuple[AgentId, ...]


@dataclass(frozen=True)
class Uniform:
    """Every (teacher, student) pair of every course equally often."""

    courses: Sequence[Course]

    def __call__(self, standings: Standings, count: int, seed: int) -> list[Match]:
        """`count` matches: shuffled rounds through all possible ones, so that none is forgotten.

        Raises UseError where matches are wanted and nobody can teach anybody.
        """
        possible = [
            Match(teacher, student, c.domain, c.family, c.level)
            for c in self.courses
            for teacher in c.teachers
            for student in c.students
            if teacher != student
        ]
        if count and not possible:
            raise UseError("no match is possible: no course has a teacher and another agent to teach")
        rng, matches = Random(seed), list[Match]()
        while len(matches) < count:
            rng.shuffle(possible)
            matches += possible[: count - len(matches)]
        return sorted(matches)
