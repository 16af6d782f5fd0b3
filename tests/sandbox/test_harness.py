"""The harness writes each call's value behind its mark, and only values of Python's own types."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from docendo.sandbox import harness


def answer(code: str, calls: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    request = json.dumps({"code": code, "calls": list(calls), "mark": "m"})
    command = [sys.executable, harness.__file__]
    return subprocess.run(
        command, input=request, capture_output=True, text=True, check=False
    )


def test_every_value_is_a_line_with_the_mark_and_its_repr() -> None:
    done = answer("def f(x): return [x, {'a': (x,)}]", ["f(1)", "f('b')"])
    assert done.stdout.splitlines() == [
        "m \"[1, {'a': (1,)}]\"",
        "m \"['b', {'a': ('b',)}]\"",
        'm ""',
    ]


def test_what_the_program_prints_comes_after_the_values() -> None:
    done = answer(
        "import os\nprint('hello')\nos.write(1, b'm 7')\ndef f(): print('there')", ["f()"]
    )
    assert done.stdout == 'm "None"\nm "hello\\nthere\\n"\n'


def test_chance_is_seeded() -> None:
    code = "import random"
    assert (
        answer(code, ["random.random()"]).stdout == answer(code, ["random.random()"]).stdout
    )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (
            "class A:\n    __repr__ = lambda s: '6'\nf = lambda x: A()",
            "not made of Python's own",
        ),
        ("f = lambda x: [[{iter([])}]]", "not made of Python's own"),
        ("f = lambda x: 'a' * 10_001", "is longer than 10000 characters"),
        ("f = lambda x: 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_value_that_could_lie_or_never_came_ends_it(code: str, problem: str) -> None:
    done = answer(code, ["f(3)"])
    assert done.returncode != 0
    assert done.stdout == ""
    assert problem in done.stderr


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("class A(int):\n    __repr__ = lambda s: '6'\nf = A", "3"),
        (
            "class A(list):\n    __iter__ = lambda s: iter([6])\nf = lambda x: A([x])",
            "[3]",
        ),
        (
            "from collections import Counter\nf = lambda x: Counter('aab')",
            "{'a': 2, 'b': 1}",
        ),
        ("f = lambda x: (set(), {x}, frozenset({x}))", "(set(), {3}, frozenset({3}))"),
        ("from decimal import Decimal as f", "Decimal('3')"),
        ("from enum import IntEnum\nE = IntEnum('E', 'a b c')\nf = E", "3"),
    ],
)
def test_a_value_of_a_subclass_counts_as_what_it_extends(code: str, text: str) -> None:
    assert answer(code, ["f(3)"]).stdout == f'm {json.dumps(text)}\nm ""\n'


def test_a_program_cannot_replace_what_writes_its_values() -> None:
    code = (
        "import builtins, json, os\nbuiltins.repr = lambda x: '6'\n"
        "json.dumps = lambda x: '\"6\"'\nos.write = print\nf = lambda x: 7"
    )
    assert answer(code, ["f(3)"]).stdout == 'm "7"\nm ""\n'
