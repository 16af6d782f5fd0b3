"""Lessons: which problems are taught, and what the teacher writes on them.

Axes: M matches, N lessons per match, X worked examples per lesson.
"""

from collections.abc import Sequence
from itertools import product
from random import Random

from docendo.errors import UserError
from docendo.interfaces import Standings
from docendo.records import Completion, Lesson, Match, Problem, Rollout, TaskType
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec, by_group

__all__ = ["choose_different", "draw_other_problem", "write_lessons"]

_POOL = 16
"""Problems that each example is chosen from, where they are chosen to differ."""
_MAX_RECORD = 12
"""Kinds of problems that a teacher is told of at most."""


def write_lessons(
    room: Classroom, matches_M: Sequence[Match], standings: Standings, seed: int
) -> list[list[Lesson]]:
    """N lessons for each match, all on the same X teaching problems."""
    problems_MX = []
    for m, match in enumerate(matches_M):
        problems_MX.append(_draw_taught(room, match, seed_for(seed, "teaching", m)))
    tries_MX = _ask_students(room, matches_M, problems_MX, seed)

    sampled: list[RolloutSpec] = []
    copied: list[RolloutSpec] = []
    lessons_N = range(room.rules.written)
    for m, match in enumerate(matches_M):
        specs = copied if match.teacher in room.oracles else sampled
        record = _read_record(room, match, standings)
        mistakes_X = Lesson(problems_MX[m], (), tries_MX[m]).mistakes
        asked_X = zip(problems_MX[m], mistakes_X, strict=True)
        # all N lessons are about the same problems, so that only their text differs
        for n, (x, (problem, mistake)) in product(lessons_N, enumerate(asked_X)):
            spec = RolloutSpec(
                agent=match.teacher,
                problem=problem,
                lesson=None,
                purpose="lesson",
                seed=seed_for(seed, "lesson", m, n, x),
                group=(m, n),
                mistake=mistake,
                record=record,
            )
            specs.append(spec)

    examples = by_group(sampled, room.roll_out(sampled, room.rules.temperature))
    # an oracle's lessons are worked solutions, bare answers where there are none
    solutions = [Completion(spec.problem.worked) for spec in copied]
    examples |= by_group(copied, room.grade(copied, solutions))

    lessons_MN = []
    for m, problems_X in enumerate(problems_MX):
        lessons_MN.append(
            [Lesson(problems_X, examples[m, n], tries_MX[m]) for n in lessons_N]
        )
    return lessons_MN


def choose_different(problems: Sequence[Problem], count: int) -> tuple[Problem, ...]:
    """The first problem, and then always the one that is farthest from those chosen already.

    Farthest-first traversal (Gonzalez 1985). The distance of two prompts is that of Jaccard, one
    minus the share of their groups of three characters that both have.
    """
    chosen, *others = problems
    shingles = {problem.key: _shingles(problem.prompt) for problem in problems}
    distances = dict.fromkeys((problem.key for problem in others), 1.0)
    selected = [chosen]
    while others and len(selected) < count:
        for problem in others:
            first, second = shingles[selected[-1].key], shingles[problem.key]
            distance = 1 - len(first & second) / max(1, len(first | second))
            distances[problem.key] = min(distances[problem.key], distance)
        farthest = max(others, key=lambda problem: distances[problem.key])
        others.remove(farthest)
        selected.append(farthest)
    return tuple(selected)


def draw_other_problem(
    room: Classroom, match: Match, others: Sequence[Problem], seed: int
) -> Problem:
    """A training problem of the match's task type that is none of `others`."""
    keys = {problem.key for problem in others}
    # drawn problems differ, so one more than there are keys always leaves a new one
    source = room.sources[match.domain]
    drawn = source.draw(match.family, match.level, len(keys) + 1, seed, "train")
    return next(problem for problem in drawn if problem.key not in keys)


def _draw_taught(room: Classroom, match: Match, seed: int) -> tuple[Problem, ...]:
    """X teaching problems; an oracle's have a worked solution wherever any has."""
    count = room.rules.examples
    is_diverse = room.rules.options.diverse
    size = _POOL * count if is_diverse else count
    solved = room.solved_problems.get(match.task_type)
    if solved and match.teacher in room.oracles:
        pool = Random(seed).sample(solved, min(size, len(solved)))
    else:
        pool = _draw_up_to(room, match, size, seed)
    return choose_different(pool, count) if is_diverse else tuple(pool)


def _draw_up_to(room: Classroom, match: Match, size: int, seed: int) -> list[Problem]:
    """`size` training problems of the match's task type; fewer where there are not so many."""
    source = room.sources[match.domain]
    while size > room.rules.examples:
        try:
            return source.draw(match.family, match.level, size, seed, "train")
        except UserError:
            size = max(room.rules.examples, size // 2)
    return source.draw(match.family, match.level, size, seed, "train")


def _ask_students(
    room: Classroom,
    matches_M: Sequence[Match],
    problems_MX: Sequence[Sequence[Problem]],
    seed: int,
) -> list[tuple[Rollout, ...]]:
    """The students' own answers to what they are to be taught; the usage is booked as "try"."""
    if not room.rules.options.correction:
        return [()] * len(matches_M)
    specs = []
    for m, match in enumerate(matches_M):
        for x, problem in enumerate(problems_MX[m]):
            spec_seed = seed_for(seed, "try", m, x)
            specs.append(
                RolloutSpec(match.student, problem, None, "try", spec_seed, (m, None))
            )
    tries = by_group(specs, room.roll_out(specs, room.rules.temperature))
    return [tries[m, None] for m in range(len(matches_M))]


def _read_record(
    room: Classroom, match: Match, standings: Standings
) -> list[tuple[str, float | None]]:
    """How often the student is right by itself: at what is taught first, then where most is known."""
    if not room.rules.options.show_record:
        return []
    levels = room.sources[match.domain].levels
    task_types = [
        TaskType(match.domain, family, level)
        for family, of_family in levels.items()
        for level in of_family
    ]
    rates = standings.rates_unaided([match.student], task_types)
    known = sorted(
        zip(task_types, rates.evidence_N.tolist(), rates.mean_N.tolist(), strict=True),
        key=lambda row: (row[0] != match.task_type, -row[1]),
    )

    record: list[tuple[str, float | None]] = []
    for task_type, evidence, rate in known[:_MAX_RECORD]:
        if evidence or task_type == match.task_type:
            kind = f"{task_type.family}, level {task_type.level}"
            record.append((kind, rate if evidence else None))
    return record


def _shingles(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))}
