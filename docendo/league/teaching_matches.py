"""Matchmakers for teaching: who is taught what by whom in the next round.

A teaching option is a task type with those who may teach it and those who may be taught it. A
matchmaker maps options, standings and a count to matches.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from docendo.errors import UserError
from docendo.interfaces import Curriculum, Standings
from docendo.league.candidates import teachers_of
from docendo.league.matchmaking import Chooser, Uniform, draw
from docendo.parts import PartConfig
from docendo.records import AgentId, Match, TeachingOption

__all__ = ["CurriculumMatchmaker", "RoundRobin", "RoundRobinConfig"]

_NO_MATCH = "no match is possible: no course has a teacher and another agent to teach"


@dataclass(frozen=True)
class RoundRobin:
    """Every (teacher, student) pair of every option equally often."""

    def __call__(
        self, options: Sequence[TeachingOption], standings: Standings, count: int, seed: int
    ) -> list[Match]:
        """`count` matches: shuffled rounds through all possible ones, so that none is left out.

        Possible matches are numbered, not listed: a thousand agents have a million of them.
        Raises UserError where matches are asked for and nobody can teach anybody.
        """
        sizes = list(map(_count_pairs, options))
        ends = np.cumsum(sizes)
        total = sum(sizes)
        if count and not total:
            raise UserError(_NO_MATCH)

        rng = Random(seed)
        matches: list[Match] = []
        while len(matches) < count:
            for number in rng.sample(range(total), min(total, count - len(matches))):
                place = int(np.searchsorted(ends, number, side="right"))
                start = int(ends[place]) - sizes[place]
                matches.append(_numbered_match(options[place], number - start))
        return sorted(matches)


class RoundRobinConfig(PartConfig):
    """Every teacher and student meet equally often, on every task type."""

    type: str = "round_robin"

    def build(self, context: Any = None) -> RoundRobin:
        return RoundRobin()


def _count_pairs(option: TeachingOption) -> int:
    """Pairs of a teacher and another agent as student."""
    with_themselves = len(set(option.teachers) & set(option.students))
    return len(option.teachers) * len(option.students) - with_themselves


def _numbered_match(option: TeachingOption, number: int) -> Match:
    """The match of this number; a teacher that is also a student is not matched with itself."""
    places = {student: place for place, student in enumerate(option.students)}
    for teacher in option.teachers:
        own_place = places.get(teacher)
        size = len(option.students) - (own_place is not None)
        if number >= size:
            number -= size
            continue

        is_behind_itself = own_place is not None and number >= own_place
        student = option.students[number + is_behind_itself]
        return Match(teacher, student, *option.task_type)
    raise IndexError("no match of that number")


class _Offer(NamedTuple):
    """A teaching option, and how likely its best teachers are to solve such a problem."""

    option: TeachingOption
    best_teacher: AgentId
    best_rate: float
    """In (0, 1)."""
    second_rate: float
    """The second best teacher's; 0 without one."""

    def rate_for(self, student: AgentId) -> float:
        """The rate of the best teacher other than the student."""
        return self.second_rate if student == self.best_teacher else self.best_rate


@dataclass(frozen=True)
class CurriculumMatchmaker:
    """Students take turns; the curriculum chooses the task type, a chooser the teacher.

    The curriculum's weight of a task type is multiplied by the rate at which the best teacher is
    likely to solve it: a wrong lesson is not shown. Reference copies do not learn; teaching them
    measures the teachers by a fixed student. Only learners teach them, each equally often.
    """

    curriculum: Curriculum
    teacher_selection: Chooser = field(default_factory=Uniform)
    is_learner: Callable[[AgentId], bool] = lambda _: True
    """Other students are reference copies."""
    reference_count: int = 0
    """Matches of a round with a reference copy as student, where the options have one."""
    oracles: frozenset[AgentId] = frozenset()
    """Teachers whose lessons are copied and always right."""

    def __call__(
        self, options: Sequence[TeachingOption], standings: Standings, count: int, seed: int
    ) -> list[Match]:
        """`count` matches. Raises UserError where nobody can teach anybody."""
        offers = self._offers_by_student(options, standings)
        if count and not offers:
            raise UserError(_NO_MATCH)

        learners = list(filter(self.is_learner, offers))
        references = [student for student in offers if student not in learners]
        reference_count = min(self.reference_count, count) if references else 0
        if not learners:
            reference_count = count

        # All turns are drawn before the first match: how many random numbers a chooser takes does
        # not decide whose turn it is.
        rng = np.random.default_rng(seed)
        turns = list(_take_turns(learners, count - reference_count, rng))
        turns += _take_turns(references, reference_count, rng)
        matches = []
        for student in turns:
            matches.append(self._match(student, offers[student], standings, rng))
        return sorted(matches)

    def _offers_by_student(
        self, options: Sequence[TeachingOption], standings: Standings
    ) -> dict[AgentId, list[_Offer]]:
        """The options that each student can take with another agent as teacher."""
        offers = defaultdict(list)
        for option in options:
            if not option.teachers:
                continue
            offer = self._offer(option, standings)
            for student in option.students:
                if option.teachers != (student,):
                    offers[student].append(offer)
        return offers

    def _offer(self, option: TeachingOption, standings: Standings) -> _Offer:
        rate_N = standings.rates_unaided(option.teachers, [option.task_type]).mean_N
        is_oracle_N = [teacher in self.oracles for teacher in option.teachers]
        rate_N = np.where(is_oracle_N, 1.0, rate_N)

        # The two best are enough for everybody: whoever is the best has the second as teacher.
        best = int(rate_N.argmax())
        best_rate = float(rate_N[best])
        rate_N[best] = 0.0
        return _Offer(option, option.teachers[best], best_rate, float(rate_N.max()))

    def _match(
        self,
        student: AgentId,
        offers: Sequence[_Offer],
        standings: Standings,
        rng: Generator,
    ) -> Match:
        """First the task type, by the curriculum; then the teacher, by the chooser."""
        option = self._choose_option(student, offers, standings, rng)
        teachers = [teacher for teacher in option.teachers if teacher != student]
        chooser = self.teacher_selection
        if not self.is_learner(student):
            # Evenly among learners: a reference copy measures teachers, and a choice by their
            # gains would measure those that are known to be good.
            teachers = list(filter(self.is_learner, teachers)) or teachers
            chooser = Uniform()

        domain, family, _ = option.task_type
        candidates = teachers_of(standings, student, teachers, f"{domain}/{family}")
        return Match(draw(chooser, candidates, rng), student, *option.task_type)

    def _choose_option(
        self,
        student: AgentId,
        offers: Sequence[_Offer],
        standings: Standings,
        rng: Generator,
    ) -> TeachingOption:
        task_types = [offer.option.task_type for offer in offers]
        success = standings.rates_after_lesson([student], task_types)
        teacher_rates = [offer.rate_for(student) for offer in offers]

        # P(type) in proportion to what the student can learn of it, times the probability that a
        # lesson passes the gate.
        weights = self.curriculum(task_types, success, {}) * teacher_rates
        place = rng.choice(len(offers), p=weights / weights.sum())
        return offers[place].option


def _take_turns(agents: Sequence[AgentId], count: int, rng: Generator) -> Iterator[AgentId]:
    """`count` turns, in shuffled rounds through all of the agents."""
    while count > 0:
        for place in rng.permutation(len(agents))[:count]:
            yield agents[place]
        count -= len(agents)
