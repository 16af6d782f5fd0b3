"""A value is the same however it is written, and what is no single number is none."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.graders.notation import read_quantity

SPELLED_POWERS = st.sampled_from(
    [
        "{m}e{n}",
        "{m}E{n}",
        "{m} x 10^{n}",
        "{m}\N{MIDDLE DOT}10^{{{n}}}",
        "{m} \N{MULTIPLICATION SIGN} 10**{n}",
        "{m} * 10 ^ ({n})",
        "${m} \\times 10^{{{n}}}$",
        "{m}\\cdot10^{n}",
    ]
)


def value(text: str) -> Fraction:
    quantity = read_quantity(text)
    assert quantity is not None, text
    return quantity.value


@given(SPELLED_POWERS, st.decimals(-1000, 1000, places=3), st.integers(-30, 30))
def test_powers_of_ten_keep_their_value_in_all_spellings(
    spelling: str, mantissa: object, power: int
) -> None:
    text = spelling.format(m=mantissa, n=power)
    assert value(text) == Fraction(str(mantissa)) * Fraction(10) ** power


@given(st.integers(-(10**9), 10**9))
def test_signs_groups_and_widths_of_digits_keep_the_value(number: int) -> None:
    digits = f"{abs(number):,}"
    sign = "-" if number < 0 else ""
    spellings = [
        f"{number}",
        f"{sign} {digits}",
        f"{sign.replace('-', chr(0x2212))}{digits} km",
        f"{sign}${digits}.00",
        f"{'minus ' if sign else ''}{digits.replace(',', chr(0x202F))} m^2",
        f"{sign}{digits.replace(',', '{,}')}\\%",
        "".join(chr(ord(c) + 0xFEE0) for c in f"{number}"),
        chr(0x200B).join(f"{number}"),
    ]
    assert {value(spelling) for spelling in spellings} == {number}


@given(st.integers(0, 999), st.integers(1, 99), st.integers(1, 99))
def test_mixed_numbers_are_sums(whole: int, top: int, bottom: int) -> None:
    expected = whole + Fraction(top, bottom)
    assert value(f"{whole} {top}/{bottom}") == expected
    assert value(f"-{whole}\\frac{{{top}}}{{{bottom}}} h") == -expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT THREE}", Fraction(1, 1000)),
        ("1\N{VULGAR FRACTION ONE HALF}", Fraction(3, 2)),
        ("5 million", 5_000_000),
        ("3 + 4 = 7 cm", 7),
        ("18 (9 eggs for $2)", 18),
        ("about 42.", 42),
        ("4 kg m^2/s^2", 4),
    ],
)
def test_numbers_in_words_are_read(text: str, number: Fraction) -> None:
    assert value(text) == number


MANY_OR_NONE = "five|5 or 6|10 - 5|2^3|2*2|12,34|1,0000|0,123|1.2.3|1/0|5/3/2|12:30|(3, 4)|3/4/2024|1 000|CO2"


@pytest.mark.parametrize("text", ["", *MANY_OR_NONE.split("|")])
def test_a_text_without_one_number_has_none(text: str) -> None:
    assert read_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "is_all"),
    [
        ("5", True),
        ("$5", True),
        ("x = 5", True),
        ("5%", True),
        ("5 km", True),
        ("5km", True),
        ("20 \N{DEGREE SIGN}C", True),
        ("5 square feet", True),
        ("3 May", False),
        ("50 Cent", False),
        ("7-Eleven", False),
        ("3D", False),
        ("3rd", False),
        ("B-12", False),
        ("007", False),
        ("a = 1, b = 2", False),
        ("5 (or more)", True),
    ],
)
def test_names_with_a_digit_are_more_than_a_number_and_a_unit(
    text: str, is_all: bool
) -> None:
    quantity = read_quantity(text)
    assert quantity is not None
    assert quantity.is_all == is_all
