"""The rounds of the teaching game, on toys that need no model."""

import json
from itertools import islice
from typing import Any

import pytest

from docendo.datasets.split import split_of
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.withholding import Withholding
from docendo.loop import finetune, teach
from docendo.school import Recipients, School
from tests.school_toys import (
    OWN,
    foreign,
    lively,
    make,
    shown_before,
    task,
    taught,
    trained_on,
)
from tests.toys import (
    ANN,
    BOB,
    CAT,
    asked,
    right,
    schedule,
    wrong,
)


def remembered(school: School) -> list[Any]:
    """All parts that a resumed run needs."""
    league = school.league
    return [
        league.standings,
        league.population,
        league.problem_replay,
        school.demonstrations,
        school.baseline,
    ]


def test_a_teaching_round_has_all_its_parts() -> None:
    school = make()
    rounds = taught(school)
    assert [r.index for r in rounds] == [0, 1, 2, 3]
    for r in rounds:
        assert len(r.episodes) == 8 * 3
        assert {e.round for e in r.episodes} == {r.index}
        assert [(p.agent, len(p.attempts)) for p in r.practice] == [(ANN, 4)] * 3 + [
            (BOB, 4)
        ] * 3
        assert all(p.problem.domain == OWN[p.agent] for p in r.practice)
        assert {
            "samples/policy",
            "samples/sft",
            "gate/passed",
            "gain",
            "practice/score",
        } <= set(r.metrics)
        assert {
            "groups/nonzero_variance/student",
            "groups/nonzero_variance/teacher",
            "groups/nonzero_variance/practice",
        } <= set(r.metrics)
    assert len(school.learner.rounds) == 4
    assert len(school.classroom.engine.batches) == 4 * 3, (
        "lessons, tests and practice, each in one batch"
    )


def test_rounds_are_played_one_at_a_time() -> None:
    school = make()
    rounds = teach(school, range(1000), seed=1)
    assert school.classroom.engine.batches == []
    next(rounds)
    assert len(school.classroom.engine.batches) == 3


def test_lessons_that_help_have_a_positive_gain() -> None:
    school = make()
    rounds = taught(school, rounds=6)
    for r in rounds:
        assert r.metrics["gain"] > 0.3
        assert 0.4 < r.metrics["gate/passed"] < 0.9
    for teacher, student, domain in [
        (ANN, BOB, "sums"),
        (ANN, CAT, "sums"),
        (BOB, ANN, "plums"),
        (BOB, CAT, "plums"),
    ]:
        assert (
            school.league.standings.gains([teacher], [student], domain).mean_N[0] > 0.2
        ), "less than that of shown lessons"
    assert school.league.standings.gains([BOB], [CAT], "sums").mean_N[0] == 0.0


def test_lessons_that_change_nothing_have_no_gain_and_nobody_imitates_an_attempt() -> None:
    school = make(lambda r: right(r) if r.purpose == "lesson" else wrong(r))
    rounds = taught(school)
    assert {r.metrics["gain"] for r in rounds} == {0.0}
    assert {r.metrics["groups/nonzero_variance/student"] for r in rounds} == {0.0}
    lessons = {
        a.completion.text for r in rounds for e in r.episodes for a in e.lesson.examples
    }
    assert {e.text for e in foreign(school)} <= lessons


def test_where_no_lesson_passes_the_gate_no_lesson_is_imitated() -> None:
    school = make(wrong)
    rounds = taught(school)
    assert all(r.metrics["gate/passed"] == 0 and "gain" not in r.metrics for r in rounds)
    assert foreign(school) == []
    assert all(earned == [] for earned, _ in school.learner.rounds)
    assert all({w.agent for w in r.discarded} == {ANN, BOB} for r in rounds)


@pytest.mark.parametrize("baseline", [LeaveOneOut, lambda: RunningMean(0.9)])
def test_the_same_seed_replays_the_same_rounds(baseline) -> None:
    first, again, other = (make(baseline=baseline()) for _ in range(3))
    assert taught(first) == taught(again)
    assert first.learner == again.learner
    assert taught(other, seed=2) != taught(make())


