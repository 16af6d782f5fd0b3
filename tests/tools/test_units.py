"""Conversion between units."""

import pytest

from docendo.errors import UserError
from docendo.tools.units import UNITS, convert


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 km in m", "5000"),
        ("1 mile in km", "1.609344"),
        ("5 km in miles", "3.106855961"),
        ("212 F in C", "100"),
        ("0 C to K", "273.15"),
        ("-40 F to C", "-40"),
        ("3 hours as minutes", "180"),
        ("1/2 l in ml", "500"),
        ("36 km/h in m/s", "10"),
        ("1 kWh in J", "3600000"),
        ("2 feet in inches", "24"),
        ("1 in in cm", "2.54"),
        ("1,500 ml into l", "1.5"),
        (".5 m in cm", "50"),
        ("50 degrees F in degrees C", "10"),
        ("5 Mg in kg", "5000"),
        ("5 mg in g", "0.005"),
        ("1 Mm in km", "1000"),
        ("1 ML in l", "1000000"),
        ("1 mL in l", "0.001"),
        ("1 megagram in MILLIGRAMS", "1000000000"),
        ("1 \N{MICRO SIGN}m in nm", "1000"),
        ("2 m\N{SUPERSCRIPT TWO} in cm^2", "20000"),
    ],
)
def test_values_are_exact_where_the_units_are_exact(text: str, value: str) -> None:
    assert convert(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5 km in kg", "km is length and kg is mass"),
        ("5 klm in m", "no unit 'klm'; did you mean 'km'"),
        ("5 qqqqqqq in m", "no unit 'qqqqqqq'; there are units of length, mass"),
        ("5 MM in m", "no unit 'MM'; did you mean 'Mm' or 'mm'"),
        ("5 KM in m", "no unit 'KM'; did you mean 'km'"),
        ("5 mb in B", "no unit 'mb'; did you mean 'MB'"),
        ("1 sss in m", "no unit 'sss'"),
        ("five km in m", "wanted a number and units"),
        ("1/0 km in m", "division by zero"),
        ("", "wanted a number"),
    ],
)
def test_impossible_conversions_are_refused(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        convert(text)


@pytest.mark.parametrize("name", UNITS)
def test_converting_there_and_back_gives_the_same_value(name: str) -> None:
    base = next(n for n, u in UNITS.items() if u.measure == UNITS[name].measure)
    there = convert(f"1 {name} in {base}")
    assert float(convert(f"{there} {base} in {name}")) == pytest.approx(1, rel=1e-6)
