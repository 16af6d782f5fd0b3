"""Conversion between units, exact where their definitions are."""

import re
from fractions import Fraction
from typing import NamedTuple

from docendo.errors import UserError, closest_hint
from docendo.tools.calculator import format_number

__all__ = ["UNITS", "Unit", "convert"]


class Unit(NamedTuple):
    measure: str
    factor: Fraction
    """Of the measure's own unit."""
    zero: Fraction = Fraction(0)
    """Where its scale begins, in the measure's own unit."""


def _table(measure: str, **factors: str) -> dict[str, Unit]:
    return {name: Unit(measure, Fraction(factor)) for name, factor in factors.items()}


UNITS: dict[str, Unit] = {
    **_table(
        "length",
        m="1",
        km="1000",
        cm="1/100",
        mm="1/1000",
        um="1/1000000",
        nm="1/1000000000",
    ),
    **_table("length", inch="0.0254", foot="0.3048", yard="0.9144", mile="1609.344"),
    **_table(
        "mass",
        g="1",
        kg="1000",
        mg="1/1000",
        ug="1/1000000",
        t="1000000",
        ounce="28.349523125",
        pound="453.59237",
    ),
    **_table(
        "time", s="1", ms="1/1000", minute="60", hour="3600", day="86400", week="604800"
    ),
    **_table(
        "volume",
        l="1",
        ml="1/1000",
        ul="1/1000000",
        m3="1000",
        cm3="1/1000",
        gallon="3.785411784",
        pint="0.473176473",
    ),
    **_table(
        "area", m2="1", km2="1000000", cm2="1/10000", hectare="10000", acre="4046.8564224"
    ),
    **_table(
        "energy", J="1", kJ="1000", cal="4.184", kcal="4184", Wh="3600", kWh="3600000"
    ),
    **_table("speed", mps="1", kmh="5/18", mph="0.44704", knot="463/900"),
    **_table(
        "data",
        bit="1",
        byte="8",
        kB="8000",
        MB="8000000",
        GB="8000000000",
        KiB="8192",
        MiB="8388608",
    ),
    "K": Unit("temperature", Fraction(1)),
    "C": Unit("temperature", Fraction(1), Fraction("273.15")),
    "F": Unit("temperature", Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}
_OTHER_NAMES = {
    "meter": "m", "metre": "m", "kilometer": "km", "kilometre": "km", "centimeter": "cm", "millimeter": "mm",
    "in": "inch", "ft": "foot", "feet": "foot", "yd": "yard", "mi": "mile", "gram": "g",
    "kilogram": "kg", "oz": "ounce",
    "lb": "pound", "second": "s", "sec": "s", "min": "minute", "h": "hour", "liter": "l", "litre": "l", "L": "l",
    "milliliter": "ml", "mL": "ml", "ha": "hectare", "joule": "J", "calorie": "cal", "km/h": "kmh", "m/s": "mps",
    "celsius": "C", "fahrenheit": "F", "kelvin": "K", "°C": "C", "°F": "F", "inches": "inch",
}  # fmt: skip
_NUMBER = r"-?(?:[0-9][0-9,]{0,29}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:/[0-9]{1,30})?"
_FORM = re.compile(
    rf"\s*({_NUMBER})\s*(?:degrees\s)?(\S{{1,20}})\s+(?:in|to|into|as)\s+(?:degrees\s)?(\S{{1,20}})\s*"
)


def convert(text: str) -> str:
    """``3.106855961`` for ``5 km in mile``, to ten digits where it is not exact.

    Raises UseError, in a few words, for another form, unknown units and units of different measures.
    """
    found = _FORM.fullmatch(text)
    if not found:
        raise UserError("wanted a number and units, as in 5 km in mile")
    try:
        number = Fraction(found[1].replace(",", ""))
    except (ZeroDivisionError, ValueError) as error:
        raise UserError(
            "division by zero" if "/" in found[1] else f"{found[1]} is no number"
        ) from error
    here, there = _unit(found[2]), _unit(found[3])
    if here.measure != there.measure:
        raise UserError(f"{found[2]} is {here.measure} and {found[3]} is {there.measure}")
    value = (number * here.factor + here.zero - there.zero) / there.factor
    return format_number(value)


def _unit(name: str) -> Unit:
    for known in (
        name,
        _OTHER_NAMES.get(name, ""),
        name.lower(),
        _OTHER_NAMES.get(name.lower(), ""),
    ):
        if known in UNITS:
            return UNITS[known]
    if name.endswith("s") and len(name) > 2 and not name.endswith("ss"):
        return _unit(name[:-1])
    raise UserError(f"no unit {name!r}{closest_hint(name, [*UNITS, *_OTHER_NAMES])}")
