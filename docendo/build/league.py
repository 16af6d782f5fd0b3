"""Builds the league and the arena from their settings: who meets whom on what, who plays whom."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from docendo.build.recipients import students_of
from docendo.config.load import Config
from docendo.engines.wrappers.scripted_agents import WithScripts
from docendo.errors import UserError
from docendo.games.kuhn_text import KUHN, EquilibriumPlayer, play_always_bet
from docendo.games.play import DuelRules, DuelRunner
from docendo.games.text_game import TextGame, play_random
from docendo.games.tictactoe import TIC_TAC_TOE
from docendo.interfaces import Curriculum, Engine, Matchmaker
from docendo.league.curriculum import ByErrorRate, UnlockLevels
from docendo.league.duel_matches import MAIN, DuelMatchmaker, alphastar
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
from docendo.parts import PartConfig
from docendo.records import AgentId, Request, TaskType, TeachingOption
from docendo.school import Arena, League

__all__ = [
    "GAMES",
    "SCRIPTS",
    "build_arena",
    "build_league",
    "check_cast",
    "find_oracles",
    "teaching_options",
]

GAMES: Mapping[str, TextGame] = {game.name: game for game in (KUHN, TIC_TAC_TOE)}
SCRIPTS: Mapping[str, Callable[[Request], str]] = {
    "equilibrium": EquilibriumPlayer(),
    "always_bet": play_always_bet,
    "random": play_random,
}
_NEEDS_DUELS = "needs duels: [duels] pairings = 4"


def build_league(config: Config, task_types: Mapping[str, Sequence[TaskType]]) -> League:
    """A league before its first round. `task_types` are those that are taught, by domain."""
    plan, learning = config.league, config.learning
    by_error_rate = learning.imitation_sampling == "error_rate"
    return League(
        teaching_options=teaching_options(config, task_types),
        matchmaker=plan.matchmaker.build()
        if plan.matchmaker
        else _build_matchmaker(config),
        practice_curriculum=_build_curriculum(learning.practice_curriculum, config),
        imitation_curriculum=ByErrorRate(floor=0.1) if by_error_rate else None,
        standings=LiveStandings(plan.decay, find_oracles(config)),
        population=_build_population(config),
        problem_replay=ProblemReplay(plan.replay_fraction),
    )


def teaching_options(
    config: Config, task_types: Mapping[str, Sequence[TaskType]]
) -> list[TeachingOption]:
    """Every task type with the experts of its domain as teachers and all other learners as students.

    Where all learners are experts of a domain, they teach each other.
    """
    options: list[TeachingOption] = []
    for domain, of_domain in task_types.items():
        if config.domains[domain].evaluate_only:
            continue
        teachers = [
            AgentId(name)
            for name, agent in config.agents.items()
            if domain in agent.domains
        ]
        students = students_of(config, domain)
        options += [
            TeachingOption(task_type, tuple(teachers), tuple(students))
            for task_type in of_domain
        ]
    return options


def find_oracles(config: Config) -> frozenset[AgentId]:
    """The teachers whose lessons are the problems' own worked solutions."""
    if config.teaching.lesson_source == "dataset":
        return frozenset(map(AgentId, config.agents))
    oracles = [name for name, agent in config.agents.items() if agent.policy == "oracle"]
    return frozenset(map(AgentId, oracles))


def build_arena(
    config: Config, engine: Engine, instructions: Mapping[AgentId, str]
) -> Arena | None:
    """Where agents play each other; None where they do not.

    `instructions` are the agents' system prompts.
    """
    plan = config.duels
    if not plan.pairings:
        return None

    scripts: dict[AgentId, Callable[[Request], str]] = {}
    for name, agent in config.agents.items():
        if agent.policy in SCRIPTS:
            scripts[AgentId(name)] = SCRIPTS[agent.policy]
    roles = {AgentId(name): agent.role for name, agent in config.learners.items()}
    choosers = alphastar(roles)
    choosers[MAIN] = plan.opponents.build(roles)

    rules = DuelRules(
        deals=plan.deals,
        repeats=plan.repeats,
        max_tokens=plan.max_tokens,
        temperature=config.teaching.temperature,
    )
    return Arena(
        room=DuelRunner(WithScripts(engine, scripts), GAMES, instructions, rules),
        matchmaker=DuelMatchmaker(plan.game, roles, choosers, list(scripts)),
        pairings=plan.pairings,
        rules=plan.rules_fraction,
    )


