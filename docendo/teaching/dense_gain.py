"""The dense gain of a lesson: how much likelier it makes a known right answer.

One scoring pass says of every lesson what else takes several attempts. It is measured on a trial
problem, never on the test: whoever chooses a lesson by the test's own answer chooses the luckiest
one, and the gain that is then measured promises more than a new problem holds.

Axes: M matches, N lessons that were written per match.
"""

from collections.abc import Sequence
from statistics import fmean

from docendo.records import Example, Lesson, Match, Problem, Trial
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec
from docendo.teaching.lessons import draw_other_problem

__all__ = ["choose_lessons", "try_lessons"]


def try_lessons(
    room: Classroom,
    matches_M: Sequence[Match],
    lessons_MN: Sequence[Sequence[Lesson]],
    seed: int,
) -> list[list[Trial | None]]:
    """The trial of every lesson that may be shown.

    None where nothing is scored, where no right answer is known, and for what does not fit the
    model. The usage is booked as "dense_gain".
    """
    trials_MN: list[list[Trial | None]] = [[None] * len(lessons) for lessons in lessons_MN]
    if room.scorer is None:
        return trials_MN

    problems: dict[int, Problem] = {}
    places: list[tuple[int, int | None]] = []
    examples = []
    for m, match in enumerate(matches_M):
        taught = lessons_MN[m][0].problems
        problem = _draw_trial(room, match, taught, seed_for(seed, "trial", m))
        if problem is None:
            continue

        problems[m] = problem
        for n, lesson in [(None, None), *enumerate(lessons_MN[m])]:
            if lesson is None or room.rules.lets_through(lesson):
                spec = RolloutSpec(match.student, problem, lesson, "dense_gain", seed)
                # the student's own probability, by teacher forcing: nobody reads this answer
                examples.append(Example(match.student, room.prompt(spec), problem.worked))
                places.append((m, n))

    # one call for all lessons, so that the engine batches them
    logprobs = room.scorer.score(examples, "dense_gain") if examples else []
    means = {place: fmean(row) for place, row in zip(places, logprobs, strict=True) if row}
    for (m, n), mean in means.items():
        if n is not None and (m, None) in means:
            trials_MN[m][n] = Trial(problems[m], mean - means[m, None])
    return trials_MN


def choose_lessons(
    room: Classroom, lessons_N: Sequence[Lesson], trials_N: Sequence[Trial | None]
) -> list[int]:
    """Which lessons of a match are shown, in order: the K of the highest dense gain.

    Of lessons with equal gains, and of those without one, the first ones.
    """
    eligible = [n for n, lesson in enumerate(lessons_N) if room.rules.lets_through(lesson)]

    def dense_gain(n: int) -> float:
        trial = trials_N[n]
        return -float("inf") if trial is None else trial.gain

    # sorting is stable, in reverse, too
    best = sorted(eligible, key=dense_gain, reverse=True)
    return sorted(best[: room.rules.lessons])


def _draw_trial(
    room: Classroom, match: Match, taught: Sequence[Problem], seed: int
) -> Problem | None:
    """A problem whose right answer is known; None where there is no such one."""
    # where worked solutions are few, a trial knows no more of them than training does
    solved = room.solved_problems.get(match.task_type)
    if solved is None:
        problem = draw_other_problem(room, match, taught, seed)
        return problem if problem.solution or problem.answer else None

    taught_keys = {problem.key for problem in taught}
    others = [problem for problem in solved if problem.key not in taught_keys]
    return others[seed % len(others)] if others else None
