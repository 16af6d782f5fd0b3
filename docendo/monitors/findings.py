"""The findings of a round: every lesson that leaks or teaches nothing, every exploit that was paid."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from docendo.monitors.answer_leak import find_leak
from docendo.monitors.degenerate_lesson import find_degeneration, is_near_copy
from docendo.monitors.format_exploit import find_exploit
from docendo.monitors.names import ANSWER_LEAK, DEGENERATE_LESSON, FORMAT_EXPLOIT
from docendo.records import (
    AgentId,
    Episode,
    Finding,
    Problem,
    Rollout,
    base_agent,
    by_match,
)

__all__ = ["WrittenAnswer", "answers_of", "find_all"]

_PAID = 0.5
"""Score from which on an exploit counts; one that earned less is a failure."""
_COMPARED = 64
"""Earlier worked examples of the same teacher that each one is compared with."""


class WrittenAnswer(NamedTuple):
    """An answer to a problem: a worked example, an answer after a lesson, or a control."""

    episode: int
    """Place of the episode in its round; of a control, the first of its match."""
    agent: AgentId
    rollout: Rollout
    problem: Problem


def find_all(episodes: Sequence[Episode]) -> list[Finding]:
    """All findings in the texts of one round. A frozen copy's are those of its agent."""
    return [*_leaks(episodes), *_degenerate(episodes), *_exploits(episodes)]


def _leaks(episodes: Sequence[Episode]) -> Iterator[Finding]:
    for place, episode in enumerate(episodes):
        # A lesson that the gate stopped was never shown, so it leaked nothing.
        if not episode.lesson.passed:
            continue
        teacher = base_agent(episode.match.teacher)
        reason = find_leak(episode.lesson, episode.test)
        if reason is not None:
            yield Finding(episode.round, ANSWER_LEAK, teacher, place, reason.value)
        # A dense gain pays for the trial's answer as a gain does for the test's.
        elif episode.trial and (reason := find_leak(episode.lesson, episode.trial.problem)):
            of_trial = reason.value.replace("test", "trial")
            yield Finding(episode.round, ANSWER_LEAK, teacher, place, of_trial)


def _degenerate(episodes: Sequence[Episode]) -> Iterator[Finding]:
    earlier = defaultdict[AgentId, list[tuple[str, Problem]]](list)
    for place, episode in enumerate(episodes):
        teacher = base_agent(episode.match.teacher)
        texts = [rollout.completion.text for rollout in episode.lesson.examples]
        examples = list(zip(texts, episode.lesson.problems, strict=True))
        reason = _degeneration_of(examples, earlier[teacher])
        # After the check: a lesson is compared with earlier ones only.
        earlier[teacher] += examples
        if reason:
            yield Finding(episode.round, DEGENERATE_LESSON, teacher, place, reason)


def _degeneration_of(
    examples: Sequence[tuple[str, Problem]], earlier: Sequence[tuple[str, Problem]]
) -> str:
    for text, problem in examples:
        reason = find_degeneration(text, problem)
        if reason:
            return reason

    recent = list(islice(reversed(earlier), _COMPARED))
    for example in examples:
        if any(map(partial(is_near_copy, example), recent)):
            return "it is nearly the lesson on another problem"
    return ""


def _exploits(episodes: Sequence[Episode]) -> Iterator[Finding]:
    for answer in answers_of(episodes):
        if answer.rollout.verdict.score < _PAID:
            continue
        reason = find_exploit(answer.rollout.completion.text, answer.problem)
        if reason:
            round_index = episodes[answer.episode].round
            yield Finding(round_index, FORMAT_EXPLOIT, answer.agent, answer.episode, reason)


def answers_of(episodes: Sequence[Episode]) -> Iterator[WrittenAnswer]:
    """Every answer of a round; control answers once for each match."""
    # By identity: two lessons of one match may be equal, word for word.
    places = {id(episode): place for place, episode in enumerate(episodes)}
    for lessons in by_match(episodes):
        first = lessons[0]
        student = base_agent(first.match.student)
        for rollout in first.control:
            yield WrittenAnswer(places[id(first)], student, rollout, first.test)

        for episode in lessons:
            place = places[id(episode)]
            teacher = base_agent(episode.match.teacher)
            lesson = episode.lesson
            for rollout, problem in zip(lesson.examples, lesson.problems, strict=True):
                yield WrittenAnswer(place, teacher, rollout, problem)
            for rollout in episode.attempts:
                yield WrittenAnswer(place, student, rollout, episode.test)
