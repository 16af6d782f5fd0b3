"""Groups: sampled completions whose rewards are compared with each other.

A group is one agent in one role at one task: the attempts after one lesson, the lessons of one
match, the practice on one problem, the repetitions of one deal, the questions of one request.
It is the group of GRPO (Shao et al. 2024), with G rewards r_1 ... r_G.
"""

from collections.abc import Sequence
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
    TaskType,
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
        # exact, where a variance computed in floats might miss 0 by a rounding error
        return len(set(self.rewards)) <= 1

    def with_sample(self, reward: float, completions: tuple[Completion, ...]) -> "Group":
        """The same group with one more reward."""
        return self._replace(
            rewards=(*self.rewards, reward), completions=(*self.completions, completions)
        )


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

        group = Group(
            agent=episode.match.student,
            role="student",
            domain=episode.match.domain,
            rewards=_payoff_of(episode).student,
            completions=_one_each(episode.attempts),
        )
        groups.append(group)
    return groups


def group_lessons(episodes: Sequence[Episode]) -> list[Group]:
    """One group per match: the teacher's lessons."""
    groups = []
    for lessons in by_match(episodes):
        match = lessons[0].match
        group = Group(match.teacher, "teacher", match.domain, (), ())
        for episode in lessons:
            reward = _payoff_of(episode).teacher
            if reward is None:
                continue
            # every worked example of a lesson is paid what the lesson earned
            written = tuple(example.completion for example in episode.lesson.examples)
            group = group.with_sample(reward, written)
        groups.append(group)
    return groups


def group_practice(practice: Sequence[Practice]) -> list[Group]:
    """One group per practised problem that was tried more than once."""
    groups = []
    for agent, problem, attempts in practice:
        if len(attempts) < 2:
            continue

        group = Group(
            agent=agent,
            role="practice",
            domain=problem.domain,
            rewards=tuple(attempt.verdict.score for attempt in attempts),
            completions=_one_each(attempts),
        )
        groups.append(group)
    return groups


def group_duels(duels: Sequence[Duel]) -> list[Group]:
    """One group per player, seat, opponent, game and deal: the repetitions of that deal.

    A payoff pays for all moves of the player in that duel. Duels in which the player did not
    move are left out.
    """
    groups: dict[tuple[AgentId, int, AgentId, str, str], Group] = {}
    for duel in duels:
        players = (duel.first, duel.second)
        for seat, agent in enumerate(players):
            own_moves = [move for move in duel.moves if move.seat == seat]
            if not own_moves:
                continue

            # with the deal and the opponent fixed, what is left to compare is the play
            key = (agent, seat, players[1 - seat], duel.game, duel.deal)
            group = groups.get(key) or Group(agent, _SEAT_ROLES[seat], duel.game, (), ())
            completions = tuple(move.attempt.completion for move in own_moves)
            groups[key] = group.with_sample(duel.payoffs[seat], completions)
    return list(groups.values())


def group_questions(questions: Sequence[Question]) -> list[Group]:
    """One group per request to an asker: the questions that it wrote, neighbours in the list."""
    groups = []
    for (_, asker, _, task_type, _), neighbours in groupby(questions, key=_request_of):
        group = Group(asker, "asker", task_type.domain, (), ())
        for question in neighbours:
            group = group.with_sample(question.payoff, (question.completion,))
        groups.append(group)
    return groups


def _payoff_of(episode: Episode) -> Payoff:
    if episode.payoff is None:
        raise ValueError(
            "the episode has no payoff yet; the loop computes it once, after play"
        )
    return episode.payoff


def _one_each(attempts: Sequence[Rollout]) -> tuple[tuple[Completion, ...], ...]:
    return tuple((attempt.completion,) for attempt in attempts)


def _request_of(
    question: Question,
) -> tuple[int, AgentId, str, TaskType, tuple[int, ...]]:
    # the prompt tells two requests of one round apart: each shows another example
    prompt = question.completion.prompt_tokens
    return question.round, question.asker, question.persona, question.task_type, prompt
