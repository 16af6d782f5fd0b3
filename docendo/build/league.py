"""From league settings to values: who meets whom on what, and who plays whom."""

from collections.abc import Callable, Mapping, Sequence

from docendo.config.load import Config
from docendo.engines.wrappers.scripted_agents import WithScripts
from docendo.errors import UserError
from docendo.games.kuhn_text import KUHN, EquilibriumPlayer, play_always_bet
from docendo.games.play import DuelRules, DuelRunner
from docendo.games.text_game import TextGame, play_random
from docendo.games.tictactoe import TIC_TAC_TOE
from docendo.interfaces import Curriculum, Engine, Matchmaker
from docendo.league import curriculum
from docendo.league.duel_matches import MAIN, DuelMatchmaker, alphastar
from docendo.league.matchmaking import (
    Chooser,
    LearnableTeachers,
    NashMixture,
    PrioritizedSelfPlay,
    SelfPlay,
    Thompson,
    Uniform,
    UpperConfidence,
    even,
    hard,
    linear,
    variance,
)
from docendo.league.population import Population, Replacement
from docendo.league.problem_replay import ProblemReplay
from docendo.league.snapshot_rules import (
    AnyRule,
    EveryRounds,
    Never,
    SnapshotRule,
    WhenStronger,
)
from docendo.league.standings import LiveStandings
from docendo.league.teaching_matches import CurriculumMatchmaker, RoundRobin
from docendo.records import AgentId, Request, TaskType, TeachingOption
from docendo.school import Arena, League

__all__ = [
    "CHOICES",
    "CURRICULA",
    "GAMES",
    "SCRIPTS",
    "build_arena",
    "build_league",
    "check_cast",
    "find_textbooks",
    "teaching_options",
]

CHOICES: Mapping[str, Chooser] = {
    "uniform": Uniform(),
    "hard": PrioritizedSelfPlay(hard),
    "variance": PrioritizedSelfPlay(variance),
    "even": PrioritizedSelfPlay(even),
    "linear": PrioritizedSelfPlay(linear),
    "learnable": LearnableTeachers(),
    "improving": Thompson(),
    "optimistic": UpperConfidence(spreads=1.0),
}
GAMES: Mapping[str, TextGame] = {game.name: game for game in (KUHN, TIC_TAC_TOE)}
SCRIPTS: Mapping[str, Callable[[Request], str]] = {
    "equilibrium": EquilibriumPlayer(),
    "always_bet": play_always_bet,
    "random": play_random,
}
CURRICULA: Mapping[str, Curriculum] = {
    "everything": curriculum.UniformCurriculum(),
    "learnable": curriculum.ByLearnability(),
    "missing": curriculum.ByLearnability(),
    "replay": curriculum.PrioritizedLevelReplay(),
}


def build_league(config: Config, kinds: Mapping[str, Sequence[TaskType]]) -> League:
    """A league before its first round. `kinds` is what is taught of each domain."""
    plan = config.league
    wanted = CURRICULA[plan.curriculum]
    wanted = curriculum.UnlockLevels(wanted, plan.opens) if plan.opens else wanted
    return League(
        teaching_options=teaching_options(config, kinds),
        matchmaker=_pairing(config, wanted),
        curriculum=wanted,
        missing=plan.curriculum == "missing",
        imitated=None if plan.curriculum == "everything" else curriculum.ByErrorRate(),
        standings=LiveStandings(plan.decay, find_textbooks(config)),
        population=_population(config),
        problem_replay=ProblemReplay(plan.replayed),
    )


def teaching_options(
    config: Config, kinds: Mapping[str, Sequence[TaskType]]
) -> list[TeachingOption]:
    """Every kind with the experts of its domain as teachers; all other learners are its students.

    Where all learners are experts of a domain they teach each other.
    """
    courses = []
    for domain, some in kinds.items():
        teachers = tuple(
            AgentId(n) for n, a in config.agents.items() if domain in a.domains
        )
        learners = tuple(AgentId(n) for n in config.learners)
        students = tuple(n for n in learners if n not in teachers) or learners
        courses += [TeachingOption(kind, teachers, students) for kind in some]
    return courses


def find_textbooks(config: Config) -> frozenset[AgentId]:
    """Who teaches by the problems' own worked solutions."""
    everybody = config.teaching.lesson_source == "dataset"
    return frozenset(
        AgentId(n) for n, a in config.agents.items() if everybody or a.policy == "oracle"
    )


