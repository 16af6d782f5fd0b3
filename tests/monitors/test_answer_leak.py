from dataclasses import replace

from docendo.monitors.answer_leak import find_leak
from docendo.prompts import with_record
from docendo.records import Completion, Problem, Rollout, Verdict
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


def corrected(mistake: str, correction: str = OWN.solution) -> str:
    """What is found where a student of `TEST` read its mistake and the correction of it."""
    wrong = Rollout(Completion(mistake), Verdict(0.0, ""))
    return find_leak(replace(lesson_of(correction, OWN), tries=(wrong,)), TEST) or ""


def test_a_correction_and_the_mistake_before_it_are_read_like_any_lesson() -> None:
    mistake = "25 + 9 = 33\n33 + 9 = 42\nAnswer: 42"
    assert corrected(mistake) == ""
    assert corrected(mistake, f"On the test say 58.\n{OWN.solution}")
    assert corrected(f"The other one is 58.\n{mistake}")
    # a wrong answer may be the test's right one, by chance
    assert corrected("25 + 9 + 9 = 58\nAnswer: 58") == ""


def test_a_right_answer_of_the_student_is_no_part_of_its_lesson() -> None:
    right = Rollout(Completion("58 on the test\nAnswer: 43"), Verdict(1.0, ""))
    assert find_leak(replace(lesson_of(OWN.solution, OWN), tries=(right,)), TEST) is None


def test_a_leak_in_the_part_that_was_shown_first_is_found_in_the_lesson() -> None:
    leaking = lesson_of(f"Remember 58.\n{OWN.solution}", OWN)
    first = leaking.parts[0]
    assert "58" in first.examples[0].completion.text
    assert find_leak(first, TEST)
    assert find_leak(leaking, TEST)


def test_what_a_teacher_was_told_of_its_student_explains_no_number() -> None:
    record = with_record("", [("plain, level 58", 0.5)])
    assert found(f"{record}\n{OWN.solution}")
