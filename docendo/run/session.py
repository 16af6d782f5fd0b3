"""A run from beginning to end: stages, evaluation, metrics and checkpoints, around the loop."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docendo.backend import Backend
from docendo.build.parts import Parts
from docendo.build.school import count_expert_rounds
from docendo.compute import Ledger
from docendo.config.load import Config
from docendo.humans.rating import RatingQueue
from docendo.interfaces import Tracker
from docendo.loop import finetune, teach
from docendo.metrics import measure_choosing
from docendo.monitors.answer_probe import ProbeRoom
from docendo.monitors.monitor import MonitorReport, Monitors
from docendo.problems.catalog import Catalog
from docendo.problems.pool import AcceptedQuestions
from docendo.records import BASE, AgentId, Evaluation, MetricKey, Metrics, Usage
from docendo.run.evaluation import accuracies, held_out_problems, warn_truncation
from docendo.run.evaluation_plan import EXPERTS, START, TEACHING, EvaluationPlan
from docendo.run.forgetting import KeptMeasures
from docendo.run.game_eval import estimate_styles, measure_styles
from docendo.run.provenance import Change
from docendo.school import Round, School
from docendo.seeds import seed_for
from docendo.store.rows import RoundRecord
from docendo.store.run import RunDirectory
from docendo.system import Way, compare_ways

__all__ = ["Callback", "Session"]


class Callback(Protocol):
    """Shows a person what happens; the run does not depend on it."""

    def work(self, purpose: str, tokens: int) -> None: ...

    def stage(self, name: str, index: int, of: int) -> None: ...


@dataclass
class Session:
    """A run that is alive. Iterate `rounds`; each record is committed before it is yielded."""

    config: Config
    catalog: Catalog
    backend: Backend
    school: School
    monitors: Monitors
    callback: Callback
    ratings: RatingQueue = field(default_factory=RatingQueue)
    directory: RunDirectory | None = None
    """None for a rehearsal that writes nothing."""
    trackers: Sequence[Tracker] = ()
    """Consumers of the metrics; they are told of a round once it is committed."""
    ledger: Ledger = field(default_factory=Ledger)
    parts: Parts = field(default_factory=Parts)
    """What was put in from Python."""
    last_round: int = START - 1
    """The last round that is committed."""
    stopped_at: int | None = None
    """The supervised round after which the experts had reached their target accuracy."""
    changes: list[Change] = field(default_factory=list)
    """What differed from before when the run was resumed."""

    @property
    def evaluation_plan(self) -> EvaluationPlan:
        return EvaluationPlan(self.config, self.catalog, self.school.classroom)

    @property
    def expert_rounds(self) -> int:
        """Rounds of the first stage: as planned, or fewer where the target accuracy was reached."""
        if self.stopped_at is not None:
            return self.stopped_at + 1
        return count_expert_rounds(self.config.experts)

    @property
    def truncation_warnings(self) -> list[str]:
        """One sentence per domain whose worked solutions are longer than answers may be."""
        limits = [
            agent.max_tokens or self.config.teaching.max_tokens
            for agent in self.config.learners.values()
        ]
        shortest = min(limits, default=self.config.teaching.max_tokens)

        settings = self.config.evaluation
        problems = []
        for domain in self.catalog.levels:
            problems += held_out_problems(
                self.catalog, domain, settings.problems, settings.seed
            )
        return warn_truncation(
            problems,
            max_tokens=shortest,
            count_tokens=lambda text: len(self.backend.ids(text)) + 1,
        )

    def rounds(self) -> Iterator[RoundRecord]:
        """All rounds that are left, in order, or those up to an alarm that ends the run."""
        # Trackers are finished also where a consumer leaves early, a round fails or another
        # tracker does not start: a service has to hear of it.
        with ExitStack() as started:
            for tracker in self.trackers:
                self._start_tracker(tracker, started)
            for record in self._run_rounds():
                for tracker in self.trackers:
                    tracker.log(record.index, record.stage, record.metrics)
                yield record

    def _start_tracker(self, tracker: Tracker, started: ExitStack) -> None:
        """Start a tracker, and log the committed rounds that it does not have.

        `started` finishes it.
        """
        folder = self.directory.path if self.directory else None
        settings = self.config.model_dump(mode="json")
        logged = tracker.start(folder, settings, self.last_round)
        started.callback(tracker.finish)
        if logged is None or self.directory is None or logged >= self.last_round:
            return

        # A kill between a round's commit and its log has lost that line, and a tracker that was
        # added to the settings of a resumed run has no line at all.
        missed = [row for row in self.directory.rounds() if row.round > logged]
        metrics_by_round = {row.round: Metrics(row.round) for row in missed}
        for series in self.directory.metric_series():
            for round_index, value in series.points:
                if round_index > logged:
                    metrics_by_round[round_index].collect({series.key: value})
        for row in missed:
            tracker.log(row.round, row.stage, metrics_by_round[row.round])

    def _run_rounds(self) -> Iterator[RoundRecord]:
        if self.last_round < START:
            yield self._commit(START, EXPERTS, started=time.monotonic(), played=None)

        while self.last_round + 1 < self.expert_rounds:
            yield self._finetune(self.last_round + 1)

        end = self.expert_rounds + self.config.teaching.rounds
        for round_index in range(self.last_round + 1, end):
            if self.monitors.stops:
                return
            yield self._teach(round_index)
        if self.directory:
            self.directory.finish()

    def restore(self, round_index: int, folder: Path, state: dict[str, Any]) -> None:
        """Continue after a round, from its checkpoint."""
        self.backend.load(folder)
        self.school.league.standings.restore(state["standings"])
        self.school.league.population.restore(state["population"])
        self.school.league.problem_replay.restore(state["deck"])
        self.school.demonstrations.restore(state["notebook"])
        self.school.baseline.restore(state["baseline"])
        for name, questions in self._accepted_questions.items():
            questions.restore(state["admitted"][name])
        self.stopped_at = state["stopped_at"]
        self.last_round = round_index

    def _finetune(self, round_index: int) -> RoundRecord:
        """One supervised round of the first stage."""
        self.callback.stage(EXPERTS, round_index + 1, self.expert_rounds)
        started = time.monotonic()

        experts = self.config.experts
        steps_left = experts.steps - round_index * experts.eval_every
        count = min(experts.eval_every, steps_left) * experts.batch_size

        this_round = range(round_index, round_index + 1)
        (played,) = finetune(self.school, this_round, count, self.config.seed)
        return self._commit(round_index, EXPERTS, started=started, played=played)

    def _teach(self, round_index: int) -> RoundRecord:
        """One round of the teaching game."""
        teaching_round = round_index - self.expert_rounds
        self.callback.stage(TEACHING, teaching_round + 1, self.config.teaching.rounds)
        started = time.monotonic()

        first_matched_round = self.expert_rounds + self.config.experts.warmup_rounds
        this_round = range(round_index, round_index + 1)
        (played,) = teach(self.school, this_round, self.config.seed, first_matched_round)
        return self._commit(round_index, TEACHING, started=started, played=played)

    def _commit(
        self, round_index: int, stage: str, *, started: float, played: Round | None
    ) -> RoundRecord:
        """Evaluate, measure and write a round; only then does it count."""
        round_ = played or Round(round_index, metrics=Metrics(round_index))
        evaluations = self._evaluate(round_index, stage)
        report = self._look(round_)
        metrics = self._collect_metrics(round_, evaluations, report)

        usage = self._compare_ways(round_index, metrics)
        usage += self.school.classroom.engine.pop_usage()
        ledger = self.ledger.book([*usage, *round_.discarded])
        metrics.collect(measure_choosing(round_.episodes, ledger))
        record = RoundRecord(
            index=round_index,
            stage=stage,
            seconds=time.monotonic() - started,
            episodes=round_.episodes,
            evaluations=evaluations,
            metrics=metrics,
            ledger=ledger,
            state=self._state(),
            duels=round_.duels,
            questions=round_.questions,
            findings=report.findings,
        )
        if self.directory:
            self.directory.commit(record, self.backend.save)
        self.last_round = round_index
        self.backend.end_round()
        return record

    def compare_ways(self) -> tuple[list[Way], list[Usage]]:
        """The population as a system on the held-out problems, and what was spent since then."""
        settings = self.config.evaluation
        problems = []
        for domain in self.catalog.levels:
            problems += held_out_problems(
                self.catalog, domain, settings.problems, settings.seed
            )
        school = self.school
        return compare_ways(school.classroom, school.league, problems, settings.seed)

    def _compare_ways(self, round_index: int, metrics: Metrics) -> list[Usage]:
        """After the last round, where the settings ask for it; noted in the run's directory."""
        teaching_round = round_index - self.expert_rounds
        is_last = teaching_round >= 0 and self.evaluation_plan.is_last(teaching_round)
        if not self.config.evaluation.system or not is_last:
            return []
        ways, usage = self.compare_ways()
        metrics.collect({f"system/{way.name}": way.accuracy.mean for way in ways})
        if self.directory:
            self.directory.note(system=[way._asdict() for way in ways])
        return usage

    def _look(self, round_: Round) -> MonitorReport:
        """What the monitors find in a round."""
        return self.monitors.look(
            round_.index,
            round_.episodes,
            ProbeRoom(self.backend, self.catalog.sources),
            seed_for(self.config.seed, "probe", round_.index),
        )

    def _collect_metrics(
        self, round_: Round, evaluations: Sequence[Evaluation], report: MonitorReport
    ) -> Metrics:
        """The metrics of a round, from everything that measures; the one place where they meet."""
        metrics = round_.metrics
        metrics.collect(self._measure_styles(round_.index))
        metrics.collect(self._measure_kept(round_.index))
        metrics.collect(report.metrics)
        for pop_metrics in self.school.classroom.metric_sources:
            metrics.collect(pop_metrics())
        metrics.collect(self.backend.pop_metrics())

        for (agent, domain), accuracy in accuracies(evaluations).items():
            metrics.collect({MetricKey(f"accuracy/{domain}", agent): accuracy})
        return metrics

    def _evaluate(self, round_index: int, stage: str) -> list[Evaluation]:
        plan = self.evaluation_plan
        if round_index == START:
            return plan.evaluate_start()

        if stage == EXPERTS:
            own_domains = plan.evaluate_own(round_index)
            reached = accuracies(own_domains).values()
            if reached and min(reached) >= self.config.experts.target_accuracy:
                self.stopped_at = round_index
            if round_index + 1 < self.expert_rounds:
                return own_domains
            # Before the teaching: what everybody can do in the domains of the others.
            return own_domains + plan.evaluate_foreign(round_index)

        teaching_round = round_index - self.expert_rounds
        if not plan.is_due(teaching_round):
            return []
        return plan.evaluate_all(round_index, include_remote=plan.is_last(teaching_round))

    def measure_kept(self, agents: Sequence[AgentId]) -> dict[MetricKey, float]:
        """What agents still know of what nobody teaches, as they are now."""
        evaluation, classroom = self.config.evaluation, self.school.classroom
        return KeptMeasures(evaluation, self.catalog, classroom, self.backend).measure(
            agents
        )

    def _measure_kept(self, round_index: int) -> dict[MetricKey, float]:
        """Of the base before the first round, then whenever everybody is evaluated."""
        if round_index == START:
            return self.measure_kept([BASE])
        teaching_round = round_index - self.expert_rounds
        is_evaluated = teaching_round >= 0 and self.evaluation_plan.is_due(teaching_round)
        if teaching_round == -1 or is_evaluated:
            return self.measure_kept(self.config.learner_ids)
        return {}

    def _measure_styles(self, round_index: int) -> dict[MetricKey, float]:
        """How everybody plays, before the first duels and whenever everybody is evaluated."""
        arena, duels = self.school.arena, self.config.duels
        if arena is None or duels.game != "kuhn":
            return {}

        teaching_round = round_index - self.expert_rounds
        is_before_first_duel = teaching_round == -1
        is_evaluated = teaching_round >= 0 and self.evaluation_plan.is_due(teaching_round)
        if not is_before_first_duel and not is_evaluated:
            return {}
        seed = seed_for(self.config.seed, "styles", round_index)
        return measure_styles(
            estimate_styles(arena, self.config.learner_ids, duels.style_samples, seed)
        )

    def _state(self) -> dict[str, Any]:
        """JSON from which `restore` continues."""
        return {
            "standings": self.school.league.standings.state(),
            "population": self.school.league.population.state(),
            "deck": self.school.league.problem_replay.state(),
            "notebook": self.school.demonstrations.state(),
            "baseline": self.school.baseline.state(),
            "stopped_at": self.stopped_at,
            "admitted": {
                name: questions.state()
                for name, questions in self._accepted_questions.items()
            },
        }

    @property
    def _accepted_questions(self) -> Mapping[str, AcceptedQuestions]:
        phase = self.school.question_phase
        return phase.accepted if phase else {}