def build_arena(
    config: Config, engine: Engine, instructions: Mapping[AgentId, str]
) -> Arena | None:
    """Where agents play each other; None where they do not. `instructions` are the agents' system prompts."""
    plan = config.duels
    if not plan.pairings:
        return None
    scripts = {
        AgentId(n): SCRIPTS[a.policy]
        for n, a in config.agents.items()
        if a.policy in SCRIPTS
    }
    roles = {AgentId(n): a.role for n, a in config.learners.items()}
    choices = alphastar(roles)
    if plan.opponents != "alphastar":
        choices[MAIN] = {**CHOICES, "self": SelfPlay(), "nash": NashMixture()}[
            plan.opponents
        ]
    rules = DuelRules(
        plan.deals, plan.repeats, plan.max_tokens, config.teaching.temperature
    )
    room = DuelRunner(WithScripts(engine, scripts), GAMES, instructions, rules)
    return Arena(
        room,
        DuelMatchmaker(plan.game, roles, choices, list(scripts)),
        plan.pairings,
        plan.rules_fraction,
    )


def check_cast(config: Config) -> None:
    """Raises UseError where an agent has nothing to do, or a game nobody to play it."""
    duels, game = config.duels.pairings, config.duels.game
    if not config.domains and not duels:
        raise UserError(
            "no [domains]: name at least one, such as mathematics, or let agents duel: [duels] pairings = 4"
        )
    if not config.learners:
        raise UserError("no [agents] learn: at least one with policy = 'model' is wanted")
    for name, agent in config.agents.items():
        where = f"[agents.{name}]"
        if agent.policy == "oracle" and not agent.domains:
            raise UserError(
                f"{where}: a textbook without a domain teaches nothing; give it domain = '...'"
            )
        if agent.policy in SCRIPTS and not duels:
            raise UserError(
                f"{where}: policy = {agent.policy!r} wants duels: [duels] pairings = 4"
            )
        if agent.policy in SCRIPTS and agent.domains:
            raise UserError(
                f"{where}: policy = {agent.policy!r} only duels; it cannot have a domain"
            )
        if agent.policy in {"equilibrium", "always_bet"} and game != "kuhn":
            raise UserError(
                f"{where}: policy = {agent.policy!r} plays kuhn, and [duels] game is {game!r}"
            )
        if agent.role != "main" and not duels:
            raise UserError(
                f"{where}: role = {agent.role!r} is one of duels: [duels] pairings = 4"
            )
    anchored, matches = config.league.anchored, config.teaching.matches
    if config.domains and matches and anchored >= matches:
        raise UserError(
            f"[league] anchored = {anchored} leaves none of {matches} matches for learners; lower it"
        )
    roles = {agent.role for agent in config.learners.values()}
    if "exploiter" in roles and "main" not in roles:
        raise UserError(
            "[agents]: exploiters play main agents, and there is none; let one have role = 'main'"
        )


def _pairing(config: Config, wanted: Curriculum) -> Matchmaker:
    plan, learners = config.league, frozenset(map(AgentId, config.learners))
    plain = (
        plan.teachers == "uniform"
        and plan.curriculum == "everything"
        and not plan.opens
        and not plan.anchored
    )
    if plain:
        return RoundRobin()
    return CurriculumMatchmaker(
        wanted,
        CHOICES[plan.teachers],
        learners.__contains__,
        plan.anchored,
        find_textbooks(config),
    )


def _population(config: Config) -> Population:
    plan = config.league
    replacement = (
        Replacement(plan.replace_every, scale=plan.mutation) if plan.replace_every else None
    )
    groups: dict[tuple[str, ...], list[AgentId]] = {}
    for name, agent in config.learners.items():
        groups.setdefault((agent.role, *sorted(agent.domains)), []).append(AgentId(name))
    rivals = [tuple(group) for group in groups.values() if len(group) > 1]
    population = Population(
        snapshot_rule=_snapshot_rule(config),
        max_snapshots=plan.snapshots,
        reference_copies=plan.anchored > 0,
        reference_teachers=config.teaching.lesson_source == "initial_policy",
        replacement=replacement,
        rivals=rivals,
    )
    population.add_founders([AgentId(name) for name in config.learners])
    return population


def _snapshot_rule(config: Config) -> SnapshotRule:
    plan = config.league
    rules: list[SnapshotRule] = []
    if plan.snapshot_every:
        rules.append(EveryRounds(plan.snapshot_every))
    if plan.snapshot_margin:
        rules.append(
            WhenStronger(
                plan.snapshot_margin, config.duels.game if config.duels.pairings else ""
            )
        )
    return AnyRule(rules) if len(rules) > 1 else rules[0] if rules else Never()
