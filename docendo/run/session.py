"""A run from beginning to end: stages, evaluation, checkpoints and resume, around the loop."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docendo.build.monitors import build_monitors
from docendo.build.school import (
    Catalog,
    build_school,
    expert_rounds,
    open_local_engine,
    read_catalog,
)
from docendo.compute import Ledger
from docendo.config.load import Config, to_toml
from docendo.engines.local.checkpoint import load_state, save_state
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.memory import give_back
from docendo.engines.wrappers.progress import WithProgress
from docendo.errors import UserError
from docendo.humans.rating import RatingQueue
from docendo.loop import finetune, teach
from docendo.monitors.answer_probe import ProbeRoom
from docendo.monitors.monitor import Monitors
from docendo.problems.pool import AcceptedQuestions
from docendo.records import BASE, AgentId, Evaluation, Usage
from docendo.run.evaluation import accuracies, cut_short, evaluate, held_out_problems
from docendo.run.game_eval import styles, told
from docendo.run.provenance import Change, changes, provenance, refuse
from docendo.school import Round, School
from docendo.seeds import seed_for
from docendo.store.rows import QuarantineRow, RoundRecord
from docendo.store.run import RunDirectory

__all__ = [
    "EXPERTS",
    "START",
    "TEACHING",
    "Callback",
    "Session",
    "begin",
    "open_session",
    "resume_session",
]

EXPERTS = "experts"
TEACHING = "teaching"
START = -1
"""The index of what is measured before the first round."""


class Callback(Protocol):
    """Shows a person what happens; the run does not depend on it."""

    def work(self, purpose: str, tokens: int) -> None: ...

    def stage(self, name: str, index: int, of: int) -> None: ...


@dataclass
class Session:
    """Everything alive of a run. Iterate `rounds` to run it; each record is committed before it is yielded."""

    config: Config
    found: Catalog
    engine: LocalEngine
    school: School
    watcher: Callback
    guestbook: RatingQueue = field(default_factory=RatingQueue)
    run: RunDirectory | None = None
    """None for a rehearsal that writes nothing."""
    monitors: Monitors = field(default_factory=Monitors)
    ledger: Ledger = field(default_factory=Ledger)
    done: int = START - 1
    """The last round that is committed."""
    stopped_at: int | None = None
    """The supervised round after which the experts were good enough."""
    changes: list[Change] = field(default_factory=list)
    """What was not as before when the run was gone on with."""

    @property
    def agents(self) -> list[AgentId]:
        return [AgentId(n) for n in self.config.learners]

    @property
    def cut_short(self) -> list[str]:
        """Of domains whose worked solutions are longer than every learner's answers may be, in sentences."""
        most, asked = self.config.teaching.max_tokens, self.config.evaluation
        shortest = min(
            (agent.max_tokens or most for agent in self.config.learners.values()),
            default=most,
        )
        problems = [
            p
            for d in self.found.levels
            for p in held_out_problems(self.found, d, asked.problems, asked.seed)
        ]
        return cut_short(problems, shortest, lambda text: len(self.engine.ids(text)) + 1)

    @property
    def guests(self) -> list[AgentId]:
        """Agents behind an endpoint: they do not change, and are examined before the first round and after the last."""
        return [AgentId(n) for n in self.config.guests]

    @property
    def expert_rounds(self) -> int:
        return (
            self.stopped_at + 1
            if self.stopped_at is not None
            else expert_rounds(self.config.experts)
        )

    def rounds(self) -> Iterator[RoundRecord]:
        """All rounds that are left, in order; or those up to an alarm that ends the run."""
        if self.done < START:
            yield self._commit(START, EXPERTS, time.monotonic(), None)
        while self.done + 1 < self.expert_rounds:
            yield self._study(self.done + 1)
        for index in range(self.done + 1, self.expert_rounds + self.config.teaching.rounds):
            if self.monitors.stops:
                return
            self.watcher.stage(
                TEACHING, index - self.expert_rounds + 1, self.config.teaching.rounds
            )
            start = time.monotonic()
            met = self.expert_rounds + self.config.experts.warmup_rounds
            (played,) = teach(self.school, range(index, index + 1), self.config.seed, met)
            yield self._commit(index, TEACHING, start, played)
        if self.run:
            self.run.finish()

    def _study(self, index: int) -> RoundRecord:
        e = self.config.experts
        self.watcher.stage(EXPERTS, index + 1, self.expert_rounds)
        start = time.monotonic()
        count = min(e.eval_every, e.steps - index * e.eval_every) * e.batch_size
        (studied,) = finetune(self.school, range(index, index + 1), count, self.config.seed)
        return self._commit(index, EXPERTS, start, studied)

    def _commit(
        self, index: int, stage: str, start: float, played: Round | None
    ) -> RoundRecord:
        evaluations = self._evaluate(index, stage)
        metrics = dict(played.metrics) if played else {}
        metrics |= self._styles(index)
        episodes = played.episodes if played else ()
        probes = seed_for(self.config.seed, "probe", index)
        report = self.monitors.look(
            index, episodes, ProbeRoom(self.engine, self.found.sources), probes
        )
        metrics |= report.metrics
        for counted in self.school.classroom.counters:
            metrics |= counted()
        metrics |= self.engine.pop_metrics()
        metrics |= {
            f"held-out/{a}/{d}": value for (a, d), value in accuracies(evaluations).items()
        }
        ledger = self.ledger.book(
            [
                *self.school.classroom.engine.pop_usage(),
                *(played.discarded if played else ()),
            ]
        )
        seconds = time.monotonic() - start
        duels = played.duels if played else ()
        record = RoundRecord(
            index=index,
            stage=stage,
            seconds=seconds,
            episodes=episodes,
            evaluations=evaluations,
            metrics=metrics,
            ledger=ledger,
            state=self._state(),
            duels=duels,
            questions=played.questions if played else (),
            findings=report.findings,
        )
        if self.run:
            self.run.commit(record, lambda folder: save_state(self.engine, folder))
        self.done = index
        give_back()
        return record

    def _evaluate(self, index: int, stage: str) -> list[Evaluation]:
        """Base and guests first, experts on their own domain as they study, everybody before and after the teaching."""
        if index == START:
            return self._examine(
                [BASE, *self.guests], lambda _agent: list(self.config.domains), index
            )
        if stage == EXPERTS:
            own = self._examine(self.agents, lambda a: self.config.agents[a].domains, index)
            reached = accuracies(own).values()
            if reached and min(reached) >= self.config.experts.target_accuracy:
                self.stopped_at = index
            if index + 1 < self.expert_rounds:
                return own
            others = self._examine(self.agents, self._foreign, index)
            return own + others + self._fresh(index)
        if self._due(index):
            present = [*self.agents, *(self.guests if self._last(index) else ())]
            return self._examine(
                present, lambda _agent: list(self.config.domains), index
            ) + self._fresh(index)
        return []

    def _due(self, index: int) -> bool:
        """Whether everybody is examined after this round of teaching."""
        every = self.config.evaluation.eval_every
        return self._last(index) or bool(
            every and (index - self.expert_rounds + 1) % every == 0
        )

    def _last(self, index: int) -> bool:
        return index == self.expert_rounds + self.config.teaching.rounds - 1

    def _styles(self, index: int) -> dict[str, float]:
        """How everybody plays, before the first duels and whenever everybody is examined."""
        arena, duels = self.school.arena, self.config.duels
        before = index == self.expert_rounds - 1
        if (
            arena is None
            or duels.game != "kuhn"
            or not (before or (index >= self.expert_rounds and self._due(index)))
        ):
            return {}
        return told(
            styles(
                arena,
                self.agents,
                duels.style_samples,
                seed_for(self.config.seed, "styles", index),
            )
        )

    def _foreign(self, agent: AgentId) -> list[str]:
        return [
            d for d in self.config.domains if d not in self.config.agents[agent].domains
        ]

    def _examine(
        self, agents: list[AgentId], domains: Callable[[AgentId], list[str]], index: int
    ) -> list[Evaluation]:
        e = self.config.evaluation
        problems = {
            d: held_out_problems(self.found, d, e.problems, e.seed)
            for d in self.config.domains
        }
        wanted = {a: [p for d in domains(a) for p in problems[d]] for a in agents}
        return evaluate(self.school.classroom, wanted, index)

    def _fresh(self, index: int) -> list[Evaluation]:
        """Everybody on problems that nobody's data can hold, where somebody's may hold those of the evaluation."""
        e = self.config.evaluation
        if not e.fresh and not any(
            a.data and a.data.leaked for a in self.config.learners.values()
        ):
            return []
        problems = [
            p
            for d in self.config.domains
            for p in held_out_problems(self.found, d, e.problems, e.seed, "fresh")
        ]
        return evaluate(
            self.school.classroom, dict.fromkeys(self.agents, problems), index, "fresh"
        )

    def _state(self) -> dict[str, Any]:
        return {
            "standings": self.school.league.standings.state(),
            "population": self.school.league.population.state(),
            "deck": self.school.league.problem_replay.state(),
            "notebook": self.school.demonstrations.state(),
            "baseline": self.school.baseline.state(),
            "stopped_at": self.stopped_at,
            "admitted": {name: shelf.state() for name, shelf in self._shelves.items()},
        }

    @property
    def _shelves(self) -> Mapping[str, AcceptedQuestions]:
        return self.school.question_phase.shelves if self.school.question_phase else {}

    def restore(self, index: int, folder: Path, state: dict[str, Any]) -> None:
        """Continue after round `index` from its checkpoint."""
        load_state(self.engine, folder)
        self.school.league.standings.restore(state["standings"])
        self.school.league.population.restore(state["population"])
        self.school.league.problem_replay.restore(state["deck"])
        self.school.demonstrations.restore(state["notebook"])
        self.school.baseline.restore(state["baseline"])
        for name, shelf in self._shelves.items():
            shelf.restore(state["admitted"][name])
        self.stopped_at, self.done = state["stopped_at"], index


