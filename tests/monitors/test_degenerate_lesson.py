from docendo.monitors.degenerate_lesson import count_loops, find_degeneration
from docendo.records import Problem
from tests.monitors.toys import OWN


def test_an_empty_lesson_a_copied_question_and_a_pep_talk_are_degenerate() -> None:
    assert find_degeneration("Answer: 43", OWN) == "it is empty but for the answer"
    assert (
        find_degeneration("What is 25 + 9 + 9?\nAnswer: 43", OWN)
        == "it says the question again"
    )
    assert (
        find_degeneration("Think hard, my friend.\nAnswer: 43", OWN)
        == "it speaks of nothing in its problem"
    )
    assert find_degeneration(OWN.solution, OWN) == ""
    assert (
        find_degeneration("Nine and nine are eighteen; 25 + 18 = 43.\nAnswer: 43", OWN)
        == ""
    )


def test_a_bare_answer_is_no_degenerate_lesson_where_the_data_has_no_steps() -> None:
    assert (
        find_degeneration(
            "Answer: Vienna", Problem("c", "all", 1, "Capital of Austria?", "Vienna")
        )
        == ""
    )


def test_a_repetition_is_degenerate_only_where_the_worked_solution_has_none() -> None:
    assert (
        find_degeneration("so so so so so so so so so 34\nAnswer: 43", OWN)
        == "it repeats itself"
    )
    assert max(count_loops("T A, T A, T A, T A").values()) == 4
    strand = Problem(
        "dna",
        "pairs",
        1,
        "Complement of T T T T?",
        "A A A A",
        "T A, T A, T A, T A\nAnswer: A A A A",
    )
    assert find_degeneration(strand.solution, strand) == ""
