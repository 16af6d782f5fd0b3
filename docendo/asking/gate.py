"""The gate for questions that models write: how they are read, and why one is rejected."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from docendo.graders.answer import final_answer
from docendo.records import Problem

__all__ = [
    "QuestionShape",
    "measure_shape",
    "parse_question",
    "rejection_reason",
    "render_question",
]

_QUESTION = re.compile(
    r"question\s*:(?P<question>.*?)(?:\n\s*solution\s*:(?P<steps>.*?))?"
    r"(?:^|\n|(?<=:))[ \t]*(?P<answer>answer\s*:[^\n]*)",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_FRACTION = re.compile(r"-?\d+/\d+")

_GRAM = 4
"""Words that are compared together."""
_MAX_OVERLAP = 0.8
"""The share of common word groups above which two questions with the same numbers are
duplicates."""


class QuestionShape(NamedTuple):
    """What the questions of a task type look like."""

    max_length: int
    """Characters."""
    answer_sorts: frozenset[str]
    """Of number, fraction, word, words."""


def measure_shape(problems: Sequence[Problem]) -> QuestionShape:
    """The shape of a task type, from some of its problems."""
    # twice as long and some more, since a model words a question in its own way
    longest = max(len(problem.prompt) for problem in problems)
    sorts = frozenset(_sort_of(problem.answer) for problem in problems)
    return QuestionShape(2 * longest + 40, sorts)


def render_question(problem: Problem) -> str:
    """A problem in the form in which an asker writes one."""
    return f"Question: {problem.prompt}\nSolution: {problem.worked}"


def parse_question(text: str) -> tuple[str, str, str] | None:
    """(question, answer, solution) of a text.

    It is ``Question: ...``, ``Solution: ...`` and a last line ``Answer: ...``.

    The solution may be missing, and is then empty. None without a question and an answer.
    """
    match = _QUESTION.fullmatch(text.strip())
    if match is None:
        return None
    question = match["question"].strip()
    steps = (match["steps"] or "").strip()
    answer = final_answer(match["answer"])
    if not question or not answer:
        return None
    return question, answer, f"{steps}\nAnswer: {answer}" if steps else ""


def rejection_reason(
    problem: Problem, shape: QuestionShape, earlier_questions: Sequence[str]
) -> str:
    """Why a question is rejected; empty where it is not."""
    # Cheap tricks that a payoff for hard questions would reward: long texts, two questions in
    # one, answers of another kind, a question that holds its answer.
    question = problem.prompt
    answer = problem.answer
    if len(question) > shape.max_length:
        return f"form: {len(question)} characters, more than {shape.max_length}"
    if re.search(r"(?im)^\s*question\s*:", question):
        return "form: more than one question"
    if _sort_of(answer) not in shape.answer_sorts:
        expected = " or ".join(sorted(shape.answer_sorts))
        return f"form: the answer is a {_sort_of(answer)}, expected a {expected}"
    if re.search(rf"(?<!\w){re.escape(answer)}(?!\w)\s*[.!]?$", question):
        return "form: the question ends with its answer"
    return _duplicate_reason(question, earlier_questions)


def _duplicate_reason(question: str, earlier_questions: Sequence[str]) -> str:
    words = _WORD.findall(question.casefold())
    digits = list(filter(str.isdigit, words))
    grams = _count_grams(words)
    for earlier_question in earlier_questions:
        earlier_words = _WORD.findall(earlier_question.casefold())
        if words == earlier_words:
            return "duplicate: the same question"

        earlier_grams = _count_grams(earlier_words)
        shared = (grams & earlier_grams).total()
        limit = _MAX_OVERLAP * max(grams.total(), earlier_grams.total())
        # The same words with other numbers are another question.
        has_same_numbers = digits == list(filter(str.isdigit, earlier_words))
        if grams and shared > limit and has_same_numbers:
            return "duplicate: nearly the same question"
    return ""


def _count_grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    # none where there are fewer words than a gram has
    return Counter(zip(*(words[i:] for i in range(_GRAM)), strict=False))


def _sort_of(answer: str) -> str:
    text = answer.strip().rstrip(".")
    if _NUMBER.fullmatch(text):
        return "number"
    if _FRACTION.fullmatch(text):
        return "fraction"
    return "word" if len(text.split()) == 1 else "words"
