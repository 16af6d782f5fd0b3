"""What agents are finetuned on: own worked solutions, and demonstrations of others."""

from dataclasses import replace

import pytest

from docendo.loop import finetune
from docendo.records import (
    TaskType,
)
from docendo.school import Expert
from tests.school_toys import (
    FAMILIES,
    OWN,
    CountingLearner,
    foreign,
    make,
    shown_before,
    task,
    taught,
    trained_on,
    with_arena,
)
from tests.toys import (
    ANN,
    BOB,
    BY_THE_BOOK,
    CAT,
    Few,
    Sums,
    asked,
    schedule,
)


def test_finetuning_uses_worked_solutions_of_the_own_domain_only() -> None:
    school = make()
    rounds = list(finetune(school, range(3), 20, seed=1))
    assert [(r.index, r.episodes, r.practice, r.metrics) for r in rounds] == [
        (i, (), (), {"samples/policy": 0, "samples/sft": 40}) for i in range(3)
    ]
    for example in trained_on(school):
        assert task(example).domain == OWN[example.agent]
        assert example.text.startswith(BY_THE_BOOK)
        assert example.messages[0].content == f"You are {example.agent}."
    assert school.classroom.engine.batches == [], "nobody is asked anything"


def test_without_worked_solutions_the_answers_are_studied() -> None:
    school = make()
    bare = [replace(p, solution="") for p in Sums().draw("small", 1, 50, 0, "train")]
    sources = {"sums": Few(bare), "plums": Sums("plums", FAMILIES)}
    ann = Expert(ANN, [TaskType("sums", "small", 1)])
    list(
        finetune(
            replace(
                school, experts=[ann], classroom=replace(school.classroom, sources=sources)
            ),
            range(1),
            8,
            seed=1,
        )
    )
    assert {e.text for e in trained_on(school)} <= {f"Answer: {p.answer}" for p in bare}
    assert len(trained_on(school)) == 8


def test_every_family_of_a_domain_is_studied_equally_often() -> None:
    school = make()
    list(finetune(school, range(1), 20, seed=1))
    kinds = [(task(e).family, task(e).level) for e in trained_on(school) if e.agent == ANN]
    assert {kinds.count(k) for k in kinds} == {5}
    assert len(set(kinds)) == 4


def test_every_finetuning_round_has_its_own_problems_and_learning_rate() -> None:
    learners = [CountingLearner(), CountingLearner()]
    list(finetune(make(sft_learner=learners.__getitem__), range(2), 5, seed=1))
    first, second = ([e.messages[-1] for e in one.rounds[0][1]] for one in learners)
    assert len(first) == len(second) == 10
    assert first != second


@pytest.mark.parametrize(
    ("share", "least", "most"), [(0.0, 0, 0), (0.5, 60, 130), (1.0, 195, 200)]
)
def test_a_share_of_the_finetuning_examples_follow_a_worked_example(
    share, least, most
) -> None:
    school = make(schedule=schedule(one_shot_fraction=share))
    list(finetune(school, range(2), 50, seed=1))
    with_one = [e for e in trained_on(school) if len(e.messages) == 4]
    assert least <= len(with_one) <= most
    assert all(len(e.messages) in (2, 4) for e in trained_on(school))
    for e in with_one:
        shown = asked(e.messages[1].content)
        assert (shown.domain, shown.family, shown.level) == (
            task(e).domain,
            task(e).family,
            task(e).level,
        )
        assert shown_before(e) == [shown.solution] != [task(e).solution]


def test_rehearsal_may_have_its_own_share_after_a_worked_example() -> None:
    school = make(schedule=schedule(one_shot_fraction=1.0, rehearsal_one_shot_fraction=0.0))
    taught(school)
    rehearsed = [e for e in trained_on(school) if e.text.startswith(BY_THE_BOOK)]
    assert {len(e.messages) for e in rehearsed} == {2}
    assert {len(e.messages) for e in foreign(school)} == {4}


def test_rehearsal_uses_the_agents_own_domain_only() -> None:
    school = make()
    taught(school)
    rehearsed = [e for e in trained_on(school) if e.text.startswith(BY_THE_BOOK)]
    assert len(rehearsed) == 4 * 2 * 6
    assert all(task(e).domain == OWN[e.agent] for e in rehearsed)


def test_a_student_imitates_agents_and_never_the_source_of_problems() -> None:
    school = make()
    rounds = taught(school)
    episodes = [e for r in rounds for e in r.episodes]
    written = {
        a.completion.text for e in episodes for a in (*e.lesson.examples, *e.attempts)
    }
    imitated = foreign(school)
    assert {e.agent for e in imitated} == {ANN, BOB, CAT}
    assert any(shown_before(e) for e in imitated)
    for example in imitated:
        assert {example.text, *shown_before(example)} <= written
        questions = [m.content for m in example.messages if m.role == "user"]
        assert len(set(questions)) == len(questions), "nothing follows itself"


def test_a_student_imitates_its_attempt_without_the_lesson_in_the_prompt() -> None:
    school = make(schedule=schedule(matches=8, one_shot_fraction=0.0))
    taught(school)
    assert {len(e.messages) for e in foreign(school)} == {2}
    assert any("carry" in e.text for e in foreign(school))


def test_useful_demonstrations_are_imitated_at_once_and_again_in_later_rounds() -> None:
    school = make()
    first = taught(school)[0]
    notes = {e.text for e in school.learner.rounds[0][1] if task(e).domain != OWN[e.agent]}
    assert notes <= {
        a.completion.text for e in first.episodes for a in (*e.lesson.examples, *e.attempts)
    }
    assert notes & {e.text for _, examples in school.learner.rounds[1:] for e in examples}


def test_a_student_without_a_domain_imitates_only() -> None:
    school = make()
    rounds = taught(school)
    assert not any(p.agent == CAT for r in rounds for p in r.practice)
    assert {task(e).domain for e in trained_on(school) if e.agent == CAT} == {
        "sums",
        "plums",
    }
    assert not any(
        e.text.startswith(BY_THE_BOOK) for e in trained_on(school) if e.agent == CAT
    )


def test_players_study_how_moves_are_written() -> None:
    school = with_arena()
    list(finetune(school, range(1), 20, seed=1))
    moves = [e for e in trained_on(school) if "Poker" in e.messages[-1].content]
    assert [sum(e.agent == a for e in moves) for a in (ANN, BOB, CAT)] == [10, 10, 10]
    assert {e.text for e in moves} <= {
        f"Answer: {move}" for move in ("check", "bet", "fold", "call")
    }
