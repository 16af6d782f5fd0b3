"""One training of a study, from its settings to the end of its budget, with evaluations on the way."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docendo.build.backend import resolve_config
from docendo.compute import within
from docendo.config import StudyConfig
from docendo.config.load import Config, changed, to_toml
from docendo.errors import UserError
from docendo.records import BASE, AgentId, Usage
from docendo.report.facts.withheld import read_taught
from docendo.run.evaluation_plan import START, TEACHING
from docendo.run.opening import begin, open_session, resume_session
from docendo.run.session import Callback, Session
from docendo.store import RunDirectory
from docendo.store.rows import RoundRecord
from docendo.study.eval_answers import (
    accuracy_by_domain,
    answer_keys,
    answer_problems,
    check_prompt_lengths,
)
from docendo.study.eval_problems import EvalProblems, draw_eval_problems
from docendo.study.results import (
    AnswerKeys,
    CurvePoint,
    LessonGain,
    TaughtStudent,
    TrainingTrace,
)
from docendo.study.stage_log import StageLog

__all__ = [
    "UNLIMITED_ROUNDS",
    "Training",
    "TrainingCallback",
    "open_run",
    "spent_flops",
    "train_to_budget",
]

UNLIMITED_ROUNDS = 1_000_000
"""More rounds of teaching than any budget lasts for."""
_NOTE = "study"


class TrainingCallback(Callback, Protocol):
    """Shows a person the progress of a study."""

    def on_message(self, line: str) -> None:
        """A step begins or ends."""
        ...

    def on_warning(self, line: str) -> None:
        """Something is not as expected."""
        ...

    def on_progress(self, share: float) -> None:
        """The current training has spent that share of its budget, from 0 to 1."""
        ...


def spent_flops(session: Session) -> float:
    """Operations that count against the budget."""
    return session.ledger.flops()


@dataclass
class Training:
    """A training in progress. `run` takes it to the end of its budget."""

    session: Session
    budget: float
    """In operations."""
    eval_points: int
    """Evaluations on the way, at equal shares of the budget."""
    eval_problems: EvalProblems
    """Of each of these evaluations."""
    test_problems: EvalProblems
    """Of the evaluation right after the experts' stage."""
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    """JSON of each evaluation, with the round that it came after."""
    log: StageLog = field(default_factory=StageLog)
    """The rounds since the last evaluation."""
    after_experts: AnswerKeys = field(default_factory=dict)
    """Answers to the test problems right after the experts' stage."""

    def run(self) -> Iterator[RoundRecord]:
        """Run and yield the rounds that are left, evaluating on the way.

        Raises UserError where rounds cost nothing, since the budget would last for ever.
        """
        session = self.session
        if session.last_round >= START:
            # The process may have ended between a round and the evaluation after it.
            self._evaluate_if_due(session.last_round)

        before = spent_flops(session)
        rounds = within(self.budget, lambda: spent_flops(session), session.rounds())
        for record in rounds:
            # The experts' stage ends by itself, so only free rounds of teaching are endless.
            if record.stage == TEACHING and spent_flops(session) == before:
                raise UserError(
                    "a round costs nothing, so its budget lasts for ever: nobody studies or practises"
                )
            before = spent_flops(session)
            self.log.add(record)
            self._evaluate_if_due(record.index)
            yield record
        if session.last_round > self._last_round:
            self._evaluate(session.last_round, session.config.learner_ids)

    @property
    def _last_round(self) -> int:
        """The round of the last evaluation."""
        return int(self.evaluations[-1]["round"]) if self.evaluations else START - 1

    def _evaluate_if_due(self, round_index: int) -> None:
        """Evaluate after that round if an evaluation belongs there and is not done."""
        if self._last_round >= round_index:
            return
        session = self.session
        # experts that were given have no rounds: they are what the training starts from
        if round_index == session.expert_rounds - 1:
            learners = session.config.learner_ids
            self._evaluate(round_index, learners, after_experts=True)
        elif round_index == START:
            self._evaluate(round_index, [BASE])
        elif spent_flops(session) >= self._next_point():
            self._evaluate(round_index, session.config.learner_ids)

    def _next_point(self) -> float:
        """The operations after which the next evaluation is due."""
        share = self.budget / self.eval_points
        return float((self.evaluations[-1]["flops"] // share + 1) * share)

    def _evaluate(
        self, round_index: int, agents: Sequence[AgentId], *, after_experts: bool = False
    ) -> None:
        """Evaluate, keep the evaluation, in the run directory too, and begin a new log.

        After the experts' stage all test problems are answered, since forgetting is measured
        from there.
        """
        problems = self.test_problems if after_experts else self.eval_problems
        attempts = answer_problems(self.session.school.classroom, agents, problems)
        answers = answer_keys(attempts, problems)
        cost = self.book_evaluation()
        flops = spent_flops(self.session)
        evaluation = {
            "round": round_index,
            "flops": flops,
            "accuracy": accuracy_by_domain(answers),
            "cost": cost,
            **self.log.summarize(flops),
        }
        if after_experts:
            self.after_experts = evaluation["after_experts"] = answers

        self.evaluations.append(evaluation)
        self.log = StageLog()
        if self.session.directory:
            self.session.directory.note(**{_NOTE: self.evaluations})

    def book_evaluation(self) -> list[Usage]:
        """Book the cost of the evaluations since the last call, and return it."""
        engine = self.session.school.classroom.engine
        return self.session.ledger.book(engine.pop_usage())

    def recall(self, run: RunDirectory) -> None:
        """Restore the evaluations of a training that continues, and the log since the last."""
        for evaluation in run.noted(_NOTE) or []:
            if evaluation["round"] > self.session.last_round:
                continue  # the checkpoint is older than this evaluation
            self.evaluations.append(evaluation)
            self.session.ledger.book(Usage(*usage) for usage in evaluation["cost"])
            self.after_experts = evaluation.get("after_experts", self.after_experts)
        self.log.recall(run, self._last_round)

    @property
    def curve(self) -> tuple[CurvePoint, ...]:
        """Accuracy at each evaluation. The first is of the base model, for every agent."""
        points = []
        for evaluation in self.evaluations:
            by_agent = evaluation["accuracy"]
            accuracy = {}
            for agent in self.session.config.learner_ids:
                accuracy[str(agent)] = by_agent.get(agent) or by_agent[BASE]
            points.append(CurvePoint(flops=evaluation["flops"], accuracy=accuracy))
        return tuple(points)

    @property
    def trace(self) -> TrainingTrace:
        gains = []
        for evaluation in self.evaluations:
            gains += [LessonGain(**gain) for gain in evaluation["lesson_gains"]]
        taught = []
        if self.session.directory:
            rows = read_taught(self.session.directory, self.session.config)
            taught = [TaughtStudent(**row._asdict()) for row in rows]
        return TrainingTrace(
            nonzero_variance=self._series("nonzero_variance"),
            gate_passed=self._series("gate_passed"),
            cyclic_share=self._series("cyclic_share"),
            lesson_gains=tuple(gains),
            taught=tuple(taught),
        )

    def _series(self, name: str) -> tuple[tuple[float, float], ...]:
        pairs = [entry[name] for entry in self.evaluations if name in entry]
        return tuple((flops, share) for flops, share in pairs)

    @property
    def ledger(self) -> dict[str, float]:
        """Operations by purpose, without evaluation."""
        sums = self._flops_by_purpose()
        # A Counter lets a key go that it does not have.
        del sums["evaluation"]
        return {purpose: flops for purpose, flops in sums.items() if flops}

    @property
    def evaluation_flops(self) -> float:
        """Operations of evaluations."""
        return self._flops_by_purpose()["evaluation"]

    def _flops_by_purpose(self) -> Counter[str]:
        sums: Counter[str] = Counter()
        for usage in self.session.ledger.rows():
            sums[usage.purpose] += usage.flops  # type: ignore[assignment]
        return sums


def train_to_budget(
    config: Config,
    folder: Path,
    *,
    study: StudyConfig,
    callback: TrainingCallback,
    finish: Callable[[Training], None],
    start_from: Callable[[Session], None] | None = None,
) -> float:
    """Train in a run directory to the end of the study's budget, call `finish`, return the seconds.

    A training that was interrupted continues, unless its settings changed: then it starts
    anew. `start_from` gives the agents of a new training their adapters. Raises UserError where
    another process trains in the directory.
    """
    place = Path(*folder.parts[-3:])
    # The budget ends a training, so the rounds of its settings must not end it first.
    unlimited = changed(config, (f"teaching.rounds={UNLIMITED_ROUNDS}",))
    with open_run(unlimited, folder, callback) as (run, session):
        seed = session.config.evaluation.seed
        training = Training(
            session,
            study.budget,
            study.eval_points,
            eval_problems=draw_eval_problems(session.catalog, seed, study.eval_problems),
            test_problems=draw_eval_problems(session.catalog, seed, study.test_problems),
        )
        if not session.directory:
            if start_from:
                start_from(session)
            check_prompt_lengths(session, training.test_problems)
            for line in session.truncation_warnings:
                callback.on_warning(line)
            begin(session, run)

        # Evaluations of the run are booked again: the ledger was restored without them.
        training.recall(run)
        for change in session.changes:
            callback.on_warning(f"{place}: {change}")

        for _ in training.run():
            callback.on_progress(min(1.0, spent_flops(session) / study.budget))
        if session.last_round < session.expert_rounds:
            callback.on_warning(
                f"{place}: the budget of {study.budget:.3g} operations ended in the experts' "
                f"stage, which took {spent_flops(session):.3g}; give at least five times that"
            )
        finish(training)
        return sum(row.seconds for row in run.rounds())


@contextmanager
def open_run(
    config: Config, folder: Path, callback: TrainingCallback
) -> Iterator[tuple[RunDirectory, Session]]:
    """The run directory of a training, new or old, and its session.

    The session of a new one is not tied to the directory yet. A directory with other settings
    is made anew.
    """
    resolved = resolve_config(config)
    settings = to_toml(resolved)
    if (folder / "run.db").exists() and not _has_settings(folder, settings):
        place = Path(*folder.parts[-3:])
        callback.on_warning(f"{place}: begun with other settings; begins anew")
        shutil.rmtree(folder)

    if not (folder / "run.db").exists():
        RunDirectory.create(folder, settings).close()
    with RunDirectory.open(folder, write=True) as run:
        if run.rounds():
            yield run, resume_session(run, resolved, callback)
        else:
            yield run, open_session(resolved, callback)


def _has_settings(folder: Path, settings: str) -> bool:
    """Whether the run directory has these settings; not where it has none to read."""
    try:
        return (folder / "config.toml").read_bytes() == settings.encode()
    except OSError:
        return False
