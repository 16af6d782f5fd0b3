"""Who is in the league: learners, the frozen copies that they leave behind, and who descends from whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from docendo.records import AgentId, Course, origin
from docendo.seeds import seed_for

__all__ = [
    "Birth",
    "Either",
    "EveryRounds",
    "Never",
    "Population",
    "Record",
    "Replacement",
    "SnapshotRule",
    "WhenStronger",
    "frozen",
]

_How = Literal["founder", "anchor", "snapshot", "mutated", "crossed"]


class Birth(NamedTuple):
    """How an agent came to be what it is."""

    round: int
    name: AgentId
    how: _How
    parents: tuple[AgentId, ...] = ()
    skill: float = 0.0
    """Of the first parent at that time."""


class Record(Protocol):
    """What the rules ask of the standings."""

    def skill(self, agent: AgentId) -> float: ...

    def wins(self, rows: Sequence[AgentId], columns: Sequence[AgentId], subject: str) -> Any: ...


class SnapshotRule(Protocol):
    def __call__(self, agent: AgentId, past: Birth, round: int, record: Record) -> bool:
        """Whether a copy of the agent is due; `past` is its newest one."""
        ...


@dataclass(frozen=True)
class Never:
    def __call__(self, agent: AgentId, past: Birth, round: int, record: Record) -> bool:
        return False


@dataclass(frozen=True)
class EveryRounds:
    rounds: int

    def __call__(self, agent: AgentId, past: Birth, round: int, record: Record) -> bool:
        return round - past.round >= self.rounds


@dataclass(frozen=True)
class WhenStronger:
    """When the agent beats its past by a margin.

    In a game: its win rate against its newest copy exceeds one half by `margin` (AlphaStar: 0.7, a margin of 0.2). In
    teaching: it is right without a lesson more often by `margin` than when it was copied.
    """

    margin: float
    game: str = ""
    least: float = 8.0
    """Games that must have been played."""

    def __call__(self, agent: AgentId, past: Birth, round: int, record: Record) -> bool:
        if not self.game:
            return record.skill(agent) - past.skill >= self.margin
        wins = record.wins([agent], [past.name], self.game)
        return bool(wins.evidence_N[0] >= self.least and wins.mean_N[0] >= 0.5 + self.margin)


@dataclass(frozen=True)
class Either:
    """When one of the rules says so."""

    rules: Sequence[SnapshotRule]

    def __call__(self, agent: AgentId, past: Birth, round: int, record: Record) -> bool:
        return any(rule(agent, past, round, record) for rule in self.rules)


@dataclass(frozen=True)
class Replacement:
    """Weak members become mutated or crossed copies of strong ones (population-based training, Jaderberg et al. 2017).

    Only members that are rivals (of the same domains and role) replace each other.
    """

    every: int
    """Rounds between two looks."""
    margin: float = 0.1
    """By how much the weakest must be behind the strongest."""
    scale: float = 0.02
    """Of the mutation, relative to the size of the weights."""


@dataclass
class Population:
    """All members; what is frozen is named ``agent@round``."""

    rule: SnapshotRule = field(default_factory=Never)
    kept: int = 4
    """Snapshots of each agent that stay; the oldest leave. Anchors always stay."""
    anchored: bool = False
    """Whether everybody's copy from before the first round of teaching stays as a yardstick."""
    replacement: Replacement | None = None
    rivals: Sequence[tuple[AgentId, ...]] = ()
    """Groups of agents with the same domains and role."""
    births: list[Birth] = field(default_factory=list)
    """Everything that ever happened, oldest first."""
    present: dict[AgentId, Birth] = field(default_factory=dict)

    @property
    def mutation(self) -> float:
        """The scale of mutations."""
        return self.replacement.scale if self.replacement else 0.0

    @property
    def learners(self) -> list[AgentId]:
        return [name for name in self.present if not frozen(name)]

    def copies(self, agent: AgentId, *how: _How) -> list[AgentId]:
        """The frozen copies of an agent, oldest first; only those that came about in the ways given, if any."""
        return [n for n, b in self.present.items() if frozen(n) and origin(n) == agent and (not how or b.how in how)]

    def found(self, agents: Sequence[AgentId], round: int = 0) -> None:
        """The first members."""
        for agent in agents:
            self._born(Birth(round, agent, "founder"))

    def anchor(self, round: int, record: Record) -> list[Birth]:
        """Copies of every learner that stay for good; none where they are there already or not wanted."""
        if not self.anchored or any(birth.how == "anchor" for birth in self.present.values()):
            return []
        return [self._born(self._copy(agent, "anchor", round, record)) for agent in self.learners]

    def renew(self, round: int, record: Record, seed: int) -> tuple[list[Birth], list[AgentId]]:
        """After a round: who is to be copied or replaced, in this order of births, and whose copies leave."""
        born = [self._born(b) for b in self._replaced(round, record, seed)]
        for agent in self.learners:
            past = self.present[next(reversed(self.copies(agent)), agent)]
            if self.rule(agent, past, round, record):
                born.append(self._born(self._copy(agent, "snapshot", round, record)))
        gone: list[AgentId] = []
        for agent in self.learners:
            copies = self.copies(agent, "snapshot")
            gone += copies[: max(0, len(copies) - self.kept)]
        for name in gone:
            del self.present[name]
        return born, gone

    def courses(self, courses: Sequence[Course]) -> list[Course]:
        """The same courses with the past among the co-players: copies of teachers teach, anchors are taught."""
        return [
            Course(
                kind,
                (*teachers, *(copy for t in teachers for copy in self.copies(t))),
                (*students, *(copy for s in students for copy in self.copies(s, "anchor"))),
            )
            for kind, teachers, students in courses
        ]

    def state(self) -> list[dict[str, Any]]:
        """JSON from which `restore` makes an equal object."""
        return [b._asdict() | {"present": self.present.get(b.name) == b} for b in self.births]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        self.births, self.present = [], {}
        for fields in state:
            birth = Birth(**{k: v for k, v in fields.items() if k != "present"} | {"parents": tuple(fields["parents"])})
            self._born(birth)
        gone = {fields["name"] for fields in state} - {fields["name"] for fields in state if fields["present"]}
        self.present = {name: birth for name, birth in self.present.items() if name not in gone}

    def _born(self, birth: Birth) -> Birth:
        self.births.append(birth)
        self.present[birth.name] = birth
        return birth

    def _copy(self, agent: AgentId, how: _How, round: int, record: Record) -> Birth:
        return Birth(round, AgentId(f"{agent}@{round}"), how, (agent,), record.skill(agent))

    def _replaced(self, round: int, record: Record, seed: int) -> list[Birth]:
        plan, born = self.replacement, list[Birth]()
        if plan is None or (round + 1) % plan.every:
            return born
        for group in self.rivals:
            ranked = sorted(group, key=lambda agent: (-record.skill(agent), agent))
            best, worst = record.skill(ranked[0]), record.skill(ranked[-1])
            if len(ranked) > 1 and best - worst >= plan.margin:
                crossed = len(ranked) > 2 and seed_for(seed, "cross", *ranked) % 2 == 1
                parents = tuple(ranked[:2]) if crossed else (ranked[0],)
                born.append(Birth(round, ranked[-1], "crossed" if crossed else "mutated", parents, best))
        return born


def frozen(agent: AgentId) -> bool:
    """Whether it is a copy that learns nothing."""
    return "@" in agent
