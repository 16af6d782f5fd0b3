"""Formulas as mathematics, and what is no formula as text."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from docendo.graders.formulas import Symbolic
from docendo.records import AgentId, Answer, Problem

pytest.importorskip("math_verify")
ANN = AgentId("ann")
EQUAL = [
    ("x^2 + x", "x*(x+1)"),
    ("1/2", "\\frac{1}{2}"),
    ("1/2", "0.5"),
    ("2x", "x + x"),
    ("\\frac{\\pi}{2}", "pi/2"),
    ("x^{10}", "x**10"),
    ("-2\\pi", "-2*pi"),
    ("2\\pi/3", "2/3*\N{GREEK SMALL LETTER PI}"),
    ("\\sqrt{2}", "2^(1/2)"),
    ("1000", "1e3"),
    ("1/3", "0.333333"),
    ("3/2", "1 1/2"),
    ("5", "x = 5"),
    ("x = 5", "5"),
    ("7", "x = 3 + 4 = 7"),
    ("y = 2x+1", "y = 1+2x"),
    ("50%", "0.5"),
    ("50", "50\\%"),
    ("5", "$\\boxed{5.0}$"),
    ("Lima", "\\text{lima}"),
]
DIFFERENT = [
    ("x^2", "x^3"),
    ("3", "__import__('os').system('touch /tmp/docendo-was-here')"),
    ("7", ""),
    ("1e-9", "2e-9"),
    ("0", "1e-50"),
    ("123456789.5", "123456789.6"),
    ("10^{20}", "10^{20} + 1"),
    ("10^{30}x", "(10^{30} + 1)x"),
    ("1/3", "0.3333"),
    ("5", "5 = 6"),
    ("5", "6 = 5"),
    ("5", "4 = 5"),
    ("x = 5", "y = 5"),
    ("5", "5$ or $6"),
    ("(1, 2)", "(2, 1)"),
    ("50%", "0.5%"),
    ("H2O", "OH2"),
    ("3 cat", "3 act"),
    ("co-op", "oc-po"),
    ("omega fat", "omega aft"),
    ("12:30", "2/5"),
    ("-\\infty", "\\infty"),
]


def answer(right: str, written: str) -> Answer:
    return Answer(Problem("d", "f", 1, "what?", right), f"Answer: {written}", ANN, 0)


def test_formulas_are_equal_as_mathematics() -> None:
    answers = [answer(*pair) for pair in (*EQUAL, *DIFFERENT)]
    verdicts = Symbolic(seconds=5.0)(answers)
    right = {
        a.problem.answer: a.text for a, v in zip(answers, verdicts, strict=True) if v.score
    }
    assert [v.score for v in verdicts] == [1] * len(EQUAL) + [0] * len(DIFFERENT), right


@given(
    st.text("acgtunpi", min_size=2, max_size=12).flatmap(
        lambda word: st.tuples(st.just(word), st.permutations(word).map("".join))
    )
)
def test_the_letters_of_a_word_or_a_strand_are_no_factors(pair: tuple[str, str]) -> None:
    word, permuted = pair
    assume(word != permuted)
    assert Symbolic(5.0)([answer(word, permuted)])[0].score == 0
    assert Symbolic(5.0)([answer(word.upper(), permuted.upper())])[0].score == 0
    assert Symbolic(5.0)([answer(word, word.upper())])[0].score == 1


def test_a_formula_that_takes_too_long_is_cut_off_and_the_next_is_judged() -> None:
    slow = answer("x", "9^{9^{9^{9}}}")
    good = answer("x^2 + x", "x(x+1)")
    verdicts = Symbolic(seconds=1.5)([slow, good])
    assert [v.score for v in verdicts] == [0, 1]
