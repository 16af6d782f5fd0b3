"""The members of a league: learners, the frozen copies they leave behind, and their lineage."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from docendo.league.lineage import Lineage, Milestone, Origin
from docendo.league.snapshot_rules import Never, SkillRecord, SnapshotRule
from docendo.records import AgentId, TeachingOption
from docendo.seeds import seed_for

__all__ = ["Population", "Replacement"]


@dataclass(frozen=True)
class Replacement:
    """Weak members become mutated or crossed copies of strong ones.

    Population-based training (Jaderberg et al. 2017). Only rivals, members with the same domains
    and role, replace each other.
    """

    every: int
    """Rounds between two comparisons."""
    margin: float = 0.1
    """How far the weakest must be behind the strongest, in what is known of all rivals."""
    scale: float = 0.02
    """Size of the mutation, relative to the weights."""


@dataclass
class Population:
    """All members. A frozen copy is named ``agent@round``."""

    snapshot_rule: SnapshotRule = field(default_factory=Never)
    max_snapshots: int = 4
    """Snapshots kept of each agent; the oldest leave. Reference copies always stay."""
    reference_copies: bool = False
    """Whether everybody's copy from before the teaching stays as a student to compare with."""
    reference_teachers: bool = False
    """Whether lessons are written by the copies from before the teaching, and by nobody else."""
    replacement: Replacement | None = None
    rivals: Sequence[tuple[AgentId, ...]] = ()
    """Groups of agents with the same domains and role."""
    lineage: list[Lineage] = field(default_factory=list)
    """Everything that ever happened, oldest first."""
    members: dict[AgentId, Lineage] = field(default_factory=dict)
    """Everybody who is present now."""
    milestones: dict[AgentId, Milestone] = field(default_factory=dict)
    """Of every learner, from the first round of teaching on."""
    start_round: int | None = None
    """The round before the first one of teaching."""

    @property
    def mutation_scale(self) -> float:
        return self.replacement.scale if self.replacement else 0.0

    @property
    def learners(self) -> list[AgentId]:
        return [name for name, lineage in self.members.items() if not lineage.is_copy]

    def copies(self, agent: AgentId, *how: Origin) -> list[AgentId]:
        """The frozen copies of an agent, oldest first; only those of the given origins, if any."""
        return [
            name
            for name, lineage in self.members.items()
            if lineage.is_copy
            and lineage.parents == (agent,)
            and (not how or lineage.how in how)
        ]

    def add_founders(self, agents: Sequence[AgentId]) -> None:
        """Add the first members."""
        for agent in agents:
            self.add(Lineage(0, agent, "founder"))

    def add(self, lineage: Lineage) -> Lineage:
        """Add a member, or overwrite the one of that name."""
        self.lineage.append(lineage)
        self.members[lineage.name] = lineage
        return lineage

    def start_teaching(self, round_index: int) -> list[Lineage]:
        """Before the first round of teaching, set milestones and make the reference copies.

        `round_index` is the round before. Returns the new copies. A second call does nothing.
        """
        if self.start_round is not None:
            return []

        self.start_round = round_index
        references: list[Lineage] = []
        for agent in self.learners:
            newest = Lineage(round_index, agent, "founder")
            if self.reference_copies or self.reference_teachers:
                newest = self._add_copy(agent, "reference", round_index)
                references.append(newest)
            self.milestones[agent] = Milestone(newest, {})
        return references

    def renew(
        self, round_index: int, record: SkillRecord, seed: int
    ) -> tuple[list[Lineage], list[AgentId]]:
        """After a round, replace and copy members.

        Returns who is to be made, in this order, and whose copies leave.
        """
        added = self._replace_weakest(round_index, record, seed)

        # The record of a replaced agent is that of its predecessor, so it is no copy's now.
        replaced = {lineage.name for lineage in added}
        for agent in self.learners:
            if agent not in replaced:
                added += self._snapshot_if_due(agent, round_index, record)

        removed: list[AgentId] = []
        for agent in self.learners:
            snapshots = self.copies(agent, "snapshot")
            removed += snapshots[: max(0, len(snapshots) - self.max_snapshots)]
        for name in removed:
            del self.members[name]
        return added, removed

    def with_copies(
        self, options: Sequence[TeachingOption], reference_students: bool = True
    ) -> list[TeachingOption]:
        """The teaching options with copies added: those of teachers teach, references are taught."""
        copies: dict[AgentId, list[AgentId]] = defaultdict(list)
        references: set[AgentId] = set()
        for name, lineage in self.members.items():
            if lineage.is_copy:
                copies[lineage.parents[0]].append(name)
            if lineage.how == "reference":
                references.add(name)
        if not copies:
            return list(options)

        students = references if reference_students and self.reference_copies else set()
        extended: list[TeachingOption] = []
        for kind, teachers, learners in options:
            past_teachers = [copy for teacher in teachers for copy in copies[teacher]]
            past_students = [copy for learner in learners for copy in copies[learner]]
            if self.reference_teachers:
                authors = [copy for copy in past_teachers if copy in references]
            else:
                authors = [*teachers, *past_teachers]
            taught = [*learners, *(copy for copy in past_students if copy in students)]
            extended.append(TeachingOption(kind, tuple(authors), tuple(taught)))
        return extended

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        births = [
            lineage._asdict() | {"present": self.members.get(lineage.name) == lineage}
            for lineage in self.lineage
        ]
        marks = {
            agent: [milestone.lineage._asdict(), dict(milestone.skills)]
            for agent, milestone in self.milestones.items()
        }
        return {"births": births, "marks": marks, "opened": self.start_round}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.lineage = []
        self.members = {}
        present: set[str] = set()
        for fields in state["births"]:
            self.add(_lineage_of(fields))
            if fields["present"]:
                present.add(fields["name"])
        for name in [name for name in self.members if name not in present]:
            del self.members[name]

        self.milestones = {
            agent: Milestone(_lineage_of(fields), skills)
            for agent, (fields, skills) in state["marks"].items()
        }
        self.start_round = state["opened"]

    def _add_copy(self, agent: AgentId, how: Origin, round_index: int) -> Lineage:
        name = AgentId(f"{agent}@{round_index}")
        return self.add(Lineage(round_index, name, how, (agent,)))

    def _snapshot_if_due(
        self, agent: AgentId, round_index: int, record: SkillRecord
    ) -> list[Lineage]:
        """The agent's new copy, if one is due."""
        skills = record.skills(agent)
        milestone = self.milestones[agent]
        # What was unknown at the milestone counts from when it is first known.
        milestone = milestone._replace(skills={**skills, **milestone.skills})
        self.milestones[agent] = milestone
        if not self.snapshot_rule(agent, milestone, round_index, record):
            return []

        copy = self._add_copy(agent, "snapshot", round_index)
        self.milestones[agent] = Milestone(copy, skills)
        return [copy]

    def _replace_weakest(
        self, round_index: int, record: SkillRecord, seed: int
    ) -> list[Lineage]:
        """The new lineage of the weakest of each group that is far enough behind."""
        plan = self.replacement
        if plan is None or self.start_round is None:
            return []
        if (round_index - self.start_round) % plan.every:
            return []

        added: list[Lineage] = []
        for rivals in self.rivals:
            strengths = _common_strengths(rivals, record)
            ranking = sorted(strengths, key=lambda agent: (-strengths[agent], agent))
            if len(ranking) < 2:
                continue
            strongest, weakest = ranking[0], ranking[-1]
            if strengths[strongest] - strengths[weakest] < plan.margin:
                continue

            is_cross = len(ranking) > 2 and seed_for(seed, "cross", *ranking) % 2 == 1
            how: Origin = "crossed" if is_cross else "mutated"
            parents = tuple(ranking[:2]) if is_cross else (strongest,)
            lineage = self.add(Lineage(round_index, weakest, how, parents))
            self.milestones[weakest] = Milestone(lineage, {})
            added.append(lineage)
        return added


def _common_strengths(
    rivals: Sequence[AgentId], record: SkillRecord
) -> dict[AgentId, float]:
    """Mean rates over what is known of all rivals; empty where nothing is."""
    skills = {agent: record.skills(agent) for agent in rivals}
    common = sorted(set.intersection(*map(set, skills.values())))
    if not common:
        return {}

    return {
        agent: fmean(rates[subject] for subject in common)
        for agent, rates in skills.items()
    }


def _lineage_of(fields: Mapping[str, Any]) -> Lineage:
    return Lineage(fields["round"], fields["name"], fields["how"], tuple(fields["parents"]))
