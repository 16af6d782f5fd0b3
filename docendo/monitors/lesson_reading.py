"""A lesson and its test problem as tokens, read once for all detectors of a leak."""

from functools import cached_property
from itertools import pairwise

from docendo.graders.answer import final_answer
from docendo.monitors.derivation import derivable_tokens
from docendo.monitors.text import split_sentences, tokenize
from docendo.records import Lesson, Problem

__all__ = ["LessonReading"]


class LessonReading:
    """A lesson and its test problem, as tokens."""

    def __init__(self, lesson: Lesson, test: Problem) -> None:
        self.test = test
        self.answer = tokenize(test.answer)
        # The student reads its own mistakes again, with their corrections.
        mistakes = list(filter(None, lesson.mistakes))
        self.texts = [rollout.completion.text for rollout in lesson.examples] + mistakes
        self.own_answers = [tokenize(problem.answer) for problem in lesson.problems]
        """The final answers that a lesson may have, those of the mistakes among them."""
        self.own_answers += [tokenize(final_answer(text) or "") for text in mistakes]
        self.sources: list[str] = []
        """The questions, answers and worked solutions of the lesson's own problems."""
        for problem in lesson.problems:
            self.sources += [problem.prompt, problem.answer, problem.worked]

    @cached_property
    def sentences(self) -> list[tuple[str, ...]]:
        sentences = []
        for text in self.texts:
            sentences += split_sentences(text)
        return sentences

    @cached_property
    def source_tokens(self) -> list[str]:
        """Of all sources, with a line end after each, which keeps them apart."""
        tokens = []
        for text in self.sources:
            tokens += [*tokenize(text), "\n"]
        return tokens

    @cached_property
    def explained(self) -> set[str]:
        return derivable_tokens(self.sentences, self.source_tokens)

    @cached_property
    def neighbours(self) -> list[set[str]]:
        """The tokens of each sentence and the next."""
        pairs = pairwise([*self.sentences, ()])
        return [{*first, *second} for first, second in pairs]

    @property
    def number(self) -> int | None:
        """The test's answer, where it is one whole number."""
        if len(self.answer) == 1 and self.answer[0].isdecimal():
            return int(self.answer[0])
        return None
