"""Settings of columns, and questions that are put together from several."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from docendo.datasets.columns import Columns
from docendo.datasets.files import read_problems
from docendo.errors import UserError
from tests.datasets.files import json_lines, reasons, written

MBPP = {
    "text": "Add two numbers.",
    "answer": "def add(a, b):\n    return a + b",
    "tests": ["add(1, 2) == 3", "add(0, 0) == 0"],
    "n": {"level": 2},
}


def test_a_template_puts_a_question_together(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", json_lines(MBPP, MBPP | {"tests": []}))
    columns = Columns(question="{text}\n{{{tests[0]}}} {n[level]}", tests="tests")
    read = read_problems(path, "d", columns)
    [problem] = read.problems
    assert problem.prompt == "Add two numbers.\n{add(1, 2) == 3} 2"
    assert problem.tests == ("add(1, 2) == 3", "add(0, 0) == 0")
    assert reasons(read) == [(2, "no {tests[0]}")]
    with pytest.raises(UserError, match="no column 'test'; did you mean 'tests'"):
        read_problems(path, "d", Columns(question="{text} {test[0]}"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"question": "{text.__class__}"}, "expected fields like"),
        ({"question": "{tests[0].real}"}, "expected fields like"),
        ({"question": "{text!r}"}, "expected fields like"),
        ({"question": "{text:>9}"}, "expected fields like"),
        ({"question": "{}"}, "expected fields like"),
        ({"question": "{text"}, "expected '}' before end of string"),
        ({"answer_pattern": "#### .*"}, "answer_pattern: expected one group, got 0"),
        ({"answer_pattern": "#### ("}, "answer_pattern: missing"),
        ({"answer": " "}, "expected a name, got ' '"),
    ],
)
def test_settings_of_columns_that_mean_nothing_are_refused(
    settings: dict[str, str], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Columns.model_validate(settings)
