"""Which part of a text is the program."""

import pytest

from docendo.graders.programs import extract_program


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("So:\n```python\nx + 1\n```\nDone.", "x + 1"),
        ("```\na\n```\n```py\nb\n```", "b"),
        ("Answer: ```x + 1```", "x + 1"),
        ("Answer: `x + 1`", "x + 1"),
        ("Double it.\nAnswer: def f(x):\n    return 2", "def f(x):\n    return 2"),
        ("x + 1", "x + 1"),
        ("```python\nx + 1", "python\nx + 1"),
        ("Answer:", None),
    ],
)
def test_the_program_is_the_last_code_block_or_the_text_after_the_marker(
    text: str, code: str | None
) -> None:
    assert extract_program(text) == code
