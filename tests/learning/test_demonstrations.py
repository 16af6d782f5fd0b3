import json
from collections import Counter
from dataclasses import replace

import pytest

from docendo.learning.demonstrations import (
    Demonstration,
    DemonstrationBuffer,
    collect_lesson_demonstrations,
    collect_practice_demonstrations,
)
from docendo.learning.groups import Practice
from docendo.records import AgentId, Problem, TaskType
from tests.toys import ANN, BOB, CAT, attempt, episode, lesson, match, problem


def note(
    n: int, text: str = "worked", domain: str = "sums", family: str = "small"
) -> Demonstration:
    return problem(n, domain, family), text


def filled(*families: str, each: int = 4) -> DemonstrationBuffer:
    buffer = DemonstrationBuffer()
    buffer.add(
        [(ANN, note(n, f"note {n}", family=f)) for f in families for n in range(each)]
    )
    return buffer


def test_a_lesson_that_helped_and_the_right_attempts_after_it_are_imitated() -> None:
    helped = episode(scores=(0, 1, 1), expected=0.25, lesson=lesson(1, 1), test=500)
    assert collect_lesson_demonstrations([helped]) == [
        (BOB, (problem(0), "lesson 0")),
        (BOB, (problem(1), "lesson 1")),
        (BOB, (problem(500), "attempt 1")),
    ]


def test_a_lesson_that_changed_nothing_is_imitated_but_not_the_attempts() -> None:
    useless = episode(scores=(1, 0), expected=0.5)
    assert collect_lesson_demonstrations([useless]) == [(BOB, (problem(0), "lesson 0"))]


def test_what_is_imitated_keeps_its_thinking() -> None:
    rollout = attempt(1, "Answer: 4")
    raw = "<think>2 and 2</think>Answer: 4"
    thought = rollout._replace(completion=replace(rollout.completion, raw=raw))
    practice = [Practice(ANN, problem(0), [thought])]
    assert collect_practice_demonstrations(practice, {ANN: [ANN]}) == [
        (ANN, (problem(0), raw))
    ]


def test_neither_a_lesson_that_hurt_nor_right_attempts_after_it_are_imitated() -> None:
    assert collect_lesson_demonstrations([episode(scores=(1, 0), expected=0.75)]) == []


def test_a_lesson_that_the_gate_stopped_is_not_imitated() -> None:
    assert (
        collect_lesson_demonstrations([episode(scores=(), expected=0.0, lesson=lesson(0))])
        == []
    )


def test_without_a_gate_right_attempts_after_a_wrong_lesson_are_imitated() -> None:
    wrong = episode(scores=(1,), expected=0.25, lesson=lesson(0), test=500)
    assert collect_lesson_demonstrations([wrong]) == [(BOB, (problem(500), "attempt 0"))]


def test_an_attempt_that_is_only_partly_right_is_not_imitated() -> None:
    assert [
        text
        for _, (_, text) in collect_lesson_demonstrations(
            [episode(scores=(0.5, 0.9), expected=0.0)]
        )
    ] == ["lesson 0"]


def test_only_the_student_may_imitate_its_lessons() -> None:
    demonstrations = collect_lesson_demonstrations(
        [episode(match=match(ANN, BOB)), episode(match=match(ANN, CAT))]
    )
    assert {agent for agent, _ in demonstrations} == {BOB, CAT}


def practised(*scores: float, agent: AgentId = ANN) -> Practice:
    return Practice(
        agent,
        problem(7),
        tuple(attempt(score, f"answer {i}") for i, score in enumerate(scores)),
    )


def test_the_first_right_practice_answer_goes_to_the_recipients_of_its_author() -> None:
    demonstrations = collect_practice_demonstrations(
        [practised(0, 1, 1), practised(1, agent=BOB)], {ANN: [ANN, CAT]}
    )
    assert demonstrations == [
        (ANN, (problem(7), "answer 1")),
        (CAT, (problem(7), "answer 1")),
    ]


def test_practice_without_a_fully_right_answer_is_not_imitated() -> None:
    assert collect_practice_demonstrations([practised(0, 0.9)], {ANN: [ANN]}) == []


def test_a_problem_has_one_solution_the_newest() -> None:
    buffer = DemonstrationBuffer()
    buffer.add([(ANN, note(1, "old")), (ANN, note(2)), (ANN, note(1, "new"))])
    assert set(buffer.sample(ANN, 9, seed=0)) == {note(1, "new"), note(2)}


