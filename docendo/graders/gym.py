"""A grader for tasks of reasoning-gym with several right answers: it asks their scorers."""

from dataclasses import dataclass

from docendo.datasets.reasoning_gym import VERSION, parse_item, sound_tasks
from docendo.errors import RunError
from docendo.graders.answer import final_answer
from docendo.interfaces import Grader
from docendo.records import Problem, Verdict

__all__ = ["GymGrader", "has_scorer"]

_MAX_ANSWER = 200
_FULL_SCORE = 0.99
"""Scorers give parts of a point; a right answer has at least this score."""


@dataclass(frozen=True)
class GymGrader:
    """Score 1 where the task's own scorer accepts the final answer.

    The item is made again from the problem's source. Problems of other sources, and of
    tasks with one right answer, go to the `fallback` grader.
    """

    fallback: Grader

    def __call__(self, problem: Problem, text: str) -> Verdict:
        """Raises RunError where the installed version has another problem at this number."""
        item = parse_item(problem.source)
        if item is None or not has_scorer(problem):
            return self.fallback(problem, text)
        # Another version of reasoning-gym draws other problems from the same seed.
        if item.entry()["question"].strip() != problem.prompt:
            raise RunError(
                f"{problem.source} is another problem here; "
                f"expected reasoning-gym {VERSION} and its data"
            )

        answer = (final_answer(text) or "").removesuffix(".").strip(" `")
        if not answer:
            return Verdict(0.0, "no answer")
        if len(answer) > _MAX_ANSWER:
            return Verdict(0.0, f"the answer is longer than {_MAX_ANSWER} characters")
        if item.score(answer) >= _FULL_SCORE:
            return Verdict(1.0, f"right, says {item.task}'s own scorer")
        return Verdict(0.0, f"{answer!r} is not right, says {item.task}'s own scorer")


def has_scorer(problem: Problem) -> bool:
    """Whether a problem is of a task with several right answers, and a scorer of its own."""
    item = parse_item(problem.source)
    return item is not None and sound_tasks()[item.task].graded != "exact"
