"""Programs that answer what others asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from docendo.asking.verifiers import evaluate_expression, load_solver, open_verifier
from docendo.errors import UserError
from docendo.problems.user_function import load_function
from docendo.sandbox.worker import CallError

RECIPE = Path(__file__).parents[2] / "recipes" / "tariff.py"


def test_a_users_solver_answers_the_questions_that_it_knows_and_no_others() -> None:
    problems = load_function(RECIPE, "mathematics").draw("tariff", 2, 5, 1, "train")
    solve = load_solver(RECIPE)
    assert [solve(p.prompt) for p in problems] == [p.answer for p in problems]
    assert solve("Why?") is None


def test_a_verifier_is_chosen_by_its_setting() -> None:
    assert open_verifier("agreement") is None
    assert open_verifier("program") is evaluate_expression
    solve = open_verifier(str(RECIPE))
    assert solve is not None
    assert solve("Why?") is None
    with pytest.raises(UserError, match="or a Python file, got 'maybe'"):
        open_verifier("maybe")


def test_a_file_without_a_solver_function_is_refused(tmp_path: Path) -> None:
    (tmp_path / "asker.py").write_text("x = 1")
    with pytest.raises(UserError, match="has no function 'solve'"):
        load_solver(tmp_path / "asker.py")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is 12 + 30?", "42"),
        ("Ana has 3 * 4 figs and eats them. How many?", "12"),
        ("12-5", "7"),
        ("What is 1 + 2 and 3 + 4?", None),
        ("How many legs has a cow?", None),
        ("What is 7 / 0?", None),
        ("Version 1.2.3 + 4 of x2 + 3y?", None),
        ("-3 + 5 is?", "2"),
    ],
)
def test_the_only_expression_in_a_question_is_evaluated(
    question: str, answer: str | None
) -> None:
    assert evaluate_expression(question) == answer


def test_a_solver_that_fails_has_no_answer(file: Callable[[str], Path]) -> None:
    solve = load_solver(
        file("def solve(question):\n    return {'a': 4, 'b': None}[question]\n")
    )
    assert (solve("a"), solve("b")) == ("4", None)
    with pytest.raises(CallError, match=r"mine.py:2: solve raised KeyError: 'c'"):
        solve("c")
