"""People's verdicts in a run: the run waits for them, uses those that exist, or ignores them."""

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
_POLL_SECONDS = 1.0
_MAX_QUEUE = 200
"""Answers that may wait for people at once where the run does not: the queue must not grow with the run."""


@dataclass
class RatingQueue:
    """Where the people of a run write."""

    run: Path | None = None
    """The run directory; None until there is one."""
    asks: bool = True
    """Whether answers are put before people. Otherwise only the grades so far count."""
    now: Callable[[], int] = lambda: 0
    """The current round."""
    attend: Callable[[Path], None] = lambda run: time.sleep(_POLL_SECONDS)
    """Called again and again while answers wait; by default a second passes."""


@dataclass(frozen=True)
class HumanRater:
    """Verdicts that people gave with ``docendo chat RUN --grade``, by question and answer, word for word.

    wait: a new answer is put into the queue, and the run waits until it is graded. async: the
    fallback judges until a person has. off: only the fallback judges. The grades that each batch
    saw are kept, so a round that is played again after a crash gets the same verdicts.
    """

    mode: RatingMode
    queue: RatingQueue
    meanwhile: Evaluator | None
    """The fallback, for answers that no person has graded; without one they score 0."""
    notify: Callable[[str], None] = lambda text: None

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        verdicts = self._read_grades(answers) if self.mode != "off" else {}
        ungraded = [place for place in range(len(answers)) if place not in verdicts]
        if ungraded and self.meanwhile:
            fallback = self.meanwhile([answers[place] for place in ungraded])
            verdicts.update(zip(ungraded, fallback, strict=True))

        no_grade = Verdict(0.0, "no person has graded it")
        return [verdicts.get(place, no_grade) for place in range(len(answers))]

    def _read_grades(self, answers: Sequence[Answer]) -> dict[int, Verdict]:
        """The verdicts of people that count, by place."""
        run = self.queue.run
        if not answers or run is None:
            return {}
        # Reading a run must not make a file in it.
        if not self.queue.asks and not (run / PEOPLE).exists():
            return {}

        with VoteStore(run) as store:
            if not self.queue.asks:
                return _match_grades(answers, store.grades(waiting=False))
            batch = self._batch(answers)
            # A round that is played again after a crash sees what it saw then.
            horizon = store.horizon(batch)
            if horizon is None:
                self._ask(run, store, answers)
                horizon = store.fix_horizon(batch)
            grades = store.grades(waiting=False, horizon=horizon)
            return _match_grades(answers, grades)

    def _ask(self, run: Path, store: VoteStore, answers: Sequence[Answer]) -> None:
        """Queues what is not graded; in the mode wait, returns when nothing of it waits."""
        requested = []
        for answer in answers:
            problem = answer.problem
            grade = Grade(problem.key, problem.prompt, answer.text, None, problem.answer)
            requested.append(grade)

        ungraded = _drop_graded(requested, store)
        if self.mode != "wait":
            free_places = max(0, _MAX_QUEUE - len(store.grades(waiting=True)))
            store.enqueue(ungraded[:free_places])
            return

        # All of them, without a limit: the run goes on only when each has a grade.
        store.enqueue(ungraded)
        if ungraded:
            count = len(ungraded)
            waiting = "1 answer waits" if count == 1 else f"{count} answers wait"
            self.notify(f"{waiting} for a person: docendo chat {run} --grade")

        while _drop_graded(requested, store):
            if not (run / PEOPLE).exists():
                raise RunError(
                    f"{run / PEOPLE} is gone, and answers in it wait for a person"
                )
            self.queue.attend(run)

    def _batch(self, answers: Sequence[Answer]) -> str:
        """A name for these answers in this round."""
        rows = [(a.problem.key, a.text, a.author, a.seed) for a in answers]
        address = repr((self.queue.now(), self.mode, rows))
        return blake2b(address.encode(), digest_size=16).hexdigest()


class HumanRaterConfig(PartConfig):
    """Real people, who grade with `docendo chat RUN --grade`."""

    type: str = "human"
    mode: RatingMode
    """When people grade. "wait": the run waits for them. "async": it uses the grades that
    exist. "off": nobody is asked."""
    members: Annotated[list[str], Field(validate_default=True)] = []  # noqa: RUF012 (pydantic copies it)
    """One evaluator for answers that nobody has graded. With "wait" it may be left out."""

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


def _drop_graded(grades: Sequence[Grade], store: VoteStore) -> list[Grade]:
    """Those that no person has graded yet, each once."""
    graded = {(grade.problem, grade.text) for grade in store.grades(waiting=False)}
    ungraded: dict[tuple[str, str], Grade] = {}
    for grade in grades:
        key = (grade.problem, grade.text)
        if key not in graded:
            ungraded[key] = grade
    return list(ungraded.values())


def _match_grades(answers: Sequence[Answer], grades: Sequence[Grade]) -> dict[int, Verdict]:
    scores = {(grade.problem, grade.text): grade.score for grade in grades}
    verdicts: dict[int, Verdict] = {}
    for place, answer in enumerate(answers):
        score = scores.get((answer.problem.key, answer.text))
        if score is not None:
            verdicts[place] = Verdict(score, "a person's verdict")
    return verdicts