def check_cast(config: Config) -> None:
    """Raises UserError where an agent has nothing to do, or a game nobody to play it."""
    if not config.domains and not config.duels.pairings:
        raise UserError(
            "no [domains]: name at least one, such as mathematics, or let agents duel: "
            "[duels] pairings = 4"
        )
    if not config.learners:
        raise UserError("no [agents] learn: expected at least one with policy = 'model'")
    for name in config.agents:
        _check_agent(config, name)

    references = config.league.reference_matches
    matches = config.teaching.matches
    if config.domains and matches and references >= matches:
        raise UserError(
            f"[league] reference_matches = {references} leaves none of {matches} matches "
            "for learners; lower it"
        )
    roles = {agent.role for agent in config.learners.values()}
    if "exploiter" in roles and "main" not in roles:
        raise UserError(
            "[agents]: exploiters play main agents, and there is none; let one have role = 'main'"
        )


def _check_agent(config: Config, name: str) -> None:
    agent = config.agents[name]
    policy = f"[agents.{name}]: policy = {agent.policy!r}"
    has_duels = config.duels.pairings > 0
    if agent.policy == "oracle" and not agent.domains:
        raise UserError(
            f"{policy} without a domain teaches nothing; give it domain = '...'"
        )
    if agent.policy in SCRIPTS and not has_duels:
        raise UserError(f"{policy} {_NEEDS_DUELS}")
    if agent.policy in SCRIPTS and agent.domains:
        raise UserError(f"{policy} only duels; it cannot have a domain")
    if agent.policy in {"equilibrium", "always_bet"} and config.duels.game != "kuhn":
        raise UserError(f"{policy} plays kuhn, and [duels] game is {config.duels.game!r}")
    if agent.role != "main" and not has_duels:
        raise UserError(f"[agents.{name}]: role = {agent.role!r} {_NEEDS_DUELS}")


def _build_curriculum(part: PartConfig, config: Config) -> Curriculum:
    curriculum: Curriculum = part.build()
    threshold = config.league.unlock_threshold
    return UnlockLevels(curriculum, threshold) if threshold else curriculum


def _build_matchmaker(config: Config) -> Matchmaker:
    plan = config.league
    is_uniform = plan.teacher_selection.type == plan.curriculum.type == "uniform"
    # Where nothing is chosen, every pair meets equally often, which random draws would not give.
    if is_uniform and not plan.unlock_threshold and not plan.reference_matches:
        return RoundRobin()

    learners = frozenset(config.learner_ids)
    return CurriculumMatchmaker(
        curriculum=_build_curriculum(plan.curriculum, config),
        teacher_selection=plan.teacher_selection.build(),
        is_learner=learners.__contains__,
        reference_count=plan.reference_matches,
        oracles=find_oracles(config),
    )


def _build_population(config: Config) -> Population:
    plan = config.league
    replacement = None
    if plan.replace_every:
        replacement = Replacement(every=plan.replace_every, scale=plan.mutation)

    same_work: dict[tuple[str, ...], list[AgentId]] = defaultdict(list)
    for name, agent in config.learners.items():
        same_work[agent.role, *sorted(agent.domains)].append(AgentId(name))
    population = Population(
        snapshot_rule=_build_snapshot_rule(config),
        max_snapshots=plan.snapshots,
        reference_copies=plan.reference_matches > 0,
        reference_teachers=config.teaching.lesson_source == "initial_policy",
        replacement=replacement,
        rivals=[tuple(group) for group in same_work.values() if len(group) > 1],
    )
    population.add_founders(config.learner_ids)
    return population


def _build_snapshot_rule(config: Config) -> SnapshotRule:
    plan = config.league
    rules: list[SnapshotRule] = []
    if plan.snapshot_every:
        rules.append(EveryRounds(plan.snapshot_every))
    if plan.snapshot_margin:
        game = config.duels.game if config.duels.pairings else ""
        rules.append(WhenStronger(plan.snapshot_margin, game))
    if not rules:
        return Never()
    return rules[0] if len(rules) == 1 else AnyRule(rules)
