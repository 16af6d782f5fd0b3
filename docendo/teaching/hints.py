"""Hints that grow: the student sees a third of a lesson, then two thirds, then all of it.

It answers the test once after each part, up to the first right answer. All attempts that count
are then sampled anew after that part: the answer that chose it would make it look better than it
is. A part of a lesson was written before the test existed, as the lesson was, and has nothing that
the lesson has not.

Axes: M matches, K lessons that are shown per match.
"""

from collections.abc import Mapping, Sequence

from docendo.records import Lesson, Match, Problem, Rollout
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec

__all__ = ["try_hints"]


def try_hints(
    room: Classroom,
    matches_M: Sequence[Match],
    shown_MK: Sequence[Mapping[int, Lesson]],
    tests_M: Sequence[Problem],
    seed: int,
) -> dict[tuple[int, int], tuple[Rollout, ...]]:
    """By match and lesson: one answer after each part that is not yet the whole lesson.

    The last one is the first right one. Lessons that cannot be cut have none; nothing has any
    where the rules have no hints. The usage is booked as "hint".
    """
    hints: dict[tuple[int, int], tuple[Rollout, ...]] = {}
    waiting: dict[tuple[int, int], Sequence[Lesson]] = {}
    if room.rules.options.growing_hints:
        for m, lessons in enumerate(shown_MK):
            waiting |= {(m, k): lesson.parts[:-1] for k, lesson in lessons.items()}

    while waiting := {place: parts for place, parts in waiting.items() if parts}:
        specs = []
        for (m, k), parts in waiting.items():
            student, test = matches_M[m].student, tests_M[m]
            spec_seed = seed_for(seed, "hint", m, k, len(parts))
            specs.append(RolloutSpec(student, test, parts[0], "hint", spec_seed))

        # one batch for all lessons that have not sufficed yet
        answers = room.roll_out(specs, room.rules.temperature)
        for place, answer in zip(list(waiting), answers, strict=True):
            hints[place] = (*hints.get(place, ()), answer)
            is_right = answer.verdict.score >= 1
            waiting[place] = () if is_right else waiting[place][1:]
    return hints
