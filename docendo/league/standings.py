"""Standings: win rates and gains of every pair and subject, and success rates of every agent.

Axes: N queries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from docendo.interfaces import FloatArray
from docendo.league.candidates import Candidates
from docendo.league.decayed_counts import DecayedCounts, Observation, Places, never_observed
from docendo.league.posteriors import GainPosterior, RatePosterior
from docendo.records import AgentId, Episode, TaskType, by_match, mean_score

__all__ = ["LiveStandings", "StandingsRow"]

_BY_TASK_TYPE = {"alone", "helped"}
"""Tables with task types in their columns; the others have agents there."""


class StandingsRow(NamedTuple):
    """The posterior of one cell of a table, with its 95 % credible interval."""

    measure: str
    """gains, wins, alone or helped."""
    subject: str
    """Of gains the domain or ``domain/family``, of wins the game; empty otherwise."""
    row: str
    column: str
    """The student, the opponent, or the task type as text."""
    mean: float
    low: float
    high: float
    evidence: float
    """What decay has left of it."""


@dataclass
class LiveStandings:
    """All tables of a league, and the clock by which they decay."""

    decay: float
    """All evidence is multiplied by it in each round; 1 never forgets."""
    oracles: frozenset[AgentId] = frozenset()
    """Teachers whose lessons are copied: right lessons say nothing about what they can solve."""
    clock: int = 0
    """The newest round that was recorded."""
    agents: Places = field(default_factory=dict)
    task_types: Places = field(default_factory=dict)
    tables: dict[tuple[str, str], DecayedCounts] = field(default_factory=dict)
    """By (measure, subject). The measures are gains, wins, alone and helped."""

    def unaided_rate(
        self, student: AgentId, family: str, level: int
    ) -> tuple[float, float]:
        """(rate, evidence) of right answers without a lesson; `family` is ``domain/family``."""
        task_type = f"{family}/{level}"
        (evidence,), (total,), _, _ = self._read("alone", "", [student], [task_type])
        rate = float(total / evidence) if evidence else 0.0
        return rate, float(evidence)

    def rates_after_lesson(
        self, students: Sequence[AgentId], task_types: Sequence[TaskType]
    ) -> RatePosterior:
        """How often each students[n] is right at task_types[n] after a lesson."""
        return self._rates("helped", "", students, list(map(str, task_types)))

    def rates_unaided(
        self, agents: Sequence[AgentId], task_types: Sequence[TaskType]
    ) -> RatePosterior:
        """How often each agents[n] is right at task_types[n] without a lesson.

        That is in practice, in control attempts and in writing lessons.
        """
        return self._rates("alone", "", agents, list(map(str, task_types)))

    def gains(
        self, teachers: Sequence[AgentId], students: Sequence[AgentId], subject: str
    ) -> GainPosterior:
        """Gains of each (teachers[n], students[n]); `subject` is a domain or ``domain/family``.

        A lesson that the gate stopped counts as a gain of 0: the student got nothing from it.
        """
        evidence_N, total_N, squares_N, stale_N = self._read(
            "gains", subject, teachers, students
        )
        return GainPosterior(total_N, squares_N, evidence_N, stale_N)

    def win_rates(
        self, rows: Sequence[AgentId], columns: Sequence[AgentId], subject: str
    ) -> RatePosterior:
        """Win rates of each rows[n] against columns[n] in a game."""
        return self._rates("wins", subject, rows, columns)

    def opponents_of(
        self, player: AgentId, opponents: Sequence[AgentId], game: str
    ) -> Candidates:
        """Possible opponents of a player; their posteriors are of its win rates against them."""
        return Candidates(
            player,
            opponents,
            lambda names: self.win_rates([player], names, game),
            lambda names: self.win_matrix(names, game),
        )

    def win_matrix(self, names: Sequence[AgentId], game: str) -> FloatArray:
        """(N, N) posterior mean win rates, row against column; one half on the diagonal."""
        rows = [row for row in names for _ in names]
        columns = [*names] * len(names)
        rates = self.win_rates(rows, columns, game).mean_N
        rates_NN = rates.reshape(len(names), -1)
        np.fill_diagonal(rates_NN, 0.5)
        return rates_NN

    def skills(self, agent: AgentId, min_evidence: float = 3.0) -> dict[str, float]:
        """Plain rates without a lesson by task type, and against all opponents by game.

        Only those with enough evidence: an agent that is hardly known is neither good nor bad.
        """
        # Plain rates: the prior of the posteriors would pull agents with less evidence to 1/2.
        skills = {}
        for (measure, subject), table in self.tables.items():
            if measure not in {"alone", "wins"}:
                continue

            columns = list(table.columns)
            evidence_N, total_N, _, _ = table.read([agent], columns, self.decay, self.clock)
            if measure == "wins" and evidence_N.sum() >= min_evidence:
                skills[subject] = float(total_N.sum() / evidence_N.sum())
            if measure == "alone":
                for n in np.flatnonzero(evidence_N >= min_evidence):
                    skills[columns[n]] = float(total_N[n] / evidence_N[n])
        return skills

    def posterior_rows(self) -> Iterator[StandingsRow]:
        """Every cell with an observation, table by table."""
        for (measure, subject), table in self.tables.items():
            cells = table.cells()
            if not cells:
                continue

            # all cells at once: an interval is a call into scipy
            rows, columns, *_ = zip(*cells, strict=True)
            posterior: GainPosterior | RatePosterior
            if measure == "gains":
                posterior = self.gains(rows, columns, subject)
            else:
                posterior = self._rates(measure, subject, rows, columns)
            low_N, high_N = posterior.interval()

            numbers_4N = posterior.mean_N, low_N, high_N, posterior.evidence_N
            for row, column, numbers in zip(
                rows, columns, np.transpose(numbers_4N), strict=True
            ):
                yield StandingsRow(measure, subject, row, column, *numbers.tolist())

    def copy_agent(self, copy: AgentId, agent: AgentId) -> None:
        """All that is known of an agent becomes known of its copy."""
        for table in self.tables.values():
            table.copy(agent, copy)

    def clear_agent(self, agent: AgentId) -> None:
        """Forget what was observed of an agent that was overwritten by another."""
        for table in self.tables.values():
            table.clear(agent)

    def remove_agent(self, agent: AgentId) -> None:
        """Forget an agent and free its place.

        The next new agent gets the place, so that tables grow only with the largest league.
        """
        self.clear_agent(agent)
        self.agents.pop(agent, None)

    def record_episodes(self, episodes: Sequence[Episode]) -> None:
        """Record episodes of one or several rounds."""
        # oldest round first, since a table's clock never runs back
        for round_index in sorted({episode.round for episode in episodes}):
            of_round = [e for e in episodes if e.round == round_index]
            self._record_round(of_round, round_index)

    def record_practice(
        self, scores: Iterable[tuple[AgentId, TaskType, float]], round_index: int
    ) -> None:
        """Record mean scores of problems that were worked on without a lesson."""
        self._record_scores("alone", scores, round_index)

    def record_after_lesson(
        self, scores: Iterable[tuple[AgentId, TaskType, float]], round_index: int
    ) -> None:
        """Record scores of answers that were given after a lesson, outside matches."""
        self._record_scores("helped", scores, round_index)

    def record_games(
        self, scores: Iterable[tuple[AgentId, AgentId, float]], game: str, round_index: int
    ) -> None:
        """Record results of a game: (row, column, score of the row in [0, 1]).

        The column gets the rest.
        """
        # Both cells are stored, so that one read gives an agent's rates against everybody.
        observations = []
        for row, column, score in scores:
            observations.append((row, column, score))
            observations.append((column, row, 1.0 - score))
        self.clock = max(self.clock, round_index)
        self._add("wins", game, observations)

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        tables = [[*key, table.cells()] for key, table in self.tables.items()]
        return {
            "clock": self.clock,
            "agents": dict(self.agents),
            "kinds": dict(self.task_types),
            "tables": tables,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clock = state["clock"]
        self.tables = {}
        self.agents = dict(state["agents"])
        self.task_types = dict(state["kinds"])
        for measure, subject, cells in state["tables"]:
            self._table(measure, subject).set_cells(cells)

    def _record_round(self, episodes: Sequence[Episode], round_index: int) -> None:
        """Add one observation for each match and problem.

        Several answers to one problem are no more evidence than one.
        """
        self.clock = max(self.clock, round_index)
        gains: dict[str, list[Observation]] = {}
        unaided = []
        after_lesson = []
        for lessons in by_match(episodes):
            first = lessons[0]
            teacher, student, domain, family, _ = first.match
            task_type = str(first.match.task_type)

            # A rejected lesson counts as 0: the rate of wrong lessons is part of a teacher's gain.
            # One that was not shown since others were chosen says nothing.
            gain = fmean(e.gain or 0.0 for e in lessons if not e.is_dropped)
            for subject in (domain, f"{domain}/{family}"):
                gains.setdefault(subject, []).append((teacher, student, gain))

            # What the student was asked before it was taught is new to it.
            for answer in first.lesson.tries:
                unaided.append((student, task_type, answer.verdict.score))

            # A lesson's worked examples are answers without a lesson, too: the teacher's.
            if teacher not in self.oracles:
                for answers in zip(*(e.lesson.examples for e in lessons), strict=True):
                    unaided.append((teacher, task_type, mean_score(answers)))

            # The student has met a replayed problem before: it says nothing of new ones.
            if first.again:
                continue
            unaided.append((student, task_type, mean_score(first.control)))
            scores = [mean_score(e.attempts) for e in lessons if e.attempts]
            if scores:
                after_lesson.append((student, task_type, fmean(scores)))

        for subject, observations in gains.items():
            self._add("gains", subject, observations)
        self._add("alone", "", unaided)
        self._add("helped", "", after_lesson)

    def _record_scores(
        self,
        measure: str,
        scores: Iterable[tuple[AgentId, TaskType, float]],
        round_index: int,
    ) -> None:
        self.clock = max(self.clock, round_index)
        observations = [
            (agent, str(task_type), score) for agent, task_type, score in scores
        ]
        self._add(measure, "", observations)

    def _add(self, measure: str, subject: str, observations: Sequence[Observation]) -> None:
        if observations:
            self._table(measure, subject).add(observations, self.decay, self.clock)

    def _table(self, measure: str, subject: str) -> DecayedCounts:
        columns = self.task_types if measure in _BY_TASK_TYPE else self.agents
        table = DecayedCounts(self.agents, columns)
        return self.tables.setdefault((measure, subject), table)

    def _read(
        self, measure: str, subject: str, rows: Sequence[str], columns: Sequence[str]
    ) -> FloatArray:
        """(4, N): evidence, total, squares and staleness."""
        table = self.tables.get((measure, subject))
        if table is None:
            count = len(columns) if len(rows) == 1 else len(rows)
            return never_observed(count, self.clock)
        return table.read(rows, columns, self.decay, self.clock)

    def _rates(
        self, measure: str, subject: str, rows: Sequence[str], columns: Sequence[str]
    ) -> RatePosterior:
        evidence_N, total_N, _, stale_N = self._read(measure, subject, rows, columns)
        return RatePosterior(total_N, evidence_N, stale_N)
