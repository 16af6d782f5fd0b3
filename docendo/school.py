"""Everything that a round is made of: who takes part, by which rules, and what is remembered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from docendo.asking.questions import QuestionWriter
from docendo.backend import Backend
from docendo.games.play import DuelRunner
from docendo.games.text_game import TextGame
from docendo.interfaces import Curriculum, Learner, Matchmaker, Reward
from docendo.league.curriculum import UniformCurriculum
from docendo.league.duel_matches import DuelMatchmaker
from docendo.league.lineage import Lineage
from docendo.league.population import Population
from docendo.league.problem_replay import ProblemReplay
from docendo.league.standings import LiveStandings
from docendo.learning.baselines import Baseline
from docendo.learning.demonstrations import Demonstration, DemonstrationBuffer
from docendo.learning.groups import Practice
from docendo.learning.withholding import Withholding
from docendo.problems.pool import AcceptedQuestions
from docendo.records import (
    AgentId,
    Duel,
    Episode,
    Example,
    Metrics,
    Question,
    Target,
    TaskType,
    TeachingOption,
    Usage,
)
from docendo.teaching.classroom import Classroom

__all__ = [
    "Arena",
    "Expert",
    "Labelling",
    "League",
    "MixtureSource",
    "QuestionPhase",
    "Recipients",
    "Round",
    "SFTData",
    "Schedule",
    "School",
]


class MixtureSource(NamedTuple):
    """One source of an agent's supervised data: task types of a domain, or rows of its own."""

    name: str
    share: float
    """Relative to the agent's other sources; shares need not sum to 1."""
    task_types: Sequence[TaskType] = ()
    rows: Sequence[Demonstration] = ()


@dataclass(frozen=True)
class Expert:
    """A learning agent, and the task types of its own domains; none for a mere student."""

    agent: AgentId
    task_types: Sequence[TaskType] = ()
    data_mixture: Sequence[MixtureSource] = ()
    """What it is finetuned on and rehearses; empty: worked solutions of its own domains."""
    practice_task_types: Sequence[TaskType] = ()
    """What it practises; empty: its own task types."""
    is_apart: bool = False
    """Whether it imitates nothing but its own task types."""


class Recipients(NamedTuple):
    """Who may imitate what was found by somebody else, or for somebody else."""

    lessons: Mapping[str, Sequence[AgentId]] = MappingProxyType({})
    """By domain: who may imitate every useful lesson, besides the student it was given to."""
    solutions: Mapping[AgentId, Sequence[AgentId]] = MappingProxyType({})
    """By author: who may imitate the right solutions of its practice."""
    withholding: Withholding = Withholding()
    """Which students imitate no lesson on which family."""


@dataclass(frozen=True)
class Schedule:
    """How much of everything there is in a round."""

    matches: int
    resample_zero_variance: bool
    """Whether completions that the gate saved go to new matches, in place of those without variance."""
    practice: int
    """Problems that each agent practises, each several times."""
    practice_attempts: int
    rehearsal: int
    """Worked solutions of its own domain that each agent is trained on again."""
    imitation: int
    """Useful demonstrations that each agent is trained on."""
    one_shot_fraction: float
    """Share of supervised examples that follow a worked example, so that lessons stay understood."""
    rehearsal_one_shot_fraction: float | None = None
    """The same for rehearsal; None: no other."""


@dataclass(frozen=True)
class League:
    """Who meets whom on what, and what is known of them."""

    teaching_options: Sequence[TeachingOption]
    """Between the founders; the population adds their copies."""
    matchmaker: Matchmaker
    standings: LiveStandings
    population: Population
    problem_replay: ProblemReplay
    practice_curriculum: Curriculum = field(default_factory=UniformCurriculum)
    imitation_curriculum: Curriculum | None = None
    """Which demonstrations are imitated; None: families take turns."""


@dataclass(frozen=True)
class Arena:
    """Where agents play games against each other."""

    room: DuelRunner
    matchmaker: DuelMatchmaker
    pairings: int
    """Pairings in a round."""
    rules: float = 0.0
    """Turns of random games to imitate in the first stage, as a share of an agent's examples."""

    @property
    def game(self) -> TextGame:
        return self.room.games[self.matchmaker.game]


@dataclass(frozen=True)
class QuestionPhase:
    """Where models ask, and where their accepted questions go."""

    writer: QuestionWriter
    accepted: Mapping[str, AcceptedQuestions]
    """By ``domain/asker``."""
    sft_fraction: Mapping[AgentId, float] = field(default_factory=dict)
    """Questions to write that each asker imitates, as a share of its worked solutions."""


@dataclass(frozen=True)
class School:
    """The whole state of training. `docendo.loop` moves it; everything in it can be replaced."""

    experts: Sequence[Expert]
    classroom: Classroom
    league: League
    reward: Reward
    baseline: Baseline
    learner: Learner
    sft_learner: Callable[[int], Learner]
    """The learner of each supervised round: its learning rate falls."""
    schedule: Schedule
    sft_data: "SFTData"
    """What everybody is finetuned on in a round of the teaching game."""
    backend: Backend
    """Holds the agents' adapters: copies of agents are made in it, and taken away."""
    arena: Arena | None = None
    question_phase: QuestionPhase | None = None
    labels: "Labelling | None" = None
    """Which texts of a round are labelled, beside what is imitated."""
    recipients: Recipients = field(default_factory=Recipients)
    demonstrations: DemonstrationBuffer = field(default_factory=DemonstrationBuffer)

    @cached_property
    def learners(self) -> frozenset[AgentId]:
        return frozenset(expert.agent for expert in self.experts)

    @cached_property
    def without_contact(self) -> "School":
        """The same school while nobody meets: each practises, rehearses and imitates its own domain."""
        experts = []
        for expert in self.experts:
            apart = replace(expert, data_mixture=(), practice_task_types=(), is_apart=True)
            experts.append(apart)
        schedule = replace(self.schedule, matches=0)
        return replace(self, experts=experts, schedule=schedule, arena=None, labels=None)


SFTData = Callable[[School, int], list[Example]]
"""From a school and a seed to the supervised examples of a round, of all agents."""


Labelling = Callable[[School, "Round", int], list[Target]]
"""From a school, what was played in a round, and a seed to targets with labels, of all agents."""


@dataclass(frozen=True)
class Round:
    """What happened in one round."""

    index: int
    episodes: Sequence[Episode] = ()
    practice: Sequence[Practice] = ()
    metrics: Metrics = field(default_factory=lambda: Metrics(0))
    discarded: Sequence[Usage] = ()
    """Sampled tokens of groups with zero variance."""
    births: Sequence[Lineage] = ()
    """Copies that were made, and members that were replaced."""
    duels: Sequence[Duel] = ()
    questions: Sequence[Question] = ()
    """What models asked; rejected questions, too."""
