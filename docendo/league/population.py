"""The members of a league: learners, the frozen copies they leave behind, and their lineage."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from docendo.league.lineage import Lineage, Milestone, Origin
from docendo.league.snapshot_rules import SnapshotRule
from docendo.league.standings import LiveStandings
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
    scale: float
    """Size of the mutation, relative to the weights."""
    margin: float = 0.1
    """How far the weakest must be behind the strongest, in what is known of all rivals."""


@dataclass
class Population:
    """All members. A frozen copy is named ``agent@round``."""

    snapshot_rule: SnapshotRule
    max_snapshots: int
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
        copies = []
        for name, lineage in self.members.items():
            has_origin = not how or lineage.how in how
            if lineage.is_copy and lineage.parents == (agent,) and has_origin:
                copies.append(name)
        return copies

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
        references = []
        for agent in self.learners:
            newest = Lineage(round_index, agent, "founder")
            if self.reference_copies or self.reference_teachers:
                newest = self._add_copy(agent, "reference", round_index)
                references.append(newest)
            self.milestones[agent] = Milestone(newest, {})
        return references

    def renew(
        self, round_index: int, standings: LiveStandings, seed: int
    ) -> tuple[list[Lineage], list[AgentId]]:
        """After a round, replace and copy members.

        Returns who is to be made, in this order, and whose copies leave.
        """
        added = self._replace_weakest(round_index, standings, seed)

        # Of an agent that was just replaced, all that is known is about its predecessor: a copy
        # of it would be taken for stronger than it is.
        replaced = {lineage.name for lineage in added}
        for agent in self.learners:
            if agent not in replaced:
                added += self._snapshot_if_due(agent, round_index, standings)

        removed = []
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
        copies = defaultdict(list)
        references = defaultdict(list)
        for name, lineage in self.members.items():
            if lineage.is_copy:
                copies[lineage.parents[0]].append(name)
            if lineage.how == "reference":
                references[lineage.parents[0]].append(name)

        past_teachers = references if self.reference_teachers else copies
        has_past_students = reference_students and self.reference_copies
        extended = []
        for task_type, teachers, learners in options:
            authors = [] if copies and self.reference_teachers else [*teachers]
            for teacher in teachers:
                authors += past_teachers[teacher]
            students = [*learners]
            if has_past_students:
                for learner in learners:
                    students += references[learner]
            extended.append(TeachingOption(task_type, tuple(authors), tuple(students)))
        return extended

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        births = []
        for lineage in self.lineage:
            is_present = self.members.get(lineage.name) == lineage
            births.append(lineage._asdict() | {"present": is_present})

        marks = {}
        for agent, (lineage, skills) in self.milestones.items():
            marks[agent] = [lineage._asdict(), dict(skills)]
        return {"births": births, "marks": marks, "opened": self.start_round}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.lineage = []
        self.members = {}
        present = {fields["name"] for fields in state["births"] if fields["present"]}
        # in the order of birth, which is the order of the members
        for fields in state["births"]:
            self.add(_lineage_of(fields))
        for name in set(self.members) - present:
            del self.members[name]

        self.milestones = {}
        for agent, (fields, skills) in state["marks"].items():
            self.milestones[agent] = Milestone(_lineage_of(fields), skills)
        self.start_round = state["opened"]

    def _add_copy(self, agent: AgentId, how: Origin, round_index: int) -> Lineage:
        name = AgentId(f"{agent}@{round_index}")
        return self.add(Lineage(round_index, name, how, (agent,)))

    def _snapshot_if_due(
        self, agent: AgentId, round_index: int, standings: LiveStandings
    ) -> list[Lineage]:
        """The agent's new copy, if one is due."""
        skills = standings.skills(agent)
        milestone = self.milestones[agent]
        # What was unknown at the milestone counts from when it is first known.
        milestone = milestone._replace(skills={**skills, **milestone.skills})
        self.milestones[agent] = milestone
        if not self.snapshot_rule(agent, milestone, round_index, standings):
            return []

        copy = self._add_copy(agent, "snapshot", round_index)
        self.milestones[agent] = Milestone(copy, skills)
        return [copy]

    def _replace_weakest(
        self, round_index: int, standings: LiveStandings, seed: int
    ) -> list[Lineage]:
        """The new lineage of the weakest of each group that is far enough behind."""
        plan = self.replacement
        if plan is None or self.start_round is None:
            return []
        if (round_index - self.start_round) % plan.every:
            return []

        added: list[Lineage] = []
        for rivals in self.rivals:
            strengths = _common_strengths(rivals, standings)
            ranking = sorted(strengths, key=lambda agent: (-strengths[agent], agent))
            if len(ranking) < 2:
                continue

            # The margin is against noise: with equal agents the last of a ranking is chance.
            strongest, weakest = ranking[0], ranking[-1]
            if strengths[strongest] - strengths[weakest] < plan.margin:
                continue

            # Exploit and explore (Jaderberg et al. 2017): the weights of the best are copied and
            # perturbed; with a third rival around, half of the time the best two are crossed.
            how: Origin = "mutated"
            parents = [strongest]
            coin = seed_for(seed, "cross", *ranking) % 2
            if len(ranking) > 2 and coin == 1:
                how = "crossed"
                parents = ranking[:2]
            lineage = self.add(Lineage(round_index, weakest, how, tuple(parents)))
            self.milestones[weakest] = Milestone(lineage, {})
            added.append(lineage)
        return added


def _common_strengths(
    rivals: Sequence[AgentId], standings: LiveStandings
) -> dict[AgentId, float]:
    """Mean rates over what is known of all rivals; empty where nothing is."""
    # Only what all were measured at: task types differ in how hard they are.
    skills = {agent: standings.skills(agent) for agent in rivals}
    common = sorted(set.intersection(*map(set, skills.values())))
    strengths = {}
    for agent, rates in skills.items():
        if common:
            strengths[agent] = fmean(map(rates.__getitem__, common))
    return strengths


def _lineage_of(fields: Mapping[str, Any]) -> Lineage:
    return Lineage(fields["round"], fields["name"], fields["how"], tuple(fields["parents"]))
