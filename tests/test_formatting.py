"""Numbers and texts as people read them."""

import pytest

from docendo.formatting import (
    DASH,
    clip,
    compact,
    duration,
    interval_text,
    percent,
    signed,
    visible,
)
from docendo.statistics import Estimate


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_234_567, "1.23M"),
        (2.5e15, "2.5P"),
        (-4_200, "-4.2k"),
    ],
)
def test_a_large_number_has_three_digits_and_a_prefix(number: float, text: str) -> None:
    assert compact(number) == text


def test_a_unit_follows_its_prefix() -> None:
    assert compact(3e12, "FLOP") == "3 TFLOP"
    assert compact(12, "FLOP") == "12 FLOP"


def test_a_signed_number_is_never_minus_zero() -> None:
    assert signed(0.123) == "+0.12"
    assert signed(-0.05) == "\N{MINUS SIGN}0.05"
    assert signed(-0.001) == signed(0.0) == "+0.00"
    assert signed(-1.26, digits=1) == "\N{MINUS SIGN}1.3"
    assert signed(None) == DASH


def test_a_share_is_a_whole_percentage() -> None:
    assert [percent(share) for share in (0.0, 0.456, 1.0, None)] == [
        "0%",
        "46%",
        "100%",
        DASH,
    ]


def test_an_interval_is_written_in_percent_or_as_signed_gains() -> None:
    assert interval_text(Estimate(0.5, 0.3, 0.61, 9), share=True) == "30 to 61"
    assert interval_text(Estimate(0.1, 0.01, 0.2, 9), share=False) == "+0.01 to +0.20"
    assert interval_text(Estimate(0.5, None, None, 1), share=True) == ""


def test_a_duration_has_two_units_at_most() -> None:
    assert [duration(s) for s in (12.4, 59.6, 190, 7500)] == [
        "12 s",
        "1 min 00 s",
        "3 min 10 s",
        "2 h 05 min",
    ]


def test_control_characters_become_visible_and_line_ends_stay() -> None:
    assert visible("a\x1b\x7f\n\tb\r\nc\r") == "a␛␡\n\tb\nc␍"
    assert visible("a\u202eb\u200d") == "a[U+202E]b[U+200D]"


def test_a_clipped_text_ends_in_an_ellipsis_within_its_length() -> None:
    assert clip("carry the one", 13) == "carry the one"
    assert clip("carry the one", 7) == "carry…"
