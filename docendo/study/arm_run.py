"""One training of a study, from its settings to its result: rounds until the budget is spent, then the examinations.

Axes: points are looks at the held-out problems on the way, at equal shares of the budget.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np

from docendo.analysis.payoff import cyclic_share
from docendo.build.engine import resolve_config
from docendo.compute import within
from docendo.config import StudyConfig
from docendo.config.load import Config, changed, to_toml
from docendo.errors import UserError
from docendo.records import BASE, AgentId, Episode, Usage, base_agent
from docendo.run.evaluation_plan import START, TEACHING
from docendo.run.opening import begin, open_session, resume_session
from docendo.run.session import Callback, Session
from docendo.store import RunDirectory
from docendo.store.rows import RoundRecord
from docendo.study.eval_problems import (
    EvalProblems,
    accuracy_by_domain,
    answer_keys,
    answer_problems,
    check_prompt_lengths,
    draw_eval_problems,
)
from docendo.study.results import AnswerKeys, CurvePoint, LessonGain, TrainingTrace

__all__ = [
    "UNLIMITED_ROUNDS",
    "StageLog",
    "Training",
    "TrainingCallback",
    "cyclic_gain_share",
    "spent_flops",
    "train_to_budget",
]

UNLIMITED_ROUNDS = 1_000_000
"""Rounds of teaching that no budget lasts for."""
_NOTED = "study"


class TrainingCallback(Callback, Protocol):
    """Shows a person how a study goes."""

    def told(self, line: str) -> None:
        """What is done now."""
        ...

    def warned(self, line: str) -> None:
        """What a person should know of it."""
        ...

    def share(self, spent: float) -> None:
        """Of its budget, by the training that is under way."""
        ...


@dataclass
class StageLog:
    """What happened since the last point."""

    useful: list[float] = field(default_factory=list)
    passed: list[float] = field(default_factory=list)
    gains: dict[tuple[str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, record: RoundRecord) -> None:
        for metric, values in self._shares():
            if metric in record.metrics:
                values.append(record.metrics[metric])
        for e in record.episodes:
            self._gained(e)

    def recall(self, run: RunDirectory, after: int) -> None:
        """What a run has of the rounds after that one."""
        for metric, values in self._shares():
            values += [
                value for index, value in run.metrics().get(metric, ()) if index > after
            ]
        for e in run.episodes():
            if e.round > after:
                self._gained(e)

    def _shares(self) -> tuple[tuple[str, list[float]], ...]:
        return ("useful", self.useful), ("gate/passed", self.passed)

    def _gained(self, e: Episode) -> None:
        if e.gain is not None:
            self.gains[base_agent(e.match.teacher), base_agent(e.match.student)].append(
                e.gain
            )

    def told(self, flops: float) -> dict[str, Any]:
        """JSON of this stretch, which ends at `flops`."""
        gains = [
            {
                "flops": flops,
                "teacher": t,
                "student": s,
                "gain": fmean(values),
                "lessons": len(values),
            }
            for (t, s), values in sorted(self.gains.items())
        ]
        found: dict[str, Any] = {"gains": gains}
        for name, values in (("useful", self.useful), ("passed", self.passed)):
            if values:
                found[name] = [flops, fmean(values)]
        if (
            share := cyclic_gain_share(
                {pair: fmean(values) for pair, values in self.gains.items()}
            )
        ) is not None:
            found["cyclic"] = [flops, share]
        return found


def cyclic_gain_share(gains: dict[tuple[str, str], float]) -> float | None:
    """The cyclic share of who helps whom more than it is helped by; None where fewer than three agents met or nobody
    was ahead.
    """
    names = sorted({name for pair in gains for name in pair})
    if len(names) < 3:
        return None
    helped = np.array([[gains.get((t, s), 0.0) for s in names] for t in names])
    np.fill_diagonal(helped, 0.0)
    try:
        return cyclic_share((helped - helped.T) / 2)
    except UserError:  # all zero
        return None


def spent_flops(session: Session) -> float:
    """Operations that count against the budget."""
    return session.ledger.flops()


@dataclass
class Training:
    """A training that is under way: `run` goes on with it to the end of the budget."""

    session: Session
    budget: float
    points: int
    looked: EvalProblems
    """At each point."""
    whole: EvalProblems
    """Right after the experts' stage."""
    noted: list[dict[str, Any]] = field(default_factory=list)
    """One entry per point, each with the round that it came after."""
    stretch: StageLog = field(default_factory=StageLog)
    start: AnswerKeys = field(default_factory=dict)
    """Right after the experts' stage."""

    def run(self) -> Iterator[RoundRecord]:
        """Every round that is left, with the looks at the held-out problems. Raises UseError where rounds cost nothing,
        since a budget would then last for ever.
        """
        if (
            self.session.last_round >= START
        ):  # it may have ended between a round and the look after it
            self._look_if_due(self.session.last_round)
        before = spent_flops(self.session)
        for record in within(
            self.budget, lambda: spent_flops(self.session), self.session.rounds()
        ):
            if record.stage == TEACHING and spent_flops(self.session) == before:
                raise UserError(
                    "a round costs nothing, so that its budget lasts for ever: nobody studies or practises"
                )
            before = spent_flops(self.session)
            self.stretch.add(record)
            self._look_if_due(record.index)
            yield record
        if self.session.last_round > self._last:
            self._look(self.session.last_round, self.session.agents)

    @property
    def _last(self) -> int:
        """The round of the last look."""
        return int(self.noted[-1]["round"]) if self.noted else START - 1

    def _look_if_due(self, index: int) -> None:
        """A look after that round, where one belongs there and was not taken."""
        if self._last >= index:
            return
        if index == START:
            self._look(index, [BASE])
        elif index == self.session.expert_rounds - 1:
            self.start = self._look(index, self.session.agents, self.whole)
        elif spent_flops(self.session) >= self._due():
            self._look(index, self.session.agents)

    def _due(self) -> float:
        """Where the next point is."""
        share = self.budget / self.points
        return float((self.noted[-1]["flops"] // share + 1) * share)

    def _look(
        self, index: int, agents: Sequence[AgentId], problems: EvalProblems | None = None
    ) -> AnswerKeys:
        asked = problems or self.looked
        found = answer_keys(
            answer_problems(self.session.school.classroom, agents, asked), asked
        )
        cost = self.book()
        flops = spent_flops(self.session)
        told = {
            "round": index,
            "flops": flops,
            "accuracy": accuracy_by_domain(found),
            "cost": cost,
            **self.stretch.told(flops),
        }
        self.noted.append({**told, "start": found} if problems else told)
        self.stretch = StageLog()
        if self.session.directory:
            self.session.directory.note(**{_NOTED: self.noted})
        return found

    def book(self) -> list[Usage]:
        """Enter what examinations cost, and say what that was."""
        return self.session.ledger.book(self.session.school.classroom.engine.pop_usage())

    def recall(self, run: RunDirectory) -> None:
        """The points of a training that goes on, and what happened since the last of them."""
        self.noted = [
            one
            for one in run.noted(_NOTED) or []
            if one["round"] <= self.session.last_round
        ]
        self.start = next((one["start"] for one in self.noted if "start" in one), {})
        self.session.ledger.book(Usage(*work) for one in self.noted for work in one["cost"])
        self.stretch.recall(run, self._last)

    @property
    def curve(self) -> tuple[CurvePoint, ...]:
        """Accuracy at each point; of the base for everybody at the first."""
        agents = self.session.agents
        return tuple(
            CurvePoint(
                flops=one["flops"],
                accuracy={
                    a: one["accuracy"].get(a) or one["accuracy"][BASE] for a in agents
                },
            )
            for one in self.noted
        )

    @property
    def trace(self) -> TrainingTrace:
        def series(name: str) -> tuple[tuple[float, float], ...]:
            return tuple((one[name][0], one[name][1]) for one in self.noted if name in one)

        gains = tuple(LessonGain(**gain) for one in self.noted for gain in one["gains"])
        return TrainingTrace(
            useful=series("useful"),
            passed=series("passed"),
            cyclic=series("cyclic"),
            gains=gains,
        )

    @property
    def ledger(self) -> dict[str, float]:
        """Operations by purpose, without those of examinations."""
        sums: Counter[str] = Counter()
        for work in self.session.ledger.rows():
            sums[work.purpose] += work.flops  # type: ignore[assignment]
        return {
            purpose: flops
            for purpose, flops in sums.items()
            if flops and purpose != "evaluation"
        }

    @property
    def examined(self) -> float:
        """Operations of examinations."""
        return sum(w.flops for w in self.session.ledger.rows() if w.purpose == "evaluation")


def _paper(session: Session, count: int) -> EvalProblems:
    return draw_eval_problems(session.catalog, session.config.evaluation.seed, count)


def _begun_with(settings: str, folder: Path) -> bool:
    """Whether the run directory has these settings; not where its own are not to be read any more."""
    try:
        return (folder / "config.toml").read_bytes() == settings.encode()
    except OSError:
        return False


def train_to_budget(
    config: Config,
    folder: Path,
    watcher: TrainingCallback,
    study: StudyConfig,
    budget: float,
    then: Callable[[Training], None],
) -> float:
    """Train in a run directory, new or gone on with, to the end of the budget, call `then`, and return the seconds
    that its rounds took. What was begun with other settings begins anew. Raises UseError where another process trains
    there.
    """
    place = Path(*folder.parts[-3:])
    endless = resolve_config(changed(config, (f"teaching.rounds={UNLIMITED_ROUNDS}",)))
    settings, there = to_toml(endless), (folder / "run.db").exists()
    if there and not _begun_with(settings, folder):
        watcher.warned(f"{place}: begun with other settings; begins anew")
        shutil.rmtree(folder)
        there = False
    with (
        RunDirectory.open(folder, write=True)
        if there
        else RunDirectory.create(folder, settings) as run
    ):
        goes_on = bool(run.rounds())
        session = (
            resume_session(run, endless, watcher)
            if goes_on
            else open_session(endless, watcher)
        )
        course = Training(
            session,
            budget,
            study.points,
            _paper(session, study.looked),
            _paper(session, study.problems),
        )
        if not goes_on:
            check_prompt_lengths(session, course.whole)
            for line in session.truncation_warnings:
                watcher.warned(line)
            begin(session, run)
        course.recall(run)
        for change in session.changes:
            watcher.warned(f"{place}: {change}")
        for _ in course.run():
            watcher.share(min(1.0, spent_flops(session) / budget))
        if session.last_round < session.expert_rounds:
            told = (
                f"the budget of {budget:.3g} operations ended with the experts' study, "
                f"which took {spent_flops(session):.3g}"
            )
            watcher.warned(f"{place}: {told}; give at least five times that")
        then(course)
        seconds: float = sum(row.seconds for row in run.rounds())
    return seconds
