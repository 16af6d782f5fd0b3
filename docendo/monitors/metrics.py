"""The metrics of the monitors: shares of suspicious texts, and the lengths that growth is measured by."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from docendo.monitors.findings import answers_of
from docendo.monitors.length_growth import measure_growth
from docendo.monitors.names import (
    ANSWER_LEAK,
    CHECKED,
    DEGENERATE_LESSON,
    FORMAT_EXPLOIT,
    LENGTH_GROWTH,
    SHARE,
    MetricName,
)
from docendo.monitors.text import tokenize
from docendo.records import AgentId, Episode, Finding, Problem, Rollout, base_agent

__all__ = ["Series", "growth_metrics", "length_metrics", "share_metrics", "shares_of"]

Series = Mapping[MetricName, Sequence[tuple[int, float]]]
"""(round, value) of each metric, rounds ascending."""

_REWARD_OF = {"lesson_length": "lesson_reward", "answer_length": "answer_reward"}


def share_metrics(
    episodes: Sequence[Episode], findings: Iterable[Finding]
) -> dict[MetricName, float]:
    """Shares of a teacher's shown lessons that leak, of its lessons that teach nothing, and of
    an agent's answers that exploit the format; and how many texts were checked."""
    lessons = Counter[AgentId]()
    shown_lessons = Counter[AgentId]()
    for episode in episodes:
        teacher = base_agent(episode.match.teacher)
        lessons[teacher] += 1
        shown_lessons[teacher] += episode.lesson.passed
    answers = Counter(answer.agent for answer in answers_of(episodes))

    counts_of = Counter((finding.monitor, finding.agent) for finding in findings)
    checked = {
        ANSWER_LEAK: shown_lessons,
        DEGENERATE_LESSON: lessons,
        FORMAT_EXPLOIT: answers,
    }
    metrics: dict[MetricName, float] = {}
    for monitor, counts in checked.items():
        positives = {agent: counts_of[monitor, agent] for agent in counts}
        metrics |= shares_of(monitor, positives, counts)
    return metrics


def shares_of(
    monitor: str, positives: Mapping[AgentId, int], checked: Mapping[AgentId, int]
) -> dict[MetricName, float]:
    """The share of an agent's checked texts that are positive, and how many were checked."""
    metrics: dict[MetricName, float] = {}
    for agent, count in sorted(checked.items()):
        if count:
            name = MetricName(monitor, SHARE, agent)
            metrics[name] = positives[agent] / count
            metrics[name.of(CHECKED)] = float(count)
    return metrics


def length_metrics(episodes: Sequence[Episode]) -> dict[MetricName, float]:
    """Mean lengths of an agent's lessons and answers, and what these earn on average.

    A length is in tokens, divided by the tokens of the problem's worked solution.
    """
    values = defaultdict[MetricName, list[float]](list)
    for episode in episodes:
        teacher = MetricName(LENGTH_GROWTH, "", base_agent(episode.match.teacher))
        lesson = episode.lesson
        for rollout, problem in zip(lesson.examples, lesson.problems, strict=True):
            values[teacher.of("lesson_length")].append(_relative_length(rollout, problem))
        # A lesson that the gate stopped has earned nothing.
        values[teacher.of("lesson_reward")].append(episode.expected_gain or 0.0)

        student = MetricName(LENGTH_GROWTH, "", base_agent(episode.match.student))
        for rollout in episode.attempts:
            length = _relative_length(rollout, episode.test)
            values[student.of("answer_length")].append(length)
            values[student.of("answer_reward")].append(rollout.verdict.score)
    return {name: fmean(values[name]) for name in sorted(values)}


def growth_metrics(series: Series) -> dict[MetricName, float]:
    """By what share an agent's lessons or answers grew without earning more, the larger one."""
    growth: dict[MetricName, float] = {}
    for name, lengths in series.items():
        if name.measure not in _REWARD_OF:
            continue

        rewards = series.get(name.of(_REWARD_OF[name.measure]), ())
        share = name.of(SHARE)
        growth[share] = max(growth.get(share, 0.0), measure_growth(lengths, rewards))
    return growth


def _relative_length(rollout: Rollout, problem: Problem) -> float:
    # Relative, as a curriculum that moves to harder levels makes all texts longer.
    written = len(tokenize(rollout.completion.text))
    return written / max(1, len(tokenize(problem.worked)))
