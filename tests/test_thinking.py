"""Of a text with thinking others read the answer alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.thinking import ThinkingConfig

PIECES = st.lists(st.sampled_from(["<think>", "</think>", " ", "a", "\n"]), max_size=8)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Answer: 4", "Answer: 4"),
        ("<think>2 and 2</think>\n\nAnswer: 4", "Answer: 4"),
        ("<think>2 and 2", ""),
        ("Answer: 4 <think>or 5", ""),
        ("2 and 2</think>\nAnswer: 4", "Answer: 4"),
        ("<think>2</think>so<think>4</think> Answer: 4", "Answer: 4"),
        ("<think>2</think>Answer: 4<think>or", ""),
        ("<think>a<think>b</think>c</think>Answer: 4", "Answer: 4"),
        ("<think></think>", ""),
        ("", ""),
    ],
)
def test_the_answer_stands_behind_the_last_end_mark(text: str, answer: str) -> None:
    assert ThinkingConfig().answer(text) == answer


def test_in_a_block_that_the_prompt_began_there_is_no_answer_before_its_end() -> None:
    thinking = ThinkingConfig()
    assert thinking.answer("2 and 2 is 4", is_open=True) == ""
    assert thinking.answer("2 and 2</think>4", is_open=True) == "4"


def test_thinking_is_shown_where_that_is_asked_for() -> None:
    text = "<think>2 and 2</think>4"
    assert ThinkingConfig(shown=True).answer(text, is_open=True) == text


def test_a_models_own_marks_can_be_set() -> None:
    thinking = ThinkingConfig(
        begin="<|channel|>analysis", end="<|channel|>final<|message|>"
    )
    text = "<|channel|>analysis<|message|>hm<|channel|>final<|message|>4"
    assert thinking.answer(text) == "4"


@given(PIECES, st.booleans())
def test_no_answer_has_a_mark_or_a_thought(pieces: list[str], is_open: bool) -> None:
    text = "".join(pieces)
    answer = ThinkingConfig().answer(text, is_open)
    assert "think>" not in answer
    assert text.endswith(answer)
