"""A user's own functions, and programs that solve what others asked."""

from pathlib import Path

import pytest

from docendo.asking.verifiers import evaluate_expression, load_solver
from docendo.errors import UserError
from docendo.problems.user_function import load_function

RECIPE = Path(__file__).parents[2] / "recipes" / "tariff.py"


def test_a_function_in_a_file_is_a_source() -> None:
    source = load_function(RECIPE, "mathematics")
    drawn = source.draw("tariff", 2, 5, 1, "train")
    assert drawn == source.draw("tariff", 2, 5, 1, "train")
    assert {p.source for p in drawn} == {"tariff.py"}
    solve = load_solver(RECIPE)
    assert [solve(p.prompt) for p in drawn] == [p.answer for p in drawn]
    assert all(p.solution.endswith(f"Answer: {p.answer}") for p in drawn)
    assert solve("Why?") is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def draft(rng, level: return 1", r"asker.py:1: "),
        ("import no_such_module_here", "No module named"),
        ("x = 1", "has no function 'draft'"),
        ("def draft(rng, level): return 'q'", r"draft must return \(question, answer\)"),
        ("def draft(rng, level): return 'q', 3", "draft must return"),
        (
            "import random\ndef draft(rng, level): return str(random.random()), 'a'",
            "two problems for the same rng",
        ),
    ],
)
def test_a_file_that_is_no_asker_says_why(code: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "asker.py").write_text(code)
    with pytest.raises(UserError, match=said):
        load_function(tmp_path / "asker.py", "d")
    with pytest.raises(UserError, match="no such Python file"):
        load_function(tmp_path / "none.py", "d")
    with pytest.raises(UserError, match=r"has no function 'solve'|asker.py"):
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
def test_the_one_expression_of_a_question_is_worked_out(
    question: str, answer: str | None
) -> None:
    assert evaluate_expression(question) == answer
