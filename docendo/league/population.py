"""Who is in the league: learners, the frozen copies that they leave behind, and who descends from whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal, NamedTuple, Protocol

from docendo.records import AgentId, TeachingOption, origin
from docendo.seeds import seed_for

__all__ = [
    "Either",
    "EveryRounds",
    "Lineage",
    "Milestone",
    "Never",
    "Population",
    "Record",
    "Replacement",
    "SnapshotRule",
    "WhenStronger",
    "ahead",
    "frozen",
]

_How = Literal["founder", "anchor", "snapshot", "mutated", "crossed"]


class Lineage(NamedTuple):
    """How an agent came to be what it is."""

    round: int
    name: AgentId
    how: _How
    parents: tuple[AgentId, ...] = ()


class Record(Protocol):
    """What the rules ask of the standings."""

    def skills(self, agent: AgentId) -> dict[str, float]:
        """Rates by kind of problem and by game, as far as they are known."""
        ...

    def wins(
        self, rows: Sequence[AgentId], columns: Sequence[AgentId], subject: str
    ) -> Any: ...


class Milestone(NamedTuple):
    """What an agent was when a copy was taken last, or at the first look."""

    birth: Lineage
    """Of the newest copy; where there is none, the agent's own."""
    skills: Mapping[str, float]


class SnapshotRule(Protocol):
    def __call__(self, agent: AgentId, mark: Milestone, round: int, record: Record) -> bool:
        """Whether a copy of the agent is due."""
        ...


@dataclass(frozen=True)
class Never:
    def __call__(self, agent: AgentId, mark: Milestone, round: int, record: Record) -> bool:
        return False


@dataclass(frozen=True)
class EveryRounds:
    rounds: int

    def __call__(self, agent: AgentId, mark: Milestone, round: int, record: Record) -> bool:
        return round - mark.birth.round >= self.rounds


@dataclass(frozen=True)
class WhenStronger:
    """When the agent beats its past by a margin.

    It is right without a lesson, or wins against everybody, more often by `margin` than at its mark, over the kinds and
    games that were known then and are now. Or it wins so much more than half of a game against its newest copy
    (AlphaStar: 0.7, a margin of 0.2).
    """

    margin: float
    game: str = ""
    least: float = 8.0
    """Deals that must have been played against the copy."""

    def __call__(self, agent: AgentId, mark: Milestone, round: int, record: Record) -> bool:
        if self.game and frozen(mark.birth.name):
            wins = record.wins([agent], [mark.birth.name], self.game)
            if wins.evidence_N[0] >= self.least and wins.mean_N[0] >= 0.5 + self.margin:
                return True
        return (ahead(record.skills(agent), mark.skills) or 0.0) >= self.margin


@dataclass(frozen=True)
class Either:
    """When one of the rules says so."""

    rules: Sequence[SnapshotRule]

    def __call__(self, agent: AgentId, mark: Milestone, round: int, record: Record) -> bool:
        return any(rule(agent, mark, round, record) for rule in self.rules)


