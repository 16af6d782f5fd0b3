"""A pattern fits a text as a whole."""

import pytest

from docendo.sandbox.regex import fits


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a+b", "aab", True),
        ("a+b", "aabc", False),
        (r"\d{2}", "12", True),
        ("", "", True),
    ],
)
def test_all_of_the_text_must_match(pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text) is expected
