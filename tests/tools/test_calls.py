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
def test_a_tool_call_is_the_text_before_the_last_closing_sign(
    text: str, call: Call | None
) -> None:
    assert open_call(text) == call


def test_a_tool_result_or_error_is_one_line_after_a_space() -> None:
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


def test_a_calculator_solution_in_parts_ends_with_the_answer() -> None:
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


def test_without_tools_a_call_is_written_as_an_equation() -> None:
    assert remove_tool_calls(TEXT) == "12 * 34 = 408\nAnswer: 408"
    assert remove_tool_calls("a = b >> 2") == "a = b >> 2"
    assert remove_tool_calls("<<calculator: 2 + 2>>") == "2 + 2"


def test_the_calculator_solution_of_an_expression_is_one_call() -> None:
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


def test_the_calls_of_a_solution_are_limited_and_go_to_the_last_steps() -> None:
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
def test_a_step_that_the_calculator_does_not_confirm_is_unchanged(text: str) -> None:
    assert add_calculator_calls("What is 46 * 7?", text, 2) == text


@pytest.mark.parametrize(
    ("source", "family"), [(s, f) for s in (MATHEMATICS, BIOLOGY) for f in s.levels]
)
def test_every_calculator_solution_is_right_and_shows_its_results(
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


def test_solutions_are_rewritten_for_the_tools_of_their_reader() -> None:
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


def test_python_calls_run_in_the_sandbox() -> None:
    pytest.importorskip("pydantic_monty")
    tools = make_tools(["python"])
    assert run_call(Call("python", "sorted('cab')"), tools) == (" ['a', 'b', 'c']", True)
    told, right = run_call(Call("python", "open('/etc/passwd')"), tools)
    assert told.startswith(" error: ")
    assert not right
