"""People's verdicts in a run: waited for, used as far as they are there, or not at all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from logging import getLogger
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from docendo.errors import RunError
from docendo.humans.votes import PEOPLE, Grade, VoteStore
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import Answer, Verdict

__all__ = ["HumanRater", "HumanRaterConfig", "RatingMode", "RatingQueue"]

RatingMode = Literal["wait", "async", "off"]
_LOOK = 1.0
"""Seconds between two looks at what people said."""
_QUEUE = 200
"""Answers that may wait for people at once where nobody waits for them."""


@dataclass
class RatingQueue:
    """Where the people of a run write: known once the run has a directory."""

    run: Path | None = None
    asks: bool = True
    """Whether answers are put before people; otherwise what they said so far counts, and nobody is waited for."""
    now: Callable[[], int] = lambda: 0
    """The round that goes on."""
    attend: Callable[[Path], None] = lambda run: time.sleep(_LOOK)
    """What is done again and again while answers wait: by default a second passes."""


@dataclass(frozen=True)
class HumanRater:
    """Verdicts that people gave with ``docendo chat RUN --grade``, by question and answer, word for word.

    wait: a new answer is put into the queue, and the run waits until it is graded. async: whoever else judges does so
    until a person has. off: only whoever else judges. What was known at each moment is kept, so a round that is played
    again after a crash is judged as it was, whatever was said since.
    """

    mode: RatingMode
    queue: RatingQueue
    meanwhile: Evaluator | None
    """Who judges what no person has; 0 where there is nobody."""
    notify: Callable[[str], None] = lambda text: None

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        found = self._graded(answers) if self.mode != "off" else {}
        others = [i for i in range(len(answers)) if i not in found]
        if others and self.meanwhile:
            found |= zip(others, self.meanwhile([answers[i] for i in others]), strict=True)
        return [
            found.get(i, Verdict(0.0, "no person has graded it"))
            for i in range(len(answers))
        ]

    def _graded(self, answers: Sequence[Answer]) -> dict[int, Verdict]:
        """The verdicts that count, by place."""
        run, batch = self.queue.run, self._batch(answers)
        if not answers or run is None or not (self.queue.asks or (run / PEOPLE).exists()):
            return {}
        with VoteStore(run) as people:
            if not self.queue.asks:
                return _known(answers, people.grades(waiting=False))
            if people.horizon(batch) is None:
                self._ask(run, people, answers)
            return _known(
                answers, people.grades(waiting=False, horizon=people.fix_horizon(batch))
            )

    def _ask(self, run: Path, people: VoteStore, answers: Sequence[Answer]) -> None:
        """Puts into the queue what is not graded, and waits until nothing of it waits where the mode says so."""
        wanted = [
            Grade(a.problem.key, a.problem.prompt, a.text, None, a.problem.answer)
            for a in answers
        ]
        left = _missing(wanted, people)
        room = (
            len(left)
            if self.mode == "wait"
            else max(0, _QUEUE - len(people.grades(waiting=True)))
        )
        people.enqueue(left[:room])
        if self.mode == "wait" and left:
            count = "1 answer waits" if len(left) == 1 else f"{len(left)} answers wait"
            self.notify(f"{count} for a person: docendo chat {run} --grade")
        while self.mode == "wait" and _missing(wanted, people):
            if not (run / PEOPLE).exists():
                raise RunError(
                    f"{run / PEOPLE} is gone, and answers in it wait for a person"
                )
            self.queue.attend(run)

    def _batch(self, answers: Sequence[Answer]) -> str:
        """A name for these answers in this round."""
        said = [(a.problem.key, a.text, a.author, a.seed) for a in answers]
        return blake2b(
            repr((self.queue.now(), self.mode, said)).encode(), digest_size=16
        ).hexdigest()


class HumanRaterConfig(PartConfig):
    """Real people, by ``docendo chat RUN --grade``."""

    type: str = "human"
    mode: RatingMode
    """wait: the run waits for people; async: it uses what they said so far; off: it asks nobody."""
    members: Annotated[list[str], Field(validate_default=True)] = []  # noqa: RUF012 (pydantic copies it)
    """One evaluator, for answers that no person has graded; with wait there may be none."""

    @field_validator("members")
    @classmethod
    def _check_members(cls, members: list[str], info: ValidationInfo) -> list[str]:
        is_enough = len(members) == 1 or (not members and info.data.get("mode") == "wait")
        if not is_enough:
            raise ValueError("expected one evaluator for answers that no person has graded")
        return members

    def build(self, context: Any = None) -> HumanRater:
        return HumanRater(
            mode=self.mode,
            queue=context.ratings,
            meanwhile=context.find(self.members[0]) if self.members else None,
            notify=getLogger("docendo").warning,
        )


def _missing(wanted: Sequence[Grade], people: VoteStore) -> list[Grade]:
    given = {(g.problem, g.text) for g in people.grades(waiting=False)}
    return list(
        {
            (g.problem, g.text): g for g in wanted if (g.problem, g.text) not in given
        }.values()
    )


def _known(answers: Sequence[Answer], grades: Sequence[Grade]) -> dict[int, Verdict]:
    scores = {(g.problem, g.text): g.score for g in grades}
    found = [(i, scores.get((a.problem.key, a.text))) for i, a in enumerate(answers)]
    return {
        i: Verdict(score, "a person's verdict") for i, score in found if score is not None
    }