def test_the_oldest_demonstrations_of_a_full_family_are_dropped_first() -> None:
    buffer = DemonstrationBuffer(size=3)
    buffer.add([(ANN, note(n)) for n in range(3)])
    buffer.add([(ANN, note(0, "again")), (ANN, note(3)), (ANN, note(0, family="large"))])
    sampled = buffer.sample(ANN, 9, seed=0)
    assert {p.prompt for p, _ in sampled if p.family == "small"} == {
        problem(n).prompt for n in (2, 0, 3)
    }
    assert [p for p, _ in sampled if p.family == "large"] == [problem(0, family="large")], (
        "another family has its own room"
    )


def test_demonstrations_are_counted_by_task_type() -> None:
    buffer = filled("small", "large", each=3)
    buffer.add(
        [
            (ANN, note(7, domain="plums")),
            (BOB, note(8)),
            (ANN, note(7, "again", domain="plums")),
        ]
    )
    small, large, plums = (
        TaskType("sums", "small", 1),
        TaskType("sums", "large", 1),
        TaskType("plums", "small", 1),
    )
    assert buffer.count_by_task_type(ANN) == {small: 3, large: 3, plums: 1}
    assert buffer.count_by_task_type(CAT) == {}


def test_the_same_seed_draws_the_same_demonstrations() -> None:
    buffer = filled("small", "large", each=20)
    assert buffer.sample(ANN, 8, seed=1) == buffer.sample(ANN, 8, seed=1)
    assert buffer.sample(ANN, 8, seed=1) != buffer.sample(ANN, 8, seed=2)


def test_families_take_turns_until_one_is_exhausted() -> None:
    buffer = filled("small", "large", "huge", each=4)
    buffer.add([(ANN, note(n, family="small")) for n in range(10, 20)])
    families = [p.family for p, _ in buffer.sample(ANN, 16, seed=5)]
    assert all(
        set(families[i : i + 3]) == {"small", "large", "huge"} for i in range(0, 12, 3)
    )
    assert families[12:] == ["small"] * 4


def test_no_demonstration_is_drawn_twice_however_large_the_count() -> None:
    demonstrations = filled("small", "large").sample(ANN, 100, seed=1)
    assert len(demonstrations) == len({p.key for p, _ in demonstrations}) == 8


def test_the_newer_half_of_a_families_demonstrations_is_drawn_twice_as_often() -> None:
    buffer = filled("small", each=2)
    first = Counter(buffer.sample(ANN, 1, seed)[0][1] for seed in range(3000))
    assert first["note 1"] / 3000 == pytest.approx(2 / 3, abs=0.03)


def test_an_agent_without_demonstrations_draws_nothing() -> None:
    assert filled("small").sample(BOB, 5, seed=1) == []
    assert filled("small").sample(ANN, 0, seed=1) == []


def test_a_buffer_comes_back_from_json_in_the_same_order() -> None:
    buffer, fresh = DemonstrationBuffer(size=3), DemonstrationBuffer(size=3)
    tested = Problem(
        "code", "f", 1, "Write f.", "x + 1", tests=("f(1) == 2", "f(2) == 3"), source="toy"
    )
    buffer.add([(ANN, note(n)) for n in (2, 0, 1)])
    buffer.add(
        [(BOB, (tested, "x + 1")), (ANN, note(5, family="large")), (ANN, note(0, "newer"))]
    )
    fresh.restore(json.loads(json.dumps(buffer.state())))
    assert fresh == buffer
    for one in (buffer, fresh):
        one.add([(ANN, note(9))])
    assert fresh.state() == buffer.state()
    assert [fresh.sample(a, 9, seed=3) for a in (ANN, BOB)] == [
        buffer.sample(a, 9, seed=3) for a in (ANN, BOB)
    ]


def test_a_restored_buffer_drops_its_former_contents() -> None:
    buffer = filled("small")
    buffer.restore([])
    assert buffer == DemonstrationBuffer()


def test_demonstrations_are_drawn_by_the_weights_of_their_task_types() -> None:
    buffer = DemonstrationBuffer()
    buffer.add(
        [
            (BOB, (problem(i, family=f), "right"))
            for f in ("small", "large")
            for i in range(40)
        ]
    )
    small, large = (TaskType("sums", f, 1) for f in ("small", "large"))
    assert buffer.task_types_of(BOB) == [small, large]
    sampled = [
        n
        for seed in range(50)
        for n in buffer.sample(BOB, 10, seed, {small: 0.9, large: 0.1})
    ]
    share = sum(p.family == "small" for p, _ in sampled) / len(sampled)
    assert share == pytest.approx(0.9, abs=0.05)
    everything = buffer.sample(BOB, 100, 0, {small: 0.9, large: 0.1})
    assert len({p.key for p, _ in everything}) == len(everything) == 80, (
        "when one kind is used up the other goes on"
    )
    assert buffer.sample(ANN, 5, 0, {}) == []
