"""Groups: sampled completions whose rewards are compared with each other.

A group is one agent in one role at one task: the attempts after one lesson, the lessons of one
match, the practice on one problem, the repetitions of one deal, the questions of one request.
"""

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import NamedTuple

from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Episode,
    Payoff,
    Problem,
    Question,
    Rollout,
    by_match,
)

__all__ = [
    "Group",
    "Practice",
    "group_attempts",
    "group_duels",
    "group_lessons",
    "group_practice",
    "group_questions",
]

_SEAT_ROLES = ("first player", "second player")


class Group(NamedTuple):
    """G rewards that share a baseline, and the completions that each of them pays for."""

    agent: AgentId
    role: str
    domain: str
    rewards: tuple[float, ...]
    completions: tuple[tuple[Completion, ...], ...]
    """One entry per reward; all completions of an entry get the same advantage."""

    @property
    def has_zero_variance(self) -> bool:
        """Whether all rewards are equal: such a group has no gradient (DAPO, Yu et al. 2025)."""
        return len(set(self.rewards)) <= 1


class Practice(NamedTuple):
    """An agent's own attempts at one problem, without a teacher."""

    agent: AgentId
    problem: Problem
    attempts: tuple[Rollout, ...]


def group_attempts(episodes: Sequence[Episode]) -> list[Group]:
    """One group per lesson that was shown: the student's attempts after it."""
    groups = []
    for episode in episodes:
        if not episode.attempts:
            continue
        groups.append(
            Group(
                agent=episode.match.student,
                role="student",
                domain=episode.match.domain,
                rewards=_payoff_of(episode).student,
                completions=_one_each(episode.attempts),
            )
        )
    return groups


def group_lessons(episodes: Sequence[Episode]) -> list[Group]:
    """One group per match: the teacher's lessons."""
    groups = []
    for lessons in by_match(episodes):
        match = lessons[0].match
        written = []
        for episode in lessons:
            written.append(tuple(example.completion for example in episode.lesson.examples))
        groups.append(
            Group(
                agent=match.teacher,
                role="teacher",
                domain=match.domain,
                rewards=tuple(_payoff_of(episode).teacher for episode in lessons),
                completions=tuple(written),
            )
        )
    return groups


def group_practice(practice: Sequence[Practice]) -> list[Group]:
    """One group per practised problem that was tried more than once."""
    groups = []
    for practised in practice:
        if len(practised.attempts) < 2:
            continue
        groups.append(
            Group(
                agent=practised.agent,
                role="practice",
                domain=practised.problem.domain,
                rewards=tuple(attempt.verdict.score for attempt in practised.attempts),
                completions=_one_each(practised.attempts),
            )
        )
    return groups


def group_duels(duels: Sequence[Duel], learners: Collection[AgentId]) -> list[Group]:
    """One group per learner, seat, opponent, game and deal: the repetitions of that deal.

    A payoff pays for all moves of the learner in that duel. Duels in which the learner did not
    move are left out. Snapshots and scripted agents do not learn and get no groups.
    """
    groups: dict[tuple[AgentId, int, AgentId, str, str], Group] = {}
    for duel in duels:
        players = (duel.first, duel.second)
        for seat, agent in enumerate(players):
            moves = tuple(
                move.attempt.completion for move in duel.moves if move.seat == seat
            )
            if agent not in learners or not moves:
                continue

            opponent = players[1 - seat]
            key = (agent, seat, opponent, duel.game, duel.deal)
            group = groups.get(key) or Group(agent, _SEAT_ROLES[seat], duel.game, (), ())
            groups[key] = group._replace(
                rewards=(*group.rewards, duel.payoffs[seat]),
                completions=(*group.completions, moves),
            )
    return list(groups.values())


def group_questions(questions: Sequence[Question]) -> list[Group]:
    """One group per request to an asker: the questions that it wrote, neighbours in the list."""
    groups = []
    for _, neighbours in groupby(questions, key=_request_of):
        written = list(neighbours)
        groups.append(
            Group(
                agent=written[0].asker,
                role="asker",
                domain=written[0].task_type.domain,
                rewards=tuple(question.payoff for question in written),
                completions=tuple((question.completion,) for question in written),
            )
        )
    return groups


def _payoff_of(episode: Episode) -> Payoff:
    if episode.payoff is None:
        raise ValueError(
            "the episode has no payoff yet; the loop computes it once, after play"
        )
    return episode.payoff


def _one_each(attempts: Sequence[Rollout]) -> tuple[tuple[Completion, ...], ...]:
    return tuple((attempt.completion,) for attempt in attempts)


def _request_of(question: Question) -> tuple[object, ...]:
    prompt = question.completion.prompt_tokens
    return question.round, question.asker, question.persona, question.task_type, prompt