@pytest.mark.parametrize("baseline", [LeaveOneOut, lambda: RunningMean(0.9)])
@pytest.mark.parametrize("done", [1, 3])
def test_a_resumed_run_equals_the_unbroken_one(done: int, baseline) -> None:
    unbroken, before, after = (make(baseline=baseline(), **lively()) for _ in range(3))
    rounds = taught(unbroken, rounds=5)
    stopped = list(islice(teach(before, range(5), seed=1), done))
    state = json.dumps([part.state() for part in remembered(before)])
    for part, saved in zip(remembered(after), json.loads(state), strict=True):
        part.restore(saved)
    assert stopped + list(teach(after, range(done, 5), seed=1)) == rounds
    assert before.learner.rounds + after.learner.rounds == unbroken.learner.rounds
    assert [part.state() for part in remembered(after)] == [
        part.state() for part in remembered(unbroken)
    ]


def test_a_resumed_run_needs_its_standings_and_demonstrations() -> None:
    unbroken, forgetful = make(), make()
    rounds = taught(unbroken)
    assert list(teach(forgetful, range(2, 4), seed=1)) != rounds[2:]
    assert forgetful.learner.rounds != unbroken.learner.rounds[2:]


def test_no_agent_imitates_a_lesson_stopped_by_the_gate() -> None:
    school = make()
    rounds = taught(school)
    assert not all(e.lesson.passed for r in rounds for e in r.episodes)
    for example in trained_on(school):
        assert "muddle" not in example.text + "".join(shown_before(example))


def test_a_round_trains_on_no_more_than_the_schedule_says() -> None:
    school = make()
    taught(school)
    for _, examples in school.learner.rounds:
        for agent, rehearsal in [(ANN, 6), (BOB, 6), (CAT, 0)]:
            assert rehearsal <= sum(e.agent == agent for e in examples) <= rehearsal + 10


def test_agents_are_trained_only_on_their_own_completions() -> None:
    school = make()
    by_round = taught(school, rounds=1)[0]
    wrote = {ANN: set[int](), BOB: set[int](), CAT: set[int]()}
    for e in by_round.episodes:
        wrote[e.match.teacher] |= {id(a.completion) for a in e.lesson.examples}
        wrote[e.match.student] |= {id(a.completion) for a in e.attempts}
    for p in by_round.practice:
        wrote[p.agent] |= {id(a.completion) for a in p.attempts}
    (earned, _), *_ = school.learner.rounds
    assert {c.agent for c in earned} == {ANN, BOB, CAT}
    assert all(id(c.completion) in wrote[c.agent] and c.advantage for c in earned)


def test_only_training_problems_are_ever_seen() -> None:
    school = make()
    list(finetune(school, range(1), 20, seed=1))
    prompts = {
        m.content for e in trained_on(school) for m in e.messages if m.role == "user"
    }
    taught(school)
    prompts |= {r.messages[-1].content for r in school.classroom.engine.requests}
    for prompt in prompts:
        assert split_of(asked(prompt)) == "train"


@pytest.mark.parametrize(
    "schedule",
    [
        schedule(practice=0),
        schedule(practice_attempts=0),
        schedule(rehearsal=0),
        schedule(imitation=0),
    ],
    ids=str,
)
def test_any_part_of_a_round_may_be_left_out(schedule: Any) -> None:
    rounds = taught(make(schedule=schedule), rounds=2)
    assert all(r.episodes for r in rounds)
    assert all(
        bool(r.practice) == (schedule.practice * schedule.practice_attempts > 0)
        for r in rounds
    )


def test_withheld_lessons_are_played_and_never_imitated() -> None:
    withholding = Withholding(1.0, 1, {"sums": [BOB, CAT]})
    school = make(recipients=Recipients(withholding=withholding))
    rounds = taught(school)
    assert any(e.match.domain == "sums" and e.attempts for r in rounds for e in r.episodes)
    assert {task(e).domain for e in foreign(school)} == {"plums"}
