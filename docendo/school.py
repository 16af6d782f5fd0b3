"""Everything that a round is made of: who takes part, by which rules, and what is remembered from round to round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from docendo.asking.questions import QuestionWriter
from docendo.games.play import DuelRunner
from docendo.games.text_game import TextGame
from docendo.interfaces import Curriculum, Keeper, Learner, Matchmaker, Reward
from docendo.league.curriculum import UniformCurriculum
from docendo.league.duel_matches import DuelMatchmaker
from docendo.league.lineage import Lineage
from docendo.league.population import Population
from docendo.league.problem_replay import ProblemReplay
from docendo.league.standings import LiveStandings
from docendo.learning.baselines import Baseline
from docendo.learning.demonstrations import Demonstration, DemonstrationBuffer
from docendo.learning.groups import Practice
from docendo.problems.pool import AcceptedQuestions
from docendo.records import (
    AgentId,
    Duel,
    Episode,
    Question,
    TaskType,
    TeachingOption,
    Usage,
)
from docendo.teaching.game import Classroom

__all__ = [
    "Arena",
    "Audience",
    "Expert",
    "League",
    "MixtureSource",
    "QuestionPhase",
    "Round",
    "Schedule",
    "School",
]


class MixtureSource(NamedTuple):
    """A part of what an agent studies: kinds of problems, or rows of its own."""

    name: str
    share: float
    """Of all its portions, not necessarily summing to 1."""
    kinds: Sequence[TaskType] = ()
    notes: Sequence[Demonstration] = ()


@dataclass(frozen=True)
class Expert:
    """A learning agent, and the kinds of problems of its own domain; none for an agent that is only a student."""

    agent: AgentId
    kinds: Sequence[TaskType] = ()
    diet: Sequence[MixtureSource] = ()
    """What it studies and rehearses; empty: worked solutions of its own domain."""
    practised: Sequence[TaskType] = ()
    """What it practises at home; empty: its own kinds."""
    apart: bool = False
    """Whether it imitates nothing but its own kinds."""


class Audience(NamedTuple):
    """Who writes down what was not found for it alone."""

    lessons: Mapping[str, Sequence[AgentId]] = MappingProxyType({})
    """By domain: every useful lesson, not only those given to itself."""
    solutions: Mapping[AgentId, Sequence[AgentId]] = MappingProxyType({})
    """By expert: what that one gets right at home."""


@dataclass(frozen=True)
class Schedule:
    """How much of everything there is in a round."""

    matches: int = 12
    resample_zero_variance: bool = False
    """Whether answers that the gate saved are spent on new matches in the place of those that taught nothing."""
    practice: int = 2
    """Problems that each expert works on at home, each several times."""
    practice_attempts: int = 4
    rehearsal: int = 8
    """Worked solutions of the own domain that each expert trains on again."""
    imitation: int = 16
    """Useful examples that each student trains on."""
    one_shot_fraction: float = 0.33
    """Share of the supervised examples that come after a worked example, so that lessons stay understood."""


@dataclass(frozen=True)
class League:
    """Who meets whom on what, and what is known of them."""

    teaching_options: Sequence[TeachingOption]
    """Between the founders; the population adds their copies."""
    matchmaker: Matchmaker
    curriculum: Curriculum = field(default_factory=UniformCurriculum)
    """Of home practice."""
    missing: bool = False
    """Whether what an agent has few notes of is practised more."""
    imitated: Curriculum | None = None
    """Of notes that are imitated; without one, families take turns."""
    standings: LiveStandings = field(default_factory=LiveStandings)
    population: Population = field(default_factory=Population)
    problem_replay: ProblemReplay = field(default_factory=ProblemReplay)


@dataclass(frozen=True)
class Arena:
    """Where agents play each other."""

    room: DuelRunner
    matchmaker: DuelMatchmaker
    pairings: int
    """In a round."""
    rules: float = 0.0
    """Turns of random games that players imitate while the experts study, as a share of an expert's examples."""

    @property
    def game(self) -> TextGame:
        return self.room.games[self.matchmaker.game]


@dataclass(frozen=True)
class QuestionPhase:
    """Where models ask, and where their questions go."""

    writer: QuestionWriter
    shelves: Mapping[str, AcceptedQuestions]
    """What was admitted, by ``domain/asker``."""
    sft_fraction: Mapping[AgentId, float] = field(default_factory=dict)
    """Questions to write that each asker imitates, as a share of the worked solutions that it studies or rehearses."""


@dataclass(frozen=True)
class School:
    experts: Sequence[Expert]
    classroom: Classroom
    league: League
    reward: Reward
    baseline: Baseline
    learner: Learner
    sft_learner: Callable[[int], Learner]
    """The learner of each supervised round: its learning rate falls."""
    schedule: Schedule
    adapters: Keeper
    """Makes copies of agents, and takes them away."""
    arena: Arena | None = None
    question_phase: QuestionPhase | None = None
    audience: Audience = field(default_factory=Audience)
    demonstrations: DemonstrationBuffer = field(default_factory=DemonstrationBuffer)

    @cached_property
    def learners(self) -> frozenset[AgentId]:
        return frozenset(expert.agent for expert in self.experts)

    @cached_property
    def without_contact(self) -> "School":
        """The same while nobody meets anybody: each practises, rehearses and imitates its own kinds."""
        alone = [
            replace(expert, diet=(), practised=(), apart=True) for expert in self.experts
        ]
        return replace(
            self, experts=alone, schedule=replace(self.schedule, matches=0), arena=None
        )


@dataclass(frozen=True)
class Round:
    index: int
    episodes: Sequence[Episode] = ()
    practice: Sequence[Practice] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    discarded: Sequence[Usage] = ()
    """Sampled tokens of groups without any variation."""
    births: Sequence[Lineage] = ()
    """Copies that were made, and members that were replaced."""
    duels: Sequence[Duel] = ()
    questions: Sequence[Question] = ()
    """What models asked, refused ones too."""
