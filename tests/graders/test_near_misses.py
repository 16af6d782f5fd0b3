"""Near misses are wrong answers, made of right ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.graders.answer import exact
from docendo.graders.near_misses import find_near_misses
from docendo.graders.numbers import Numeric
from docendo.records import Problem


def problem(answer: str, tests: tuple[str, ...] = ()) -> Problem:
    return Problem("d", "f", 1, "What?", answer, tests=tests)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("58", ["85", "-58", "60", "59", "9"]),
        ("-3.14", ["-41.3", "3.14", "-3", "-3.08", "9"]),
        ("1,000", ["000,1", "-1000", "1020", "9"]),
        ("0", ["1", "9"]),
        ("25 km", ["52 km", "-25 km", "20 km", "26 km", "9"]),
        ("$1/2", ["$-1/2", "$2/2", "9"]),
        ("AUG", ["GUA", "AU", "9"]),
        ("New York", ["York New", "New Yor", "9"]),
        ("9", ["-9", "10"]),
        ("", []),
    ],
)
def test_an_answer_is_permuted_turned_rounded_and_missed(
    answer: str, texts: list[str]
) -> None:
    misses = find_near_misses(problem(answer), problem("9"))
    assert [miss.text.removeprefix("Answer: ") for miss in misses] == texts


def test_a_program_has_none_since_another_may_do_the_same() -> None:
    assert find_near_misses(problem("x * 2", ("f(3) == 6",)), problem("x + x")) == []


@given(st.text() | st.decimals().map(str))
def test_no_near_miss_is_the_right_answer(answer: str) -> None:
    for miss in find_near_misses(problem(answer), problem("9")):
        assert exact(problem(answer), miss.text).score == 0


@given(
    st.decimals(-(10**6), 10**6, places=2), st.sampled_from(["{}", "{} km", "${}", "{}%"])
)
def test_no_near_miss_of_a_number_is_near_it(number: object, spelling: str) -> None:
    asked = problem(spelling.format(number))
    for miss in find_near_misses(asked, asked):
        assert Numeric(1e-3)(asked, miss.text).score == 0
