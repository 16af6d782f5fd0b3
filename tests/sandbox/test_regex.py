"""A pattern fits a text as a whole, or is found in it."""

import pytest

from docendo.sandbox.regex import find_last, fits


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


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("#### (.*)", "#### 1\n#### 2", "2"),
        (r"^\d+", "7 or\n8 or 9", "8"),
        ("a|(b)", "b a", None),
        ("x", "y", None),
    ],
)
def test_the_group_of_the_last_match_is_found(
    pattern: str, text: str, expected: str | None
) -> None:
    assert find_last(pattern, text) == expected
