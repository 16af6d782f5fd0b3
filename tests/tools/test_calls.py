"""Calls in answers."""

import pytest

from docendo.errors import UseError
from docendo.tools.calls import Call, Piece, make_tools, open_call, pieces, plain, result, tooled, worded

TEXT = "<<calculator: 12 * 34>> 408\nAnswer: 408"


def shout(text: str) -> str:
    if not text:
        raise UseError("nothing to shout")
    return text.upper() + "\nand more"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("so <<calculator: 12 * 34>>", Call("calculator", "12 * 34")),
        ("<<a: b>> c <<d:e>>", Call("d", "e")),
        ("<<calculator 12>>", None),
        ("12 >>", None),
        ("<<a: b>> c", None),
        ("", None),
        ("<<a: b\nc>>", None),
    ],
)
def test_a_call_stands_at_the_end(text: str, call: Call | None) -> None:
    assert open_call(text) == call


def test_a_result_is_one_line_behind_a_space_and_an_error_is_one_too() -> None:
    tools = {"shout": shout}
    assert result(Call("shout", "ab"), tools) == (" AB AND MORE".replace("AND MORE", "and more"), True)
    assert result(Call("shout", ""), tools) == (" error: nothing to shout", False)
    assert result(Call("sing", "la"), tools) == (" error: no tool 'sing'", False)
    assert len(result(Call("shout", "a" * 999), tools)[0]) <= 201


def test_an_answer_in_parts_is_the_answer() -> None:
    assert pieces(TEXT) == [
        Piece("<<calculator: 12 * 34>>", False),
        Piece(" 408", True),
        Piece("\nAnswer: 408", False),
    ]
    for text in (TEXT, "", "no calls", "<<calculator: 1", "<<sing: la>> la", TEXT + "\n" + TEXT):
        assert "".join(p.text for p in pieces(text)) == text
    assert pieces("<<sing: la>> la") == [Piece("<<sing: la>> la", False)]


def test_without_tools_a_call_is_an_equation() -> None:
    assert plain(TEXT) == "12 * 34 = 408\nAnswer: 408"
    assert plain("a = b >> 2") == "a = b >> 2"
    assert plain("<<calculator: 2 + 2>>") == "2 + 2"


def test_a_solution_by_calculator_is_one_call_where_the_question_is_an_expression() -> None:
    solution = "40 * 4 = 160\n160 + 57 = 217\nAnswer: 217"
    assert tooled("What is 40 * 4 + 57?", solution) == "<<calculator: 40 * 4 + 57>> 217\nAnswer: 217"
    steps = "44 - 24 = 20\n20 / 5 = 4\nAnswer: 4"
    assert tooled("Solve for x: 5x + 24 = 44", steps) == (
        "<<calculator: 44 - 24>> 20\n<<calculator: 20 / 5>> 4\nAnswer: 4"
    )
    assert tooled("Why?", "because\nAnswer: x") == "because\nAnswer: x"


def test_everybody_reads_solutions_in_the_way_that_it_can_write_them() -> None:
    question, solution = "What is 12 * 34?", "12 * 34 = 408\nAnswer: 408"
    assert worded(question, solution, ["calculator"]) == TEXT
    assert worded(question, TEXT, ["calculator"]) == TEXT
    assert worded(question, TEXT, []) == solution
    assert worded(question, solution, ["units"]) == solution


def test_python_is_worked_out_in_the_sandbox() -> None:
    pytest.importorskip("pydantic_monty")
    tools = make_tools(["python"])
    assert result(Call("python", "sorted('cab')"), tools) == (" ['a', 'b', 'c']", True)
    told, right = result(Call("python", "open('/etc/passwd')"), tools)
    assert told.startswith(" error: ")
    assert not right
