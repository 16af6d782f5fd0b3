"""From settings to values: the one place where names become behaviour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from logging import getLogger

import torch

from docendo.build.agents import answering, check_answerers, toolsets
from docendo.build.askers import (
    OWN,
    accepted_questions,
    build_pool,
    build_question_writer,
    check_askers,
)
from docendo.build.data import check_data, data_mixture, solved_problems
from docendo.build.domains import open_own_source
from docendo.build.endpoints import check_endpoints, routed
from docendo.build.evaluators import build_panel, check_evaluators, judging
from docendo.build.league import build_arena, build_league, check_cast, find_textbooks
from docendo.build.people import check_people
from docendo.config import AgentConfig, DomainConfig, ExpertsConfig, LearningConfig
from docendo.config.load import Config
from docendo.datasets.files import BadRow
from docendo.engines.local.autoselect import choose_device, choose_dtype, choose_kernels
from docendo.engines.local.base_model import load_base
from docendo.engines.local.engine import LocalEngine, open_engine
from docendo.engines.wrappers.progress import Worker
from docendo.engines.wrappers.router import Router
from docendo.engines.wrappers.tools import WithTools
from docendo.errors import UserError, suggestion
from docendo.humans.rating import RatingQueue
from docendo.interfaces import Deck, Engine, Source
from docendo.learning.update import PopulationLearner
from docendo.prompts import INSTRUCTION, with_tool_help
from docendo.records import BASE, AgentId, TaskType
from docendo.school import Audience, Expert, QuestionPhase, Schedule, School
from docendo.teaching.game import Classroom, TeachingRules

__all__ = [
    "Catalog",
    "build_school",
    "expert_rounds",
    "instruction_of",
    "open_local_engine",
    "read_catalog",
    "resolve_config",
]


@dataclass(frozen=True)
class Catalog:
    """The domains of a run, and what of each is taught."""

    sources: Mapping[str, Source]
    levels: Mapping[str, tuple[tuple[str, int], ...]]
    """(family, level) by domain."""
    quarantined: tuple[BadRow, ...] = ()

    @property
    def task_types(self) -> dict[str, tuple[TaskType, ...]]:
        """All that is taught of each domain."""
        return {
            d: tuple(TaskType(d, family, level) for family, level in some)
            for d, some in self.levels.items()
        }


def read_catalog(config: Config) -> Catalog:
    """Reads and checks the domains. Raises UserError for what is unknown, or taught to nobody or by nobody."""
    sources: dict[str, Source] = {}
    bad: list[BadRow] = []
    check_people(config)
    check_askers(config)
    for name, domain in config.domains.items():
        if "/" in name:
            raise UserError(
                f"[domains.{name!r}]: a domain's name has no '/', which parts domain and family"
            )
        own, rows = (
            open_own_source(config, name)
            if not domain.askers or OWN in domain.askers
            else (None, ())
        )
        bad += rows
        if domain.askers:
            own, rows = build_pool(config, name, own)
            bad += rows
        if own is not None:
            sources[name] = own
    courses = {
        name: _courses(sources[name], domain, name)
        for name, domain in config.domains.items()
    }
    _check_roles(config)
    return Catalog(sources, courses, tuple(bad))


def _courses(
    source: Source, domain: DomainConfig, name: str
) -> tuple[tuple[str, int], ...]:
    chosen = domain.families or {f: list(levels)[:1] for f, levels in source.levels.items()}
    found = []
    for family, levels in chosen.items():
        if family not in source.levels:
            raise UserError(
                f"[domains.{name}.families]: no family {family!r}{suggestion(family, source.levels)}"
            )
        for level in levels or source.levels[family]:
            if level not in source.levels[family]:
                has = ", ".join(map(str, source.levels[family]))
                raise UserError(
                    f"[domains.{name}.families] {family}: no level {level}; it has {has}"
                )
            found.append((family, level))
    return tuple(found)


def _check_roles(config: Config) -> None:
    check_cast(config)
    check_endpoints(config)
    check_answerers(config)
    check_evaluators(config)
    check_data(config)
    for name, agent in config.agents.items():
        for domain in (*agent.domains, *agent.practice_domains):
            if domain not in config.domains:
                raise UserError(
                    f"[agents.{name}]: no domain {domain!r}{suggestion(domain, config.domains)}"
                )
    for domain in config.domains:
        teachers = [n for n, a in config.agents.items() if domain in a.domains]
        students = [n for n in config.learners if n not in teachers]
        if not teachers:
            raise UserError(
                f"domain {domain!r} has no teacher: give an agent domain = {domain!r}"
            )
        if (
            config.teaching.matches
            and not students
            and not any(n != t for n in config.learners for t in teachers)
        ):
            raise UserError(
                f"domain {domain!r} has no student: {teachers[0]!r} is its only agent; add another agent"
            )


def resolve_config(config: Config) -> Config:
    """The settings with everything that is measured on this machine filled in, so that a resumed run repeats it."""
    device = choose_device(config.engine.device)
    dtype = choose_dtype(config.engine.dtype, device)
    kernels = choose_kernels(config.engine.kernels, device, dtype)
    engine = config.engine.model_copy(
        update={"device": device, "dtype": dtype, "kernels": kernels}
    )
    return config.model_copy(update={"engine": engine})


def open_local_engine(config: Config) -> LocalEngine:
    """The engine with a fresh adapter for every agent. `config` is resolved."""
    e = config.engine
    dtype, compiled = getattr(torch, e.dtype), e.kernels == "compiled"
    if e.trust_remote_code:
        warning = "engine.trust_remote_code is on: Python files that come with the model %s run with your rights"
        getLogger("docendo").warning(warning, config.model)
    device = torch.device(e.device)
    base = load_base(config.model, dtype, device, e.trust_remote_code)
    engine = open_engine(base, e.rank, e.alpha, dtype, device, compiled)
    engine.rows, engine.train_tokens = e.max_num_seqs, e.max_tokens_per_microbatch
    for name in config.learners:
        engine.bank.add(AgentId(name), config.seed)
    return engine


def build_school(
    config: Config, found: Catalog, engine: Worker, guests: RatingQueue | None = None
) -> School:
    learn, league = config.learning, build_league(config, found.task_types)
    hub = routed(engine, config)
    equipment = WithTools(hub, toolsets(config), engine.ids)
    player: Engine = equipment if equipment.toolsets else hub
    classroom = _classroom(config, found, player, equipment, league.problem_replay, guests)
    return School(
        experts=[_expert(n, config, found) for n in config.learners],
        classroom=classroom,
        league=league,
        reward=config.teaching.reward.build(),
        baseline=learn.baseline.build(),
        learner=_learner(learn, engine),
        sft_learner=_tutor(config.experts, engine),
        schedule=_schedule(config),
        adapters=engine,
        arena=build_arena(config, player, classroom.instructions),
        question_phase=_bureau(config, classroom, hub, found),
        audience=_audience(config),
    )


def instruction_of(agent: AgentConfig) -> str:
    """An agent's system prompt, without its tools; the usual one where its table says nothing."""
    return INSTRUCTION if agent.system_prompt is None else agent.system_prompt


