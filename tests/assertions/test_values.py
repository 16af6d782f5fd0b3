"""The repr of a value is read back, and nothing else is."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.assertions.values import parse_list, read_value

atoms = (
    st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.booleans()
    | st.none()
    | st.binary(max_size=5)
    | st.decimals(allow_nan=False)
    | st.fractions()
)
hashable = st.recursive(atoms, lambda inner: st.frozensets(inner, max_size=3), max_leaves=5)
values = st.recursive(
    hashable | st.sets(hashable, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner, max_size=3)
    ),
    max_leaves=8,
)


def test_only_a_list_in_a_text_is_a_list() -> None:
    assert parse_list(" ['a', 1]") == ["a", 1]
    assert parse_list("[]") == []
    assert parse_list("(1, 2)") is parse_list("[a]") is parse_list("[") is None


@given(values)
def test_the_repr_of_a_plain_value_is_read_back(value: object) -> None:
    assert read_value(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("set()", set()),
        ("[frozenset({1}), frozenset()]", [{1}, set()]),
        ("(1+2j)", 1 + 2j),
        ("-inf", float("-inf")),
        ("Decimal('0.10')", Decimal("0.1")),
        ("Fraction(-1, 2)", Fraction(-1, 2)),
        ("1.0", 1),
        ("{'b': 1, 'a': 2}", {"a": 2, "b": 1}),
    ],
)
def test_values_compare_as_pythons_own(text: str, value: object) -> None:
    assert read_value(text) == value


def test_nan_is_equal_to_nothing() -> None:
    assert read_value("nan") != read_value("nan")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').getcwd()",
        "9 ** 9",
        "[x for x in (1,)]",
        "set(open('/'))",
        "frozenset(frozenset)",
        "Fraction('1e999999999')",
        "Fraction(1, 0)",
        "Decimal('x')",
        "{[]}",
        "<object object at 0x1>",
        "1" * 5000,
        "[" * 5000,
        "'\ud800",
        "",
    ],
)
def test_anything_else_is_no_value(text: str) -> None:
    with pytest.raises(ValueError, match="no value"):
        read_value(text)