def open_session(
    config: Config, watcher: Callback, found: Catalog | None = None
) -> Session:
    """Builds everything and writes nothing. `config` is resolved; `found` are its domains where already read."""
    found = found or read_catalog(config)
    engine = open_local_engine(config)
    watched = WithProgress(engine, watcher.work, config.engine.max_num_seqs)
    guestbook = RatingQueue()
    school = build_school(config, found, watched, guestbook)
    session = Session(
        config,
        found,
        engine,
        school,
        watcher,
        guestbook,
        monitors=build_monitors(config.monitors),
    )
    guestbook.now = lambda: session.done + 1
    return session


def begin(session: Session, run: RunDirectory) -> None:
    """Tie a fresh session to the directory that will hold it."""
    session.run, session.guestbook.run = run, run.path
    run.note(provenance=provenance(session.config, session.engine.base))
    run.quarantine(
        [QuarantineRow(b.file, b.line, b.reason) for b in session.found.quarantined]
    )


def resume_session(
    run: RunDirectory, config: Config, watcher: Callback, anyway: bool = False
) -> Session:
    """The session as it was after the newest valid checkpoint; rounds after that are rolled back.

    What has changed since the run was last written is in `changes`, and noted in the run. Raises UserError where
    that cannot be gone on with, or should not and not `anyway`; then the run is left as it is.
    """
    session = open_session(config, watcher)
    checkpoint = run.latest_checkpoint()
    here = provenance(config, session.engine.base)
    session.changes = changes(run.noted("provenance"), here)
    refuse(session.changes, run.path, anyway)
    if checkpoint:
        session.restore(checkpoint.round, checkpoint.path, checkpoint.state)
    _check_rounds(session, run)
    run.rollback(session.done)
    session.run, session.guestbook.run = run, run.path
    session.monitors.recall(run.metrics())
    session.ledger.book(Usage(*row) for row in run.ledger())
    if session.changes:
        known = run.noted("changes") or []
        run.note(
            changes=[
                *known,
                *({"round": session.done, **c._asdict()} for c in session.changes),
            ]
        )
    run.note(provenance=here)
    if to_toml(config) != run.config_toml:
        run.change_config(to_toml(config))
    return session


def _check_rounds(session: Session, run: RunDirectory) -> None:
    """Raises UserError where the settings want fewer rounds of teaching than there were."""
    wanted, taught = (
        session.config.teaching.rounds,
        session.done + 1 - session.expert_rounds,
    )
    if any(c.what == "teaching.rounds" for c in session.changes) and wanted <= taught:
        raise UserError(
            f"{run.path}: teaching.rounds = {wanted}, but {taught} have been; wanted more than that"
        )