def _classroom(
    config: Config,
    found: Catalog,
    player: Engine,
    equipment: WithTools,
    deck: Deck,
    guests: RatingQueue | None,
) -> Classroom:
    """Where answers are given and judged; `player` answers, with tools where there are any."""
    t, tools = config.teaching, equipment.toolsets
    instructions = {BASE: INSTRUCTION} | {
        AgentId(n): with_tool_help(
            instruction_of(a), tuple(tools[AgentId(n)].tools) if n in tools else ()
        )
        for n, a in config.agents.items()
    }
    panel = build_panel(
        config, {"judge": judging(config, equipment.engine, instructions)}, guests
    )
    return Classroom(
        engine=answering(player, config),
        sources=found.sources,
        evaluators=panel.domains,
        rules=TeachingRules(
            t.lessons,
            t.examples,
            t.attempts,
            t.control_attempts,
            t.control_shrinkage,
            t.max_tokens,
            t.temperature,
            t.gate,
        ),
        instructions=instructions,
        textbooks=find_textbooks(config),
        solved=solved_problems(config, found),
        deck=deck,
        tools=tools,
        counters=[
            panel.told,
            equipment.pop_metrics,
            *([hub.pop_metrics] if isinstance(hub := equipment.engine, Router) else []),
        ],
    )


def _expert(name: str, config: Config, found: Catalog) -> Expert:
    agent = config.agents[name]
    own, practised = (
        [k for d in some for k in found.task_types[d]]
        for some in (agent.domains, agent.practice_domains)
    )
    return Expert(AgentId(name), own, data_mixture(agent.data, config, found), practised)


def _bureau(
    config: Config, classroom: Classroom, engine: Engine, found: Catalog
) -> QuestionPhase | None:
    desk = build_question_writer(config, classroom, engine, found.task_types)
    if desk is None:
        return None
    study = {asker.agent: asker.sft_fraction for asker in desk.askers}
    return QuestionPhase(desk, accepted_questions(classroom.sources), study)


def _schedule(config: Config) -> Schedule:
    learn = config.learning
    amounts = learn.self_practice, learn.practice_attempts, learn.rehearsal, learn.imitation
    return Schedule(
        config.teaching.matches, config.league.refill, *amounts, learn.one_shot_fraction
    )


def _audience(config: Config) -> Audience:
    learn, learners = config.learning, [AgentId(n) for n in config.learners]
    strangers = {
        d: [AgentId(n) for n, a in config.learners.items() if d not in a.domains]
        for d in config.domains
    }
    homework = {
        "none": {},
        "self": {a: [a] for a in learners},
        "all": dict.fromkeys(learners, learners),
    }
    return Audience(
        strangers if learn.share_lessons == "all" else {}, homework[learn.share_solutions]
    )


def _learner(learn: LearningConfig, engine: Worker) -> PopulationLearner:
    return PopulationLearner(
        engine,
        policy_rate=learn.policy_lr,
        imitation_rate=learn.sft_lr,
        batch=learn.batch_size,
        loss=learn.loss.build(),
        epochs=learn.epochs,
    )


def _tutor(experts: ExpertsConfig, engine: Worker) -> Callable[[int], PopulationLearner]:
    rounds = expert_rounds(experts)

    def tutor(index: int) -> PopulationLearner:
        rate = experts.lr * (1 - 0.9 * index / max(1, rounds))
        return PopulationLearner(engine, rate, rate, experts.batch_size, purpose="experts")

    return tutor


def expert_rounds(experts: ExpertsConfig) -> int:
    """Rounds of `every` steps each."""
    return -(-experts.steps // experts.eval_every)
