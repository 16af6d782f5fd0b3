"""A lesson and its test problem as the detectors read them."""

from docendo.monitors.lesson_reading import LessonReading
from docendo.records import Completion, Lesson, Problem, Rollout, Verdict


def reading(text: str, answer: str = "58") -> LessonReading:
    """A lesson on 17 + 21 = 38 whose test has this answer."""
    problem = Problem("sums", "two", 1, "17 + 21?", "38", "17 + 21 = 38")
    rollout = Rollout(Completion(text, tokens=()), Verdict(1.0, ""))
    test = Problem("sums", "two", 1, "38 + 20?", answer)
    return LessonReading(Lesson((problem,), (rollout,)), test)


def test_sources_are_kept_apart_by_line_ends() -> None:
    tokens = reading("").source_tokens
    assert tokens[:4] == ["17", "+", "21", "\n"]
    assert tokens.count("\n") == 3, "question, answer and worked solution"


def test_a_neighbour_is_a_sentence_with_the_next_one() -> None:
    assert reading("One. Two. Three.").neighbours == [{"1", "2"}, {"2", "3"}, {"3"}]


def test_a_sum_of_explained_numbers_is_explained_and_another_number_is_not() -> None:
    explained = reading("17 + 21 = 38. The other one is 58.").explained
    assert {"17", "21", "38"} <= explained
    assert "58" not in explained


def test_the_answer_is_a_number_only_where_it_is_one_whole_number() -> None:
    assert reading("", "58").number == 58
    assert reading("", "5.8").number is None
    assert reading("", "Vienna").number is None
