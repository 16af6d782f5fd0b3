"""Calls in answers."""

from itertools import pairwise

import pytest

from docendo.errors import UserError
from docendo.graders.answer import exact
from docendo.problems.arithmetic import MATHEMATICS
from docendo.problems.biology import BIOLOGY
from docendo.problems.procedural import ProceduralSource
from docendo.tools.calls import (
    Call,
    TextSpan,
    Toolset,
    add_calculator_calls,
    make_tools,
    open_call,
    remove_tool_calls,
    render_tool_calls,
    run_call,
    split_tool_calls,
)

TEXT = "<<calculator: 12 * 34>> 408\nAnswer: 408"


def shout(text: str) -> str:
    if not text:
        raise UserError("nothing to shout")
    return text.upper() + "\nand more"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("so <<calculator: 12 * 34>>", Call("calculator", "12 * 34")),
        ("<<a: b>> c <<d:e>>", Call("d", "e")),
        ("<<calculator 12>>", None),
        ("12 >>", None),
        ("<<a: b>> c", Call("a", "b")),
        ("", None),
        ("<<a: b\nc>>", Call("a", "b\nc")),
        ("<<python: 1 < 2>>", Call("python", "1 < 2")),
        ("<<a: b>>\n", Call("a", "b")),
        ("<< <<a: b>>", Call("a", "b")),
        ("1 << 2 >>", None),
    ],
)
def test_a_call_is_what_ends_with_the_last_sign(text: str, call: Call | None) -> None:
    assert open_call(text) == call


def test_a_result_is_one_line_behind_a_space_and_an_error_is_one_too() -> None:
    tools = {"shout": shout}
    assert run_call(Call("shout", "ab"), tools) == (
        " AB AND MORE".replace("AND MORE", "and more"),
        True,
    )
    assert run_call(Call("shout", ""), tools) == (" error: nothing to shout", False)
    assert run_call(Call("sing", "la"), tools) == (
        " error: no tool 'sing'; known: shout",
        False,
    )
    assert len(run_call(Call("shout", "a" * 999), tools)[0]) == 201
    assert run_call(Call("shout", "a" * 999), tools)[0].endswith("A...")
    assert run_call(Call("shout", "a\ud800"), tools) == (" A? and more", True)


def test_an_answer_in_parts_is_the_answer() -> None:
    assert split_tool_calls(TEXT) == [
        TextSpan("<<calculator: 12 * 34>>", False),
        TextSpan(" 408", True),
        TextSpan("\nAnswer: 408", False),
    ]
    assert split_tool_calls("<<python: x = 1\nx>>\n 1\nso")[1] == TextSpan(" 1", True)
    for text in (
        TEXT,
        "",
        "no calls",
        "<<calculator: 1",
        "<<sing: la>> la",
        TEXT + "\n" + TEXT,
    ):
        assert "".join(p.text for p in split_tool_calls(text)) == text
    assert split_tool_calls("<<sing: la>> la") == [TextSpan("<<sing: la>> la", False)]


def test_without_tools_a_call_is_an_equation() -> None:
    assert remove_tool_calls(TEXT) == "12 * 34 = 408\nAnswer: 408"
    assert remove_tool_calls("a = b >> 2") == "a = b >> 2"
    assert remove_tool_calls("<<calculator: 2 + 2>>") == "2 + 2"


def test_a_solution_by_calculator_is_one_call_where_the_question_is_an_expression() -> None:
    solution = "40 * 4 = 160\n160 + 57 = 217\nAnswer: 217"
    assert (
        add_calculator_calls("What is 40 * 4 + 57?", solution, 2)
        == "<<calculator: 40 * 4 + 57>> 217\nAnswer: 217"
    )
    assert (
        add_calculator_calls("What is 3/4 - 1/6 as a fraction?", "Answer: 7/12", 2)
        == "<<calculator: 3/4 - 1/6>> 7/12\nAnswer: 7/12"
    )
    steps = "44 - 24 = 20\n20 / 5 = 4\nAnswer: 4"
    assert add_calculator_calls("Solve for x: 5x + 24 = 44", steps, 2) == (
        "<<calculator: 44 - 24>> 20\n<<calculator: 20 / 5>> 4\nAnswer: 4"
    )
    assert add_calculator_calls("Why?", "because\nAnswer: x", 2) == "because\nAnswer: x"


def test_there_are_no_more_calls_than_an_answer_has_and_the_last_steps_get_them() -> None:
    steps = "10: 4 + 4 = 8\n20: 8 + 8 = 16\n30: 16 + 16 = 32\nAnswer: 32"
    assert add_calculator_calls("How many?", steps, 2) == (
        "10: 4 + 4 = 8\n20: <<calculator: 8 + 8>> 16\n30: <<calculator: 16 + 16>> 32\nAnswer: 32"
    )


@pytest.mark.parametrize(
    "text",
    [
        "2 + 2 = 5\nAnswer: 5",
        "1 / 3 = 4/12\nAnswer: x",
        "1 + " * 2000 + "1 = 2001\nAnswer: x",
    ],
)
def test_what_the_calculator_does_not_confirm_stays(text: str) -> None:
    assert add_calculator_calls("What is 46 * 7?", text, 2) == text


@pytest.mark.parametrize(
    ("source", "family"), [(s, f) for s in (MATHEMATICS, BIOLOGY) for f in s.levels]
)
def test_every_solution_by_calculator_is_right_and_says_what_its_calls_give(
    source: ProceduralSource, family: str
) -> None:
    for level in (1, 3, 5):
        for p in source.draw(family, level, 15, 0, "train"):
            text = add_calculator_calls(p.prompt, p.solution, 2)
            parts = split_tool_calls(text)
            assert exact(p, text).score == 1
            assert sum(part.from_tool for part in parts) <= 2
            for call, given in pairwise(parts):
                if given.from_tool:
                    asked = open_call(call.text)
                    assert asked is not None
                    assert run_call(asked, make_tools(["calculator"])) == (given.text, True)


def test_everybody_reads_solutions_in_the_way_that_it_can_write_them() -> None:
    question, solution = "What is 12 * 34?", "12 * 34 = 408\nAnswer: 408"
    own = Toolset(make_tools(["calculator"]))
    assert render_tool_calls(question, solution, own) == TEXT
    assert render_tool_calls(question, TEXT, own) == TEXT
    assert render_tool_calls(question, TEXT, None) == solution
    other = Toolset(make_tools(["units"]))
    assert render_tool_calls(question, solution, other) == solution
    assert (
        render_tool_calls(question, TEXT + "\n<<units: 1 km in m>> 1000", other)
        == solution + "\n<<units: 1 km in m>> 1000"
    )


def test_python_is_worked_out_in_the_sandbox() -> None:
    pytest.importorskip("pydantic_monty")
    tools = make_tools(["python"])
    assert run_call(Call("python", "sorted('cab')"), tools) == (" ['a', 'b', 'c']", True)
    told, right = run_call(Call("python", "open('/etc/passwd')"), tools)
    assert told.startswith(" error: ")
    assert not right
