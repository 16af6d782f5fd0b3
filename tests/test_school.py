"""The state of training: who learns, and the same school before anybody meets."""

from tests.school_toys import apart, make, with_arena
from tests.toys import ANN, BOB, CAT


def test_the_learners_are_the_experts_and_mere_students() -> None:
    assert make().learners == {ANN, BOB, CAT}


def test_without_contact_everybody_keeps_to_its_own_domain() -> None:
    school = with_arena().without_contact
    assert school.schedule.matches == 0
    assert school.arena is None
    assert [expert.agent for expert in school.experts] == [ANN, BOB, CAT]
    assert all(expert.is_apart for expert in school.experts)
    assert not any(expert.practice_task_types for expert in school.experts)


def test_without_contact_the_parts_that_learn_are_shared() -> None:
    school = apart()
    alone = school.without_contact
    assert alone.demonstrations is school.demonstrations
    assert alone.learner is school.learner
    assert alone.league is school.league


def test_the_game_of_an_arena_is_that_of_its_matchmaker() -> None:
    arena = with_arena().arena
    assert arena is not None
    assert arena.game.name == arena.matchmaker.game == "kuhn"
