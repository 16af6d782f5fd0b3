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
    "length": "m 1, inch 0.0254, foot 0.3048, yard 0.9144, mile 1609.344",
    "mass": "g 1, t 1000000, ounce 28.349523125, pound 453.59237",
    "time": "s 1, minute 60, hour 3600, day 86400, week 604800",
    "volume": "l 1, L 1, m3 1000, cm3 1/1000, mm3 1/1000000, gallon 3.785411784, pint 0.473176473",
    "area": "m2 1, km2 1000000, cm2 1/10000, mm2 1/1000000, hectare 10000, acre 4046.8564224",
    "energy": "J 1, cal 4.184, Wh 3600",
    "speed": "mps 1, kmh 5/18, mph 0.44704, knot 463/900",
    "data": "bit 1, byte 8, B 8, KiB 8192, MiB 8388608, GiB 8589934592",
}
"""Measure -> its units and their sizes. All are exact by definition; gallon and pint are those of the US."""
_PREFIXES = (
    "T tera 12, G giga 9, M mega 6, k kilo 3, c centi -2, m milli -3, u micro -6, n nano -9"
)
"""Symbol, name and power of ten. Their case tells them apart: Mg is a ton, and mg a thousandth of a gram."""
_PREFIXED = {
    "m": "meter metre",
    "g": "gram",
    "s": "second sec",
    "l": "liter litre",
    "L": "",
    "J": "joule",
    "cal": "calorie",
    "Wh": "watthour",
    "bit": "",
    "B": "byte",
}
"""Symbol of a unit that takes prefixes -> its names, which take the prefixes' names."""
_OTHER_NAMES = {
    "inch": "in inches",
    "foot": "ft feet",
    "yard": "yd",
    "mile": "mi",
    "ounce": "oz",
    "pound": "lb",
    "minute": "min",
    "hour": "h",
    "hectare": "ha",
    "kmh": "km/h",
    "mps": "m/s",
    "C": "celsius \u00b0C",
    "F": "fahrenheit \u00b0F",
    "K": "kelvin",
}
"""Unit -> what else it is called. Plurals with an s need no entry."""


def _read_units() -> dict[str, Unit]:
    units = {
        "K": Unit("temperature", Fraction(1)),
        "C": Unit("temperature", Fraction(1), zero=Fraction("273.15")),
        "F": Unit("temperature", Fraction(5, 9), zero=Fraction("459.67") * Fraction(5, 9)),
    }
    for measure, table in _FACTORS.items():
        for entry in table.split(", "):
            name, factor = entry.split()
            units[name] = Unit(measure, Fraction(factor))

    for symbol in _PREFIXED:
        for prefix, _, power in map(str.split, _PREFIXES.split(", ")):
            unit = units[symbol]
            if unit.measure != "data" or int(power) > 0:
                size = unit.factor * Fraction(10) ** int(power)
                units[prefix + symbol] = Unit(unit.measure, size)
    return units


def _read_names() -> dict[str, str]:
    """Symbols by the names of their units, in lower case."""
    symbols: dict[str, str] = {}
    for entry in ", ".join(_FACTORS.values()).split(", "):
        name = entry.split()[0]
        if len(name) > 2 and name.isalpha() and name not in _PREFIXED:
            symbols[name.lower()] = name
    for symbol, text in _OTHER_NAMES.items():
        symbols |= dict.fromkeys(text.lower().split(), symbol)
    for symbol, text in _PREFIXED.items():
        for name in text.split():
            symbols[name] = symbol
            for prefix, prefix_name, _ in map(str.split, _PREFIXES.split(", ")):
                symbols[prefix_name + name] = prefix + symbol
    return symbols


UNITS: dict[str, Unit] = _read_units()
_NAMES = _read_names()
_CHARACTERS = str.maketrans("\u00b5\u03bc\u00b2\u00b3", "uu23", "^")
_NUMBER = r"-?(?:[0-9][0-9,]{0,29}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3}|/[0-9]{1,30})?"
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
    symbol = name.translate(_CHARACTERS)
    # Symbols as they are written, so that mega is not milli; names in any case.
    unit = UNITS.get(symbol) or UNITS.get(_NAMES.get(symbol.lower(), ""))
    if unit:
        return unit
    if name.lower().endswith("s") and len(name) > 2 and not name.endswith("ss"):
        return _find_unit(name[:-1])

    known = [*UNITS, *_NAMES]
    alike = [repr(unit) for unit in known if unit.lower() == symbol.lower()]
    hint = f"; did you mean {' or '.join(alike)}?" if alike else closest_hint(name, known)
    hint = hint or f"; there are units of {', '.join(_FACTORS)}, temperature"
    raise UserError(f"no unit {name!r}{hint}")
