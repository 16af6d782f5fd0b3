import inspect
from typing import get_type_hints

import pytest

from docendo import prompts
from docendo.prompts import INSTRUCTION, lesson_prompt, move_prompt, solve_prompt
from docendo.records import Message, Problem, Request
from docendo.teaching.game import play_matches
from tests.teaching.toys import Known
from tests.toys import (
    ANN,
    BOB,
    CAT,
    Sums,
    classroom,
    match,
    problem,
    right,
    said,
    teaching_rules,
    wrong,
)


def test_a_bare_question_follows_the_instruction() -> None:
    assert solve_prompt("2 + 2?", "Be brief.") == (
        Message("system", "Be brief."),
        Message("user", "2 + 2?"),
    )
    assert solve_prompt("2 + 2?")[0] == Message("system", INSTRUCTION)


def test_worked_examples_are_earlier_turns_in_the_order_given() -> None:
    assert lesson_prompt(
        [("1 + 1?", "Answer: 2"), ("1 + 2?", "Answer: 3")], "2 + 2?", "Be brief."
    ) == (
        Message("system", "Be brief."),
        Message("user", "1 + 1?"),
        Message("assistant", "Answer: 2"),
        Message("user", "1 + 2?"),
        Message("assistant", "Answer: 3"),
        Message("user", "2 + 2?"),
    )


def test_without_examples_a_prompt_is_the_bare_question() -> None:
    assert lesson_prompt([], "2 + 2?") == solve_prompt("2 + 2?")


def test_a_turn_of_a_game_lists_the_legal_moves_as_they_are_to_be_written() -> None:
    assert move_prompt(
        "Higher wins.", "Your card: 5.", ["stay", "go", "ask"], "Be brief."
    ) == solve_prompt(
        "Higher wins.\nYour card: 5.\nWrite 'Answer: stay' or 'Answer: go' or 'Answer: ask'.",
        "Be brief.",
    )


@pytest.mark.parametrize(
    "name", [n for n in prompts.__all__ if callable(getattr(prompts, n))]
)
def test_a_prompt_is_made_of_strings_and_never_of_a_problem(name: str) -> None:
    hints = get_type_hints(getattr(prompts, name))
    assert set(hints) >= set(inspect.signature(getattr(prompts, name)).parameters)
    assert "Problem" not in str(hints)


@pytest.mark.parametrize(
    "script", [right, wrong, lambda r: right(r) if r.seed % 2 else wrong(r)]
)
@pytest.mark.parametrize("examples", [1, 2, 3])
def test_no_prompt_holds_the_answer_or_the_solution_of_the_problem_it_asks(
    script, examples
) -> None:
    sources = {"sums": Sums(families=("small", "large"))}
    room = classroom(script, teaching_rules(examples=examples), sources=sources)
    pairs = [
        match(ANN, BOB),
        match(ANN, CAT),
        match(CAT, BOB)._replace(family="large", level=2),
    ]
    asked: dict[str, Problem] = {}
    for seed in range(20):
        for e in play_matches(room, 0, pairs, Known(), seed):
            asked |= {p.prompt: p for p in (e.test, *e.lesson.problems)}
    assert len(room.engine.requests) >= 20 * 3 * (2 * examples + 4)
    for request in room.engine.requests:
        wanted = asked[request.messages[-1].content]
        assert wanted.answer not in said(request)
        assert wanted.solution not in said(request)


def test_the_search_for_leaks_finds_a_planted_leak() -> None:
    """The toy's answers are unusual: 31415 and up, in no prompt by chance."""
    p = problem(7)
    leak = Request(ANN, lesson_prompt([(p.prompt, p.solution)], p.prompt), 0)
    assert p.answer == "31422"
    assert p.answer in said(leak)
    assert p.answer not in said(Request(ANN, solve_prompt(p.prompt), 0))


def test_a_correction_is_asked_for_after_the_answer_that_it_corrects() -> None:
    assert prompts.correction_prompt("1 + 1?", "") == solve_prompt("1 + 1?")
    system, *turns = prompts.correction_prompt("1 + 1?", "3")
    assert system == Message("system", INSTRUCTION)
    assert [m.role for m in turns] == ["user", "assistant", "user"]
    assert [m.content for m in turns] == ["1 + 1?", "3", "1 + 1?"]
    # a student reads the same turns, and then the correction
    assert lesson_prompt([("1 + 1?", "2", "3")], "2 + 2?")[1:4] == tuple(turns)
    assert lesson_prompt([("1 + 1?", "2", "")], "2?") == lesson_prompt(
        [("1 + 1?", "2")], "2?"
    )


def test_a_record_is_told_in_words() -> None:
    rates = {
        0.0: "hardly ever",
        0.3: "seldom",
        0.5: "half the time",
        0.79: "mostly",
        1.0: "nearly always",
    }
    lines = prompts.with_record("Q", [("sums", rate) for rate in rates]).splitlines()[2:]
    assert lines == [f"sums: {words} right" for words in rates.values()]
    assert prompts.with_record("Q", [("sums", None)]).endswith("sums: not tried yet")
    assert prompts.with_record("Q", []) == "Q"
