"""Snapshots, anchors and oracles in rounds of the loop."""

from dataclasses import replace

from docendo.loop import group_rollouts
from docendo.records import (
    AgentId,
    TaskType,
    TeachingOption,
    is_frozen_copy,
)
from tests.school_toys import BOOK, RULES, apart, lively, make, taught, trained_on
from tests.toys import (
    ANN,
    BOB,
    BY_THE_BOOK,
    CAT,
    duel,
)


def test_reference_snapshots_are_taken_before_the_first_round_with_matches() -> None:
    school = apart(**lively())
    first = taught(school, rounds=3, first_matched_round=2)[-1]
    assert [b.name for b in first.births if b.how == "reference"] == [
        "ann@1",
        "bob@1",
        "cat@1",
    ]


def test_anchors_are_copied_before_the_first_round_and_taught_in_every_one() -> None:
    school = make(**lively())
    for r in taught(school, rounds=4):
        taught_anchors = [e for e in r.episodes if is_frozen_copy(e.match.student)]
        assert {e.match.student for e in taught_anchors} <= {"ann@-1", "bob@-1", "cat@-1"}
        assert len(taught_anchors) == 2 * RULES.lessons
        assert "gain/reference_students" in r.metrics
    assert school.backend.log[:3] == [("snapshot", a, f"{a}@-1") for a in (ANN, BOB, CAT)]


def test_snapshots_are_added_removed_and_teach_but_are_not_trained() -> None:
    school = make(**lively())
    rounds = taught(school, rounds=6)
    assert [[b.name for b in r.births] for r in rounds[1:]] == [
        ["ann@1", "bob@1", "cat@1"]
        if i == 1
        else [f"{a}@{i}" for a in (ANN, BOB, CAT)]
        if i % 2
        else []
        for i in range(1, 6)
    ]
    assert ("remove", "ann@1") in school.backend.log, "one snapshot is kept"
    assert {e.match.teacher for r in rounds for e in r.episodes} > {"ann@1", "bob@1"}
    learned = {c.agent for earned, _ in school.learner.rounds for c in earned} | {
        e.agent for e in trained_on(school)
    }
    assert learned == {ANN, BOB, CAT}
    assert set(school.demonstrations.demonstrations) <= {ANN, BOB, CAT}


def test_an_oracle_teaches_with_worked_solutions_and_samples_nothing() -> None:
    courses = [TeachingOption(TaskType("sums", "small", 1), (BOOK,), (CAT,))]
    school = make(teaching_options=courses)
    instructions = {**school.classroom.instructions, BOOK: ""}
    room = replace(school.classroom, oracles=frozenset({BOOK}), instructions=instructions)
    (played,) = taught(replace(school, classroom=room), rounds=1)
    assert all(e.lesson.passed for e in played.episodes)
    assert {
        BY_THE_BOOK in a.completion.text for e in played.episodes for a in e.lesson.examples
    } == {True}
    assert BOOK not in {r.agent for r in room.engine.requests}
    assert BOOK not in {c.agent for earned, _ in school.learner.rounds for c in earned}


def test_frozen_copies_and_scripted_players_have_no_groups() -> None:
    duels = [duel("bet", "call", second=AgentId("ann@3"))] * 2
    duels += [duel("bet", "call", first=AgentId("always-bet"))] * 2
    groups = group_rollouts(make(), (), duels=duels)
    assert [(group.agent, group.role) for group in groups] == [
        (ANN, "first player"),
        (BOB, "second player"),
    ]
