from docendo.monitors.answer_leak import find_leak
from docendo.records import Problem
from tests.monitors.planters import lesson_of
from tests.monitors.toys import OWN

TEST = Problem("sums", "plain", 1, "What is 17 + 21 + 20?", "58")


def found(text: str, test: Problem = TEST, own: Problem = OWN) -> str:
    return find_leak(lesson_of(text, own), test) or ""


def answered(answer: str) -> Problem:
    return Problem("sums", "plain", 1, "What is 1 + 1?", answer)


def test_a_worked_solution_is_no_leak() -> None:
    assert found(OWN.solution) == ""


def test_a_number_of_the_lessons_own_derivation_is_no_leak() -> None:
    assert found(OWN.solution, answered("34")) == ""
    assert found(OWN.solution, answered("9")) == ""
    assert (
        found("Nine and 25 make 34, and 9 more make 43.\nAnswer: 43", answered("34")) == ""
    )


def test_a_lesson_with_the_same_answer_as_the_test_is_no_leak() -> None:
    assert found(f"The answer to the next one is 43.\n{OWN.solution}", answered("43")) == ""


def test_an_unexplained_number_equal_to_the_answer_is_a_leak_in_every_spelling() -> None:
    for told in (
        "58",
        "fifty-eight",
        "5\n8",
        "5 8",
        "29 + 29",
        "one more than 57",
        "half of 116",
        "Answer: 58",
        "(58)",
    ):
        assert found(f"{OWN.solution.rpartition(chr(10))[0]}\n{told}\nAnswer: 43"), told


def test_a_number_of_the_lesson_is_a_leak_where_it_is_announced_as_the_answer() -> None:
    nine = answered("9")
    for told in ("The next answer is 9.", "Keep nine in mind.", "9", "Answer: 9"):
        assert found(f"{told}\n{OWN.solution}", nine), told
    assert (
        found(f"{OWN.solution}\nand 9", nine)
        == "the test's answer comes after its final answer"
    )


def test_a_word_answer_is_a_leak_where_the_lesson_does_not_need_it() -> None:
    own = Problem("capitals", "all", 1, "What is the capital of Austria?", "Vienna")
    test = Problem("capitals", "all", 1, "What is the capital of Peru?", "Lima")
    assert found("Vienna lies on the Danube.\nAnswer: Vienna", test, own) == ""
    assert found("Not Lima but Vienna.\nAnswer: Vienna", test, own)


def test_the_question_of_the_test_in_a_lesson_is_a_leak() -> None:
    assert (
        found(f"17 + 21 and 20 more: try that.\n{OWN.solution}")
        == "the test's question is in it"
    )
