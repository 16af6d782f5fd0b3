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
    """Size, in the measure's own unit."""
    zero: Fraction = Fraction(0)
    """Where its scale begins, in the measure's own unit."""


_FACTORS = {
    "length": "m 1, km 1000, cm 1/100, mm 1/1000, um 1/1000000, nm 1/1000000000, "
    "inch 0.0254, foot 0.3048, yard 0.9144, mile 1609.344",
    "mass": "g 1, kg 1000, mg 1/1000, ug 1/1000000, t 1000000, ounce 28.349523125, "
    "pound 453.59237",
    "time": "s 1, ms 1/1000, minute 60, hour 3600, day 86400, week 604800",
    "volume": "l 1, ml 1/1000, ul 1/1000000, m3 1000, cm3 1/1000, gallon 3.785411784, "
    "pint 0.473176473",
    "area": "m2 1, km2 1000000, cm2 1/10000, hectare 10000, acre 4046.8564224",
    "energy": "J 1, kJ 1000, cal 4.184, kcal 4184, Wh 3600, kWh 3600000",
    "speed": "mps 1, kmh 5/18, mph 0.44704, knot 463/900",
    "data": "bit 1, byte 8, kB 8000, MB 8000000, GB 8000000000, KiB 8192, MiB 8388608",
}
"""Measure -> its units and their sizes. All are exact by definition; gallon and pint are those of the US."""
_OTHER_NAMES = {
    "m": "meter metre",
    "km": "kilometer kilometre",
    "cm": "centimeter",
    "mm": "millimeter",
    "inch": "in inches",
    "foot": "ft feet",
    "yard": "yd",
    "mile": "mi",
    "g": "gram",
    "kg": "kilogram",
    "ounce": "oz",
    "pound": "lb",
    "s": "second sec",
    "minute": "min",
    "hour": "h",
    "l": "liter litre L",
    "ml": "milliliter mL",
    "hectare": "ha",
    "J": "joule",
    "cal": "calorie",
    "kmh": "km/h",
    "mps": "m/s",
    "C": "celsius °C",
    "F": "fahrenheit °F",
    "K": "kelvin",
}
"""Unit -> what else it is called. Plurals with an s need no entry."""


def _read_units() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for measure, table in _FACTORS.items():
        for entry in table.split(", "):
            name, factor = entry.split()
            units[name] = Unit(measure, Fraction(factor))
    return units


UNITS: dict[str, Unit] = {
    **_read_units(),
    "K": Unit("temperature", Fraction(1)),
    "C": Unit("temperature", Fraction(1), zero=Fraction("273.15")),
    "F": Unit("temperature", Fraction(5, 9), zero=Fraction("459.67") * Fraction(5, 9)),
}
_ALIASES = {alias: name for name, text in _OTHER_NAMES.items() for alias in text.split()}
_NUMBER = r"-?(?:[0-9][0-9,]{0,29}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:/[0-9]{1,30})?"
_FORM = re.compile(
    rf"\s*({_NUMBER})\s*(?:degrees\s)?(\S{{1,20}})\s+(?:in|to|into|as)\s+(?:degrees\s)?(\S{{1,20}})\s*"
)


def convert(text: str) -> str:
    """``3.106855961`` for ``5 km in mile``, to ten digits where it is not exact.

    Raises UserError, in a few words, for another form, unknown units and units of different measures.
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise UserError("wanted a number and units, as in 5 km in mile")
    number, source_name, target_name = match.groups()
    try:
        value = Fraction(number.replace(",", ""))
    except (ZeroDivisionError, ValueError) as error:  # also 1.5/2, which no Fraction reads
        raise UserError("division by zero") from error

    source = _find_unit(source_name)
    target = _find_unit(target_name)
    if source.measure != target.measure:
        raise UserError(
            f"{source_name} is {source.measure} and {target_name} is {target.measure}"
        )
    # Zeros count for temperatures alone: 0 C is 273.15 K.
    return format_number(
        (value * source.factor + source.zero - target.zero) / target.factor
    )


def _find_unit(name: str) -> Unit:
    # As it is written first: capitals tell MB from mb, and K from k.
    for spelling in (name, name.lower()):
        unit = UNITS.get(spelling) or UNITS.get(_ALIASES.get(spelling, ""))
        if unit:
            return unit
    if name.endswith("s") and len(name) > 2 and not name.endswith("ss"):
        return _find_unit(name[:-1])
    raise UserError(f"no unit {name!r}{closest_hint(name, [*UNITS, *_ALIASES])}")
