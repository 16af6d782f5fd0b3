"""The Python tool gives what a program prints and its last expression, and outlives whatever it is given."""

import re

import pytest

from docendo.errors import UserError
from docendo.tools.interpreter import Interpreter

run = Interpreter()


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("1 + 1", "2"),
        ("x = 3\nprint(x)\nx * 2", "3 6"),
        ("def f(n):\n    return n * n\n[f(i) for i in range(4)]", "[0, 1, 4, 9]"),
        ("print('a')\nprint('b')", "a\nb"),
        ("'text'", "'text'"),
        ("3 > 2 # more", "True"),
    ],
)
def test_the_output_and_the_last_expression_of_a_program_are_returned(code, result):
    assert run(code) == result


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(", "SyntaxError: '(' was never closed"),
        (
            "import os\nos.listdir('/')",
            "used an unknown name, or something outside the sandbox",
        ),
        (
            "open('/etc/passwd').read()",
            "used an unknown name, or something outside the sandbox",
        ),
        ("while True: pass", "TimeoutError: feed time limit exceeded"),
        ("'a' * 10**9", "MemoryError: memory limit exceeded"),
        ("[x for x in range(10**9)]", "MemoryError: memory limit exceeded"),
        ("\0", "SyntaxError: source code string cannot contain null bytes"),
        ("x = 1", "nothing was printed, and the last line has no value"),
        ("None", "nothing was printed, and the last line has no value"),
        ("", "nothing was printed, and the last line has no value"),
        ("x" * 1001, "longer than 1000 characters"),
    ],
)
def test_error_messages_of_programs_are_reproducible(code, reason):
    with pytest.raises(UserError) as error:
        run(code)
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("(" * 500, "SyntaxError: too many nested parentheses"),
        ("-" * 990 + "1", "RecursionError: "),
        ("1" + "+1" * 490, "RecursionError: "),
        ("5(3)", "TypeError: 'int' object is not callable"),
    ],
)
def test_strange_programs_are_errors(code, reason):
    with pytest.raises(UserError, match=f"^{re.escape(reason)}"):
        run(code)


def test_a_lone_surrogate_is_printed_as_a_replacement_character():
    assert run("print('\\ud800')") == "\ufffd"


def test_a_program_may_do_without_spaces():
    assert run("1if 2else 3") == "1"


def test_no_state_is_kept_between_calls():
    assert run("kept = 1\nkept") == "1"
    with pytest.raises(UserError, match="unknown name"):
        run("kept")
