"""Matchmakers for teaching: who is taught what by whom in the next round.

A teaching option is a task type with those who may teach it and those who may be taught it. A
matchmaker maps options, standings and a count to matches.
"""

from collections import defaultdict
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
        sizes = [_count_pairs(option) for option in options]
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

        learners = [student for student in offers if self.is_learner(student)]
        references = [student for student in offers if not self.is_learner(student)]
        reference_count = min(self.reference_count, count) if references else 0
        if not learners:
            reference_count = count

        # All turns are drawn before the first match.
        rng = np.random.default_rng(seed)
        learner_turns = list(_take_turns(learners, count - reference_count, rng))
        reference_turns = list(_take_turns(references, reference_count, rng))
        matches = [
            self._learner_match(student, offers[student], standings, rng)
            for student in learner_turns
        ]
        matches += [
            self._reference_match(student, offers[student], standings, rng)
            for student in reference_turns
        ]
        return sorted(matches)

    def _offers_by_student(
        self, options: Sequence[TeachingOption], standings: Standings
    ) -> dict[AgentId, list[_Offer]]:
        """The options that each student can take with another agent as teacher."""
        offers: dict[AgentId, list[_Offer]] = defaultdict(list)
        for option in options:
            students = [s for s in option.students if option.teachers not in ((), (s,))]
            if students:
                offer = self._offer(option, standings)
                for student in students:
                    offers[student].append(offer)
        return offers

    def _offer(self, option: TeachingOption, standings: Standings) -> _Offer:
        rate_N = standings.rates_unaided(option.teachers, [option.task_type]).mean_N
        is_oracle_N = [teacher in self.oracles for teacher in option.teachers]
        rate_N = np.where(is_oracle_N, 1.0, rate_N)

        best = int(rate_N.argmax())
        best_rate = float(rate_N[best])
        rate_N[best] = 0.0
        return _Offer(option, option.teachers[best], best_rate, float(rate_N.max()))

    def _learner_match(
        self,
        student: AgentId,
        offers: Sequence[_Offer],
        standings: Standings,
        rng: Generator,
    ) -> Match:
        option = self._choose_option(student, offers, standings, rng)
        teachers = [teacher for teacher in option.teachers if teacher != student]
        return _match(student, teachers, option, self.teacher_selection, standings, rng)

    def _reference_match(
        self,
        student: AgentId,
        offers: Sequence[_Offer],
        standings: Standings,
        rng: Generator,
    ) -> Match:
        option = self._choose_option(student, offers, standings, rng)
        teachers = [teacher for teacher in option.teachers if teacher != student]
        learners = [teacher for teacher in teachers if self.is_learner(teacher)]
        return _match(student, learners or teachers, option, Uniform(), standings, rng)

    def _choose_option(
        self,
        student: AgentId,
        offers: Sequence[_Offer],
        standings: Standings,
        rng: Generator,
    ) -> TeachingOption:
        kinds = [offer.option.task_type for offer in offers]
        success = standings.rates_after_lesson([student], kinds)
        teacher_rates = [offer.rate_for(student) for offer in offers]
        weights = self.curriculum(kinds, success, {}) * teacher_rates
        place = rng.choice(len(offers), p=weights / weights.sum())
        return offers[place].option


def _match(
    student: AgentId,
    teachers: Sequence[AgentId],
    option: TeachingOption,
    chooser: Chooser,
    standings: Standings,
    rng: Generator,
) -> Match:
    subject = f"{option.task_type.domain}/{option.task_type.family}"
    candidates = teachers_of(standings, student, teachers, subject)
    return Match(draw(chooser, candidates, rng), student, *option.task_type)


def _take_turns(agents: Sequence[AgentId], count: int, rng: Generator) -> Iterator[AgentId]:
    """`count` turns, in shuffled rounds through all of the agents."""
    while count > 0:
        for place in rng.permutation(len(agents))[:count]:
            yield agents[place]
        count -= len(agents)