@dataclass(frozen=True)
class Replacement:
    """Weak members become mutated or crossed copies of strong ones (population-based training, Jaderberg et al. 2017).

    Only members that are rivals (of the same domains and role) replace each other.
    """

    every: int
    """Rounds between two looks."""
    margin: float = 0.1
    """By how much the weakest must be behind the strongest, over what is known of all rivals."""
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
    authors: Literal["present", "past"] = "present"
    """Whether lessons are written by the teachers of today and their copies, or by those of before the teaching."""
    replacement: Replacement | None = None
    rivals: Sequence[tuple[AgentId, ...]] = ()
    """Groups of agents with the same domains and role."""
    births: list[Lineage] = field(default_factory=list)
    """Everything that ever happened, oldest first."""
    present: dict[AgentId, Lineage] = field(default_factory=dict)
    marks: dict[AgentId, Milestone] = field(default_factory=dict)
    """Of every learner, from the first round of teaching on."""
    opened: int | None = None
    """The round before the first one of teaching."""

    @property
    def mutation(self) -> float:
        """The scale of mutations."""
        return self.replacement.scale if self.replacement else 0.0

    @property
    def learners(self) -> list[AgentId]:
        return [name for name in self.present if not frozen(name)]

    def copies(self, agent: AgentId, *how: _How) -> list[AgentId]:
        """The frozen copies of an agent, oldest first; only those that came about in the ways given, if any."""
        return [
            n
            for n, b in self.present.items()
            if frozen(n) and origin(n) == agent and (not how or b.how in how)
        ]

    def found(self, agents: Sequence[AgentId]) -> None:
        """The first members."""
        for agent in agents:
            self._born(Lineage(0, agent, "founder"))

    def open(self, round: int) -> list[Lineage]:
        """Before the first round of teaching, `round` being the one before it: time begins, anchors are copied.

        Nothing happens when it is called again.
        """
        if self.opened is not None:
            return []
        self.opened, anchors = round, list[Lineage]()
        for agent in self.learners:
            self.marks[agent] = Milestone(Lineage(round, agent, "founder"), {})
            if self.anchored or self.authors == "past":
                anchors.append(self._born(self._copy(agent, "anchor", round)))
                self.marks[agent] = Milestone(anchors[-1], {})
        return anchors

    def renew(
        self, round: int, record: Record, seed: int
    ) -> tuple[list[Lineage], list[AgentId]]:
        """After a round: who is to be copied or replaced, in this order of births, and whose copies leave."""
        born = [self._born(b) for b in self._replaced(round, record, seed)]
        strangers = {
            b.name for b in born
        }  # of whom the record knows only what they were before
        for agent in (a for a in self.learners if a not in strangers):
            mark = self.marks[agent] = self._looked(self.marks[agent], record)
            if self.rule(agent, mark, round, record):
                born.append(self._born(self._copy(agent, "snapshot", round)))
                self.marks[agent] = Milestone(born[-1], record.skills(agent))
        gone: list[AgentId] = []
        for agent in self.learners:
            copies = self.copies(agent, "snapshot")
            gone += copies[: max(0, len(copies) - self.kept)]
        for name in gone:
            del self.present[name]
        return born, gone

    def courses(
        self, courses: Sequence[TeachingOption], anchors: bool = True
    ) -> list[TeachingOption]:
        """The same courses with the past among the co-players: copies of teachers teach, anchors are taught."""
        copies: dict[AgentId, list[AgentId]] = {}
        for name in self.present:
            if frozen(name):
                copies.setdefault(origin(name), []).append(name)
        yardsticks = {name for name, birth in self.present.items() if birth.how == "anchor"}
        kept = yardsticks if anchors and self.anchored else set()
        if not copies:
            return list(courses)
        found = []
        for kind, teachers, students in courses:
            past = [copy for t in teachers for copy in copies.get(t, ())]
            authors = (
                [*teachers, *past]
                if self.authors == "present"
                else [c for c in past if c in yardsticks]
            )
            taught = (
                *students,
                *(copy for s in students for copy in copies.get(s, ()) if copy in kept),
            )
            found.append(TeachingOption(kind, tuple(authors), taught))
        return found

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        births = [
            b._asdict() | {"present": self.present.get(b.name) == b} for b in self.births
        ]
        marks = {
            agent: [mark.birth._asdict(), dict(mark.skills)]
            for agent, mark in self.marks.items()
        }
        return {"births": births, "marks": marks, "opened": self.opened}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.births, self.present, births = [], {}, state["births"]
        for fields in births:
            self._born(_birth(fields))
        gone = {fields["name"] for fields in births} - {
            fields["name"] for fields in births if fields["present"]
        }
        self.present = {
            name: birth for name, birth in self.present.items() if name not in gone
        }
        self.marks = {
            agent: Milestone(_birth(fields), skills)
            for agent, (fields, skills) in state["marks"].items()
        }
        self.opened = state["opened"]

    def _born(self, birth: Lineage) -> Lineage:
        self.births.append(birth)
        self.present[birth.name] = birth
        return birth

    def _copy(self, agent: AgentId, how: _How, round: int) -> Lineage:
        return Lineage(round, AgentId(f"{agent}@{round}"), how, (agent,))

    @staticmethod
    def _looked(mark: Milestone, record: Record) -> Milestone:
        """What was not known at the mark is taken to be as it is when it is first seen."""
        agent = origin(mark.birth.name)
        return mark._replace(skills={**record.skills(agent), **mark.skills})

    def _replaced(self, round: int, record: Record, seed: int) -> list[Lineage]:
        plan, born = self.replacement, list[Lineage]()
        if plan is None or self.opened is None or (round - self.opened) % plan.every:
            return born
        for group in self.rivals:
            skills = {agent: record.skills(agent) for agent in group}
            common = set.intersection(*(set(s) for s in skills.values()))
            if not common:
                continue
            mean = {
                agent: fmean(skills[agent][kind] for kind in sorted(common))
                for agent in group
            }
            ranked = sorted(group, key=lambda agent: (-mean[agent], agent))
            if len(ranked) > 1 and mean[ranked[0]] - mean[ranked[-1]] >= plan.margin:
                crossed = len(ranked) > 2 and seed_for(seed, "cross", *ranked) % 2 == 1
                parents = tuple(ranked[:2]) if crossed else (ranked[0],)
                born.append(
                    Lineage(round, ranked[-1], "crossed" if crossed else "mutated", parents)
                )
                self.marks[ranked[-1]] = Milestone(born[-1], {})
        return born


def ahead(now: Mapping[str, float], then: Mapping[str, float]) -> float | None:
    """By how much the rates rose, on average over what was known both times; None where nothing was."""
    both = [kind for kind in now if kind in then]
    return fmean(now[kind] - then[kind] for kind in both) if both else None


def frozen(agent: AgentId) -> bool:
    """Whether it is a copy that learns nothing."""
    return "@" in agent


def _birth(fields: Mapping[str, Any]) -> Lineage:
    return Lineage(
        **{k: v for k, v in fields.items() if k != "present"}
        | {"parents": tuple(fields["parents"])}
    )
