"""What the lessons of a run were worth: gains by teacher, student and domain."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from docendo.report.facts.run import Facts, LessonFact
from docendo.statistics import Estimate, clustered_mean

__all__ = [
    "TeachingSummary",
    "flat_groups",
    "gain_matrix",
    "mean_gain",
    "summarise_teaching",
]


class TeachingSummary(NamedTuple):
    """What one teacher taught one student in one domain."""

    teacher: str
    student: str
    domain: str
    lessons: int
    passed: int
    gain: Estimate | None
    """Over the lessons that were shown."""


def mean_gain(lessons: Iterable[LessonFact]) -> Estimate | None:
    """Mean gain of the shown lessons, with matches as the independent units.

    None for no lesson.
    """
    gains_by_match = defaultdict(list)
    for lesson in lessons:
        if lesson.gain is not None and math.isfinite(lesson.gain):
            gains_by_match[lesson.match].append(lesson.gain)
    if not gains_by_match:
        return None

    # Lessons of one match share their control attempts, so they are not independent.
    mean, low, high, count = clustered_mean(list(gains_by_match.values()))
    if low is None or high is None:
        return Estimate(mean, low, high, count)
    # Student's t knows nothing of the range of gains.
    return Estimate(mean, max(low, -1.0), min(high, 1.0), count)


def gain_matrix(facts: Facts) -> dict[str, dict[str, Estimate]]:
    """Mean gain by teacher and student; a pair without a shown lesson is absent."""
    lessons_by_pair = defaultdict(list)
    for lesson in facts.lessons:
        lessons_by_pair[lesson.teacher, lesson.student].append(lesson)

    matrix: dict[str, dict[str, Estimate]] = {}
    for (teacher, student), lessons in sorted(lessons_by_pair.items()):
        gain = mean_gain(lessons)
        if gain:
            matrix.setdefault(teacher, {})[student] = gain

    return matrix


def summarise_teaching(facts: Facts) -> list[TeachingSummary]:
    """Who taught whom what, sorted by teacher, student and domain."""
    groups = defaultdict(list)
    for lesson in facts.lessons:
        groups[lesson.teacher, lesson.student, lesson.domain].append(lesson)

    summaries = []
    for (teacher, student, domain), lessons in sorted(groups.items()):
        summaries.append(
            TeachingSummary(
                teacher=teacher,
                student=student,
                domain=domain,
                lessons=len(lessons),
                passed=sum(lesson.passed for lesson in lessons),
                gain=mean_gain(lessons),
            )
        )

    return summaries


def flat_groups(facts: Facts) -> dict[str, tuple[int, int]]:
    """(groups, flat groups) by role.

    All rewards in a flat group are equal, so that it teaches a policy gradient nothing. A
    student's group is its attempts with one lesson. A teacher's is its lessons of one
    match; those that were stopped at the gate all have the same payoff.
    """
    gains_by_match = defaultdict(set)
    for lesson in facts.lessons:
        gains_by_match[lesson.match].add(lesson.gain)
    groups = sum(lesson.gain is not None for lesson in facts.lessons)
    flat = sum(lesson.is_flat for lesson in facts.lessons)
    flat_matches = sum(len(gains) == 1 for gains in gains_by_match.values())
    return {
        "student": (groups, flat),
        "teacher": (len(gains_by_match), flat_matches),
    }
