"""From league settings to values: who meets whom on what."""

from collections.abc import Mapping, Sequence

from docendo.config import Config
from docendo.interfaces import Curriculum, Matchmaker
from docendo.league.arranging import Arranged, Rotation
from docendo.league.matchmaking import (
    Choice,
    Improving,
    Learnable,
    Prioritized,
    Uniform,
    even,
    hard,
    linear,
    variance,
)
from docendo.league.population import (
    Either,
    EveryRounds,
    Never,
    Population,
    Replacement,
    SnapshotRule,
    WhenStronger,
    frozen,
)
from docendo.league.standings import LiveStandings
from docendo.problems import curriculum
from docendo.problems.deck import ReplayDeck
from docendo.records import AgentId, Course, Kind
from docendo.school import League
from docendo.tables import LeagueConfig

__all__ = ["CHOICES", "CURRICULA", "build_league", "courses_of"]

CHOICES: Mapping[str, Choice] = {
    "uniform": Uniform(),
    "hard": Prioritized(hard),
    "variance": Prioritized(variance),
    "even": Prioritized(even),
    "linear": Prioritized(linear),
    "learnable": Learnable(),
    "improving": Improving(),
    "optimistic": Improving(optimism=1.0),
}
CURRICULA: Mapping[str, Curriculum] = {
    "everything": curriculum.Everything(),
    "learnable": curriculum.Learnable(),
    "replay": curriculum.Replayed(),
}


def build_league(config: Config, kinds: Mapping[str, Sequence[Kind]]) -> League:
    """A league before its first round. `kinds` is what is taught of each domain."""
    plan = config.league
    wanted = CURRICULA[plan.curriculum]
    wanted = curriculum.Opening(wanted, plan.opens) if plan.opens else wanted
    return League(
        courses=courses_of(config, kinds),
        pair=_pairing(plan, wanted),
        curriculum=wanted,
        standings=LiveStandings(plan.decay),
        population=_population(config),
        deck=ReplayDeck(plan.replayed),
    )


def courses_of(config: Config, kinds: Mapping[str, Sequence[Kind]]) -> list[Course]:
    """Every kind with the experts of its domain as teachers; all other learners are its students.

    Where all learners are experts of a domain they teach each other.
    """
    courses = []
    for domain, some in kinds.items():
        teachers = tuple(AgentId(n) for n, a in config.agents.items() if domain in a.domains)
        learners = tuple(AgentId(n) for n in config.learners)
        students = tuple(n for n in learners if n not in teachers) or learners
        courses += [Course(kind, teachers, students) for kind in some]
    return courses


def _pairing(plan: LeagueConfig, wanted: Curriculum) -> Matchmaker:
    plain = plan.teachers == "uniform" and plan.curriculum == "everything" and not plan.opens and not plan.anchored
    return Rotation() if plain else Arranged(wanted, CHOICES[plan.teachers], frozen, plan.anchored)


def _population(config: Config) -> Population:
    plan = config.league
    replacement = Replacement(plan.replace_every, scale=plan.mutation) if plan.replace_every else None
    groups: dict[tuple[str, ...], list[AgentId]] = {}
    for name, agent in config.learners.items():
        groups.setdefault(tuple(sorted(agent.domains)), []).append(AgentId(name))
    rivals = [tuple(group) for group in groups.values() if len(group) > 1]
    made = Population(_rule(plan), plan.snapshots, plan.anchored > 0, replacement, rivals)
    made.found([AgentId(name) for name in config.learners])
    return made


def _rule(plan: LeagueConfig) -> SnapshotRule:
    rules: list[SnapshotRule] = []
    if plan.snapshot_every:
        rules.append(EveryRounds(plan.snapshot_every))
    if plan.snapshot_margin:
        rules.append(WhenStronger(plan.snapshot_margin))
    return Either(rules) if len(rules) > 1 else rules[0] if rules else Never()
