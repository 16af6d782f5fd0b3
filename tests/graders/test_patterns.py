"""The final answer by a pattern of the user's own."""

import pytest

from docendo.errors import UserError
from docendo.graders import patterns
from docendo.parts import parse_part
from docendo.records import AgentId, Answer, Problem

SUM = Problem("d", "f", 1, "3 + 4?", "7")
PROGRAM = Problem("d", "f", 1, "Double x.", "x * 2", tests=("f(3) == 6",))


def score(
    text: str, part: str = "truth", pattern: str = "#### (.*)", asked: Problem = SUM
) -> float:
    evaluator = parse_part("evaluator", {"type": part, "answer_pattern": pattern}).build()
    return float(evaluator([Answer(asked, text, AgentId("ann"), 0)])[0].score)


@pytest.mark.parametrize("part", ["truth", "numeric"])
def test_the_group_of_the_last_match_is_the_final_answer(part: str) -> None:
    assert score("#### 6\n#### 7\nThat was easy.", part) == 1
    assert score("#### 7\n#### 6\nThat was easy.", part) == 0
    assert score("So <a>7</a>, and Answer: 6", part, "<a>(.*?)</a>") == 1
    assert score("7 apples and 3 pears", part, r"^\d+") == 1


def test_a_text_that_does_not_match_is_read_as_without_a_pattern() -> None:
    assert score("Answer: 7") == 1
    assert score("\\boxed{7}") == 1
    assert score("Answer: 6") == 0


def test_a_program_is_read_without_the_pattern() -> None:
    assert score("#### no\n```python\nx + x\n```", asked=PROGRAM) == 1


def test_a_pattern_that_takes_exponential_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patterns, "_SECONDS", 0.3)
    assert score("a" * 40 + "\nAnswer: 7", pattern="(a+)+$b") == 1


def test_a_wrong_pattern_is_refused_with_its_place() -> None:
    with pytest.raises(UserError, match="truth: answer_pattern: wrong at 5"):
        parse_part("evaluator", {"type": "truth", "answer_pattern": "#### (.*"})
