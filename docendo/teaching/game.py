"""The teaching game: lessons first, then a new problem, tried with each lesson and without.

Axes: M matches, N lessons that are written per match, K that are shown, X worked examples per lesson.
"""

from collections.abc import Mapping, Sequence

from docendo.interfaces import Standings
from docendo.records import Episode, Lesson, Match, Problem, Rollout, Trial
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, Rollouts, RolloutSpec, by_group
from docendo.teaching.dense_gain import choose_lessons, try_lessons
from docendo.teaching.expected_score import (
    ControlEstimate,
    estimate_drifts,
    shrink_control,
)
from docendo.teaching.hints import try_hints
from docendo.teaching.lessons import draw_other_problem, write_lessons

__all__ = ["draw_tests", "play_matches", "run_student"]


def play_matches(
    room: Classroom,
    round_index: int,
    matches_M: Sequence[Match],
    standings: Standings,
    seed: int,
) -> list[Episode]:
    """One episode per lesson; those of a match are adjacent."""
    # Lessons before tests: no teacher can write for a test that does not exist yet, and
    # nobody can choose lessons by it.
    lessons_MN = write_lessons(room, matches_M, standings, seed)
    trials_MN = try_lessons(room, matches_M, lessons_MN, seed)
    shown_MK = []
    for lessons_N, trials_N in zip(lessons_MN, trials_MN, strict=True):
        chosen = choose_lessons(room, lessons_N, trials_N)
        shown_MK.append({k: lessons_N[k] for k in chosen})

    tests_M = draw_tests(room, matches_M, lessons_MN, trials_MN, seed)
    problems_M = [test for test, _ in tests_M]
    hints = try_hints(room, matches_M, shown_MK, problems_M, seed)
    rollouts = run_student(room, matches_M, shown_MK, problems_M, hints, seed)
    expected_M = _expect_scores(room, matches_M, tests_M, rollouts, standings)

    episodes = []
    for m, match in enumerate(matches_M):
        test, is_replayed = tests_M[m]
        control = rollouts[m, None]
        for n, lesson in enumerate(lessons_MN[m]):
            episode = Episode(
                round=round_index,
                match=match,
                test=test,
                lesson=lesson,
                control=control,
                attempts=rollouts.get((m, n), ()),
                expected=expected_M[m],
                again=is_replayed,
                trial=trials_MN[m][n],
                hints=hints.get((m, n), ()),
            )
            episodes.append(episode)
    return episodes


def draw_tests(
    room: Classroom,
    matches_M: Sequence[Match],
    lessons_MN: Sequence[Sequence[Lesson]],
    trials_MN: Sequence[Sequence[Trial | None]],
    seed: int,
) -> list[tuple[Problem, bool]]:
    """A test problem for each match, and whether the student met it before.

    It has the match's task type, and another key than the lessons' problems and the trial's.
    The finished lessons and trials are arguments so that no test can be drawn before them.
    """
    tests_M = []
    for m, match in enumerate(matches_M):
        tried = [trial.problem for trial in trials_MN[m] if trial]
        used = [*lessons_MN[m][0].problems, *tried]
        tests_M.append(_draw_test(room, match, used, seed_for(seed, "test", m)))
    return tests_M


def _draw_test(
    room: Classroom, match: Match, used: Sequence[Problem], seed: int
) -> tuple[Problem, bool]:
    if room.problem_replay:
        replayed = room.problem_replay.draw(match.student, match.task_type, used, seed)
        if replayed:
            return replayed, True

    return draw_other_problem(room, match, used, seed), False


def run_student(
    room: Classroom,
    matches_M: Sequence[Match],
    shown_MK: Sequence[Mapping[int, Lesson]],
    tests_M: Sequence[Problem],
    hints: Mapping[tuple[int, int], Sequence[Rollout]],
    seed: int,
) -> Rollouts:
    """Rollouts by match and lesson, the controls under (match, None).

    `shown_MK` are the lessons to show, by their place in the match: a wrong lesson costs no
    attempts, and no student imitates it. Where there are hints, they say how much of a lesson.
    """
    specs = []
    for m, (match, test) in enumerate(zip(matches_M, tests_M, strict=True)):
        student = match.student
        for c in range(room.rules.control_attempts):
            spec_seed = seed_for(seed, "control", m, c)
            specs.append(RolloutSpec(student, test, None, "control", spec_seed, (m, None)))

        for k, lesson in shown_MK[m].items():
            part = lesson.part_after(hints.get((m, k), ()))
            for g in range(room.rules.attempts):
                spec_seed = seed_for(seed, "attempt", m, k, g)
                spec = RolloutSpec(student, test, part, "attempt", spec_seed, (m, k))
                specs.append(spec)
    # one batch, the longest part of a round: controls and attempts share the engine's slots
    return by_group(specs, room.roll_out(specs, room.rules.temperature))


def _expect_scores(
    room: Classroom,
    matches_M: Sequence[Match],
    tests_M: Sequence[tuple[Problem, bool]],
    rollouts: Rollouts,
    standings: Standings,
) -> list[float]:
    """The students' expected scores at the tests without a lesson."""
    strength = room.rules.control_shrinkage
    estimates = []
    for m, match in enumerate(matches_M):
        subject = f"{match.domain}/{match.family}"
        rate, evidence = standings.unaided_rate(match.student, subject, match.level)
        # Replay selects by outcome: the task type's rate is biased for such a problem.
        _, is_replayed = tests_M[m]
        weight = 0.0 if is_replayed else min(evidence, strength)
        estimates.append(ControlEstimate(match.student, rollouts[m, None], rate, weight))

    drifts = estimate_drifts(estimates, strength)
    return [
        shrink_control(
            estimate.control,
            rate=min(1.0, max(0.0, estimate.rate + drifts[estimate.student])),
            weight=estimate.weight,
        )
        for estimate in estimates
    ]
