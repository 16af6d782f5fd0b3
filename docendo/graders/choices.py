"""Answers to multiple choice: the letter of the right choice, its text, or both."""

import re
from dataclasses import dataclass, replace
from string import ascii_uppercase

from docendo.graders.answer import exact, final_answer
from docendo.interfaces import Grader
from docendo.records import Problem, Verdict

__all__ = ["ChoiceGrader"]

_LETTER = re.compile(r"\W*([A-Za-z])(?:\W*|[).:\]]\W*\s(?P<text>.+))", re.DOTALL)
"""``B``, ``(b).``, ``**B**``, or ``B) Paris``."""


@dataclass(frozen=True)
class ChoiceGrader:
    """1 where the final answer is the right choice's letter, its text as `exact` compares it, or both.

    A letter and the text of another choice contradict each other: 0. Problems without choices go
    to `otherwise`.
    """

    otherwise: Grader

    def __call__(self, problem: Problem, text: str) -> Verdict:
        if not problem.choices:
            return self.otherwise(problem, text)
        choice = problem.choices[ascii_uppercase.index(problem.answer)]
        by_text = replace(problem, answer=choice)
        answer = final_answer(text, choice) or ""

        match = _LETTER.fullmatch(answer)
        letters = ascii_uppercase[: len(problem.choices)]
        if match is None or match[1].upper() not in letters:
            return exact(by_text, text)
        if match[1].upper() != problem.answer:
            return Verdict(0.0, f"{answer[:60]!r} is not the answer")
        if match["text"]:
            return exact(by_text, f"Answer: {match['text']}")
        return Verdict(1.0, "right")
