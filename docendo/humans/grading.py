"""People's verdicts in a run: waited for, used as far as they are there, or not at all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from docendo.errors import RunError
from docendo.humans.opinions import Grade, Opinions
from docendo.interfaces import Evaluator
from docendo.records import Answer, Verdict

__all__ = ["Guestbook", "Human", "Mode"]

Mode = Literal["wait", "async", "off"]
_LOOK = 1.0
"""Seconds between two looks at what people said."""
_QUEUE = 200
"""Answers that may wait for people at once where nobody waits for them."""


@dataclass
class Guestbook:
    """Where the people of a run write: known once the run has a directory."""

    run: Path | None = None


@dataclass(frozen=True)
class Human:
    """Verdicts that people gave with ``docendo play RUN --grade``, by question and answer, word for word.

    wait: a new answer is put into the queue, and the run waits until it is graded. async: whoever else judges does so
    until a person has. off: only whoever else judges. A resumed run sees the same grades where they were given before.
    """

    mode: Mode
    guests: Guestbook
    meanwhile: Evaluator | None
    """Who judges what no person has; needed unless the mode is wait."""
    notify: Callable[[str], None] = lambda text: None
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        found = self._known(answers) if self.mode != "off" else {}
        if self.mode == "wait":
            found = self._waited(answers, found)
        others = [i for i in range(len(answers)) if i not in found]
        if others and self.meanwhile:
            found |= zip(others, self.meanwhile([answers[i] for i in others]), strict=True)
        return [found.get(i, Verdict(0.0, "no person has graded it")) for i in range(len(answers))]

    def _known(self, answers: Sequence[Answer]) -> dict[int, Verdict]:
        if self.guests.run is None:
            return {}
        wanted = [Grade(a.problem.key, a.problem.prompt, a.text, None) for a in answers]
        with Opinions(self.guests.run) as people:
            given = {(g.problem, g.text): g.score for g in people.grades(waiting=False)}
            missing = [g for g in wanted if (g.problem, g.text) not in given]
            room = len(missing) if self.mode == "wait" else max(0, _QUEUE - len(people.grades(waiting=True)))
            people.wait_for(missing[:room])
        scores = [given.get((g.problem, g.text)) for g in wanted]
        return {i: Verdict(s, "a person's verdict") for i, s in enumerate(scores) if s is not None}

    def _waited(self, answers: Sequence[Answer], found: dict[int, Verdict]) -> dict[int, Verdict]:
        if self.guests.run is None:
            raise RunError("people are to be waited for, and there is no run directory where they could write")
        if len(found) < len(answers):
            self.notify(
                f"{len(answers) - len(found)} answers wait for a person: docendo play {self.guests.run} --grade"
            )
        while len(found) < len(answers):
            self.sleep(_LOOK)
            found = self._known(answers)
        return found
