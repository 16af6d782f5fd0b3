"""What counts as a right answer, and that nothing a model writes can break or fool a grader."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import RunError
from docendo.graders.answer import (
    exact,
    final_answer,
    never_raises,
    per_answer,
)
from docendo.graders.unit_tests import UnitTestGrader
from docendo.interfaces import Grader
from docendo.records import AgentId, Answer, Problem, Verdict
from docendo.sandbox.monty import MontySandbox

by_tests = UnitTestGrader(MontySandbox(seconds=0.3, memory_mb=32, depth=100))


def asking(answer: str, *tests: str) -> Problem:
    return Problem("toy", "toy", 1, "What?", answer, tests=tests)


DOUBLE = asking("x * 2", "f(3) == 6", "f(0) == 0", "f(-4) == -8")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1 + 1 = 2\nAnswer: 2", "2"),
        ("Answer: 1\nno, wait\nAnswer: 2", "2"),
        ("Answer: 2\nI hope that helps.", "2"),
        ("**Answer:** 2", "2"),
        ("**Answer: 2**", "2"),
        ("Answer: **2**", "2"),
        ("  ANSWER :  A U G ", "A U G"),
        ("  2  ", "2"),
        ("Answer:\n\n2\nI hope that helps.", "2"),
        ("Answer:\n$$\n\\boxed{2}\n$$", "\\boxed{2}"),
    ],
)
def test_the_final_answer_follows_the_last_answer_marker(text: str, answer: str) -> None:
    assert final_answer(text) == answer.removeprefix("\\boxed{").removesuffix("}")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So \\boxed{41}, no, $x = \\boxed{42}$.", "42"),
        ("\\boxed{\\frac{1}{2}} it is", "\\frac{1}{2}"),
        ("\\boxed{\\boxed{x^{2}}} and \\boxed{cut off", "x^{2}"),
        ("\\boxed{\\{1\\}}", "\\{1\\}"),
        ("Answer: $\\boxed{42}$ euros", "42"),
        ("6 * 7 = 42\n#### 42\n", "42"),
        ("#### Step 1\nIt is \\boxed{42}.", "42"),
        ("The answer is 41. No, wait. The answer is **42**. Is that all?", "42"),
        ("the final answer: 2", "2"),
        ("The answer is: 3.5 km.", "3.5 km"),
        ("The correct answer is B. Because A is wrong!", "B"),
        ("The answer is Dr. Who", "Dr. Who"),
        ("The answer is C. elegans. It is a worm.", "C. elegans"),
        ("It is so.\n### Final Answer\n\n42\n", "42"),
        ("**Answer**\n**42**", "42"),
        ("- Answer: 42", "42"),
    ],
)
def test_other_marks_of_final_answers_are_read(text: str, answer: str) -> None:
    assert final_answer(text) == answer


MARKED = st.sampled_from(["{}", "\\boxed{{{}}}", "#### {}", "The answer is {}.", "**{}**"])


@given(MARKED, MARKED)
def test_a_text_with_several_answers_has_one_of_them(first: str, second: str) -> None:
    text = f"{first.format(41)}\n{second.format(43)}"
    scores = [exact(asking(gold), text).score for gold in ("41", "43")]
    assert sum(scores) <= 1

    ending_as_asked = f"{text}\nAnswer: 42"
    assert final_answer(ending_as_asked) == "42"
    assert exact(asking("42"), ending_as_asked).score == 1


@given(st.text(), st.from_regex(r"[\w .,+/=()%-]{1,60}", fullmatch=True))
def test_a_last_line_with_an_answer_is_the_final_answer(before: str, answer: str) -> None:
    text = f"{before}\nAnswer: {answer}"
    assert final_answer(text) == (answer.strip() or None)


def test_as_many_lines_are_read_as_the_right_answer_has() -> None:
    poem = "Roses are red\nViolets are blue"
    assert exact(asking(poem), f"Here it is.\nAnswer: {poem}").score == 1
    assert exact(asking(poem), poem).score == 1
    assert exact(asking(poem), "Answer: Roses are red").score == 0
    assert exact(asking("Roses are red"), f"Answer: {poem}").score == 1


@pytest.mark.parametrize("length", [41, 201, 5000])
def test_long_answers_are_compared_to_their_end(length: int) -> None:
    long = "ab c" * length
    for written in (long, f"Answer: {long}"):
        assert exact(asking(long), written).score == 1
        assert exact(asking(f"{long}!"), written).score == 0


@pytest.mark.parametrize(
    "text",
    ["", " \n", "Answer:", "Answer: 2\nAnswer:", "two\nlines", "x" * 41, "Answer: ** **"],
)
def test_a_text_may_have_no_final_answer(text: str) -> None:
    assert final_answer(text) is None


@pytest.mark.parametrize(
    ("gold", "written"),
    [
        ("AUG", "A U G"),
        ("AUG", "aug."),
        ("85", "85.0"),
        ("85", "+85"),
        ("1000", "1,000"),
        ("50", "50%"),
        ("50%", "50"),
        ("-5", "\N{MINUS SIGN}5"),
        ("5", "$5$"),
        ("0", "0"),
        ("0", "-0.0"),
        ("1/2", "1 / 2"),
        ("0.5", ".5"),
        ("[1, 2]", "[1,2]"),
        ("b", "'b'"),
        ("b", "`b`."),
        ("-5", "- 5"),
        ("1000", "1e3"),
        ("1000", "10^{3}"),
        ("0.0015", "1.5 \\times 10^{-3}"),
        ("1/2", "\\frac{1}{2}"),
        ("x^2", "x\N{SUPERSCRIPT TWO}"),
        ("caf\xe9", "cafe\N{COMBINING ACUTE ACCENT}"),
        ("ABC", "\uff21\uff22\uff23"),
        ("12", "1\N{ZERO WIDTH SPACE}2\N{ZERO WIDTH NO-BREAK SPACE}"),
        (
            "don't",
            "\N{LEFT DOUBLE QUOTATION MARK}don\N{RIGHT SINGLE QUOTATION MARK}t\N{RIGHT DOUBLE QUOTATION MARK}",
        ),
        ("Lima", "\\text{Lima}"),
        (".", "."),
        ("!", "'!'"),
        ('"', '"'),
    ],
)
def test_case_spaces_and_punctuation_of_an_answer_do_not_matter(
    gold: str, written: str
) -> None:
    assert exact(asking(gold), f"Answer: {written}").score == 1


@pytest.mark.parametrize(
    ("gold", "written"),
    [
        ("1/2", "2/4"),
        ("1/2", "0.5"),
        ("12", "1 2"),
        ("7", "007"),
        ("1234", "12,34"),
        ("1000", "1e4"),
        ("x2", "x\N{SUPERSCRIPT TWO}"),
        ("0.5", "50%"),
        (".", "!"),
        ("", "."),
        ("0.1", "0.10000000000000001"),
        ("5", "5 or 6"),
        ("5", "6"),
        ("0", "."),
        ("$", "."),
        ("0", "False"),
        ("nan", ""),
    ],
)
def test_another_answer_is_wrong(gold: str, written: str) -> None:
    assert exact(asking(gold), f"Answer: {written}").score == 0


@pytest.mark.parametrize(
    "text",
    [
        "Answer: " + "9" * 10**6,
        "Answer: 1e999999999",
        "Answer: 9" + "," * 10**6,
        " " * 10**6,
        "Answer:\n" * 10**5,
        "*" * 10**6,
        "**a " * 10**5,
        "Answer: " + "**a " * 10**5,
        "\\boxed{" * 10**5,
        "answer is " * 10**5,
        "answer is" + ". " * 10**5,
        "#### x\n" * 10**5,
        "Answer: " + "10^" * 10**5,
        "Answer: \ud800\x00\N{ARABIC-INDIC DIGIT FIVE}",
        "```" * 10**5,
    ],
)
@pytest.mark.parametrize("grade", [exact, by_tests])
def test_hostile_text_is_graded_wrong(text: str, grade: Grader) -> None:
    """A pattern that backtracks takes hours for these texts."""
    for problem in (asking("5"), DOUBLE):
        assert grade(problem, text).score == 0


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.1, 1.1, "high", None, 1j])
def test_a_guarded_grader_refuses_a_score_outside_the_unit_interval(score: object) -> None:
    def bad(problem: Problem, text: str) -> Verdict:
        return Verdict(score, "")  # type: ignore[arg-type]

    verdict = never_raises(bad)(DOUBLE, "")
    assert verdict.score == 0
    assert verdict.reason.startswith("grader failed: ")


def test_a_guarded_grader_turns_its_failure_into_a_verdict() -> None:
    def broken(problem: Problem, text: str) -> Verdict:
        return Verdict(1 / len(text), "")

    assert never_raises(broken)(DOUBLE, "") == (
        0.0,
        "grader failed: ZeroDivisionError: division by zero",
    )
    assert never_raises(broken)(DOUBLE, "ab") == (0.5, "")


def test_a_guarded_grader_lets_run_errors_through() -> None:
    def starved(problem: Problem, text: str) -> Verdict:
        raise RunError("no worker")

    with pytest.raises(RunError):
        never_raises(starved)(DOUBLE, "")


def answers(*texts: str) -> list[Answer]:
    return [
        Answer(Problem("d", "f", 1, "q", "4"), text, AgentId("ann"), 0) for text in texts
    ]


def test_graders_in_this_process_may_raise_exit_or_give_garbage() -> None:
    def raises(_: Problem, text: str) -> Verdict:
        found: dict[str, object] = {
            "two": Verdict(2.0, ""),
            "nan": Verdict(float("nan"), ""),
            "none": None,
            "text": "ok",
        }
        if text == "exit":
            raise SystemExit(3)
        if text == "memory":
            raise MemoryError
        return found.get(text, Verdict(1.0, "fine"))  # type: ignore[return-value]

    verdicts = per_answer(raises)(
        answers("exit", "memory", "two", "nan", "none", "text", "else")
    )
    assert [v.score for v in verdicts] == [0, 0, 0, 0, 0, 0, 1]
    assert all(v.reason.startswith("grader failed: ") for v in verdicts[:-1])
