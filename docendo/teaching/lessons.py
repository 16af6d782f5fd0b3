"""Lessons: which problems are taught, and what the teacher writes on them.

Axes: M matches, N lessons per match, X worked examples per lesson.
"""

from collections.abc import Sequence
from itertools import product
from random import Random

from docendo.records import Completion, Lesson, Match, Problem
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec, by_group

__all__ = ["draw_other_problem", "write_lessons"]


def write_lessons(
    room: Classroom, matches_M: Sequence[Match], seed: int
) -> list[list[Lesson]]:
    """N lessons for each match, all on the same X teaching problems."""
    problems_MX = []
    sampled: list[RolloutSpec] = []
    copied: list[RolloutSpec] = []
    lessons_N = range(room.rules.written)
    for m, match in enumerate(matches_M):
        problems_X = _draw_taught(room, match, seed_for(seed, "teaching", m))
        problems_MX.append(problems_X)
        specs = copied if match.teacher in room.oracles else sampled
        # all N lessons are about the same problems, so that only their text differs
        for k, (x, problem) in product(lessons_N, enumerate(problems_X)):
            spec_seed = seed_for(seed, "lesson", m, k, x)
            spec = RolloutSpec(match.teacher, problem, None, "lesson", spec_seed, (m, k))
            specs.append(spec)

    examples = by_group(sampled, room.roll_out(sampled, room.rules.temperature))
    # an oracle's lessons are worked solutions, bare answers where there are none
    solutions = [Completion(spec.problem.worked) for spec in copied]
    examples |= by_group(copied, room.grade(copied, solutions))

    lessons_MN = []
    for m, problems_X in enumerate(problems_MX):
        lessons_MN.append([Lesson(problems_X, examples[m, k]) for k in lessons_N])
    return lessons_MN


def _draw_taught(room: Classroom, match: Match, seed: int) -> tuple[Problem, ...]:
    """X teaching problems; an oracle's have a worked solution wherever any has."""
    count = room.rules.examples
    solved = room.solved_problems.get(match.task_type)
    if solved and match.teacher in room.oracles:
        return tuple(Random(seed).sample(solved, min(count, len(solved))))
    source = room.sources[match.domain]
    return tuple(source.draw(match.family, match.level, count, seed, "train"))


def draw_other_problem(
    room: Classroom, match: Match, others: Sequence[Problem], seed: int
) -> Problem:
    """A training problem of the match's task type that is none of `others`."""
    keys = {problem.key for problem in others}
    # drawn problems differ, so one more than there are keys always leaves a new one
    source = room.sources[match.domain]
    drawn = source.draw(match.family, match.level, len(keys) + 1, seed, "train")
    return next(problem for problem in drawn if problem.key not in keys)
