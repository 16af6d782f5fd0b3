"""From settings to a school: the values that the training loop works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from docendo.backend import Backend
from docendo.build.agents import build_toolsets, with_sampling_params
from docendo.build.askers import accepted_questions, build_question_writer
from docendo.build.data import build_data_mixture, draw_solved_problems
from docendo.build.endpoints import with_endpoints
from docendo.build.evaluators import build_panel, judge_models
from docendo.build.league import build_arena, build_league, find_oracles
from docendo.build.parts import Parts
from docendo.build.recipients import build_recipients
from docendo.config import AgentConfig, ExpertsConfig, TeachingConfig
from docendo.config.load import Config
from docendo.engines.remote.labels import EndpointLabeller
from docendo.engines.remote.openai import Endpoint
from docendo.engines.wrappers.answers import CompletionCounts, WithAnswers
from docendo.engines.wrappers.progress import Notify, WithProgress
from docendo.engines.wrappers.router import Router
from docendo.engines.wrappers.tools import WithTools
from docendo.humans.rating import RatingQueue
from docendo.interfaces import Engine, Reward
from docendo.league.problem_replay import ProblemReplay
from docendo.learning.rewards import needs_dense_gain
from docendo.learning.update import PopulationLearner
from docendo.parts import as_part
from docendo.problems.catalog import Catalog
from docendo.prompts import INSTRUCTION, with_tool_help
from docendo.records import BASE, AgentId, MetricValues, TaskType
from docendo.school import Expert, Labelling, QuestionPhase, Schedule, School, SFTData
from docendo.sft_data import build_examples
from docendo.teaching.classroom import Classroom, LessonOptions, TeachingRules
from docendo.tools.calls import Toolset

__all__ = [
    "build_school",
    "build_teaching_rules",
    "count_expert_rounds",
    "measures_dense_gain",
    "system_prompt_of",
]


class _Engines(NamedTuple):
    """Two views of one engine, with endpoints behind it."""

    player: Engine
    """With tools in agents' hands."""
    plain: Engine
    """Without: judges and askers are its."""
    toolsets: Mapping[AgentId, Toolset]
    endpoints: Mapping[AgentId, Endpoint]
    metric_sources: Sequence[Callable[[], MetricValues]]


def build_school(
    config: Config,
    catalog: Catalog,
    backend: Backend,
    ratings: RatingQueue | None = None,
    parts: Parts | None = None,
    notify: Notify | None = None,
) -> School:
    """The school that a config describes. `parts` replace what the config says.

    `notify` hears of every batch that is sampled and every step that is trained.
    """
    python_parts = parts or Parts()
    league = build_league(config, catalog.task_types)
    league = python_parts.fill_league(league)

    engines = _build_engines(config, backend, notify)
    classroom = _build_classroom(config, catalog, engines, league.problem_replay, ratings)
    classroom = python_parts.fill_classroom(classroom)
    reward = python_parts.reward or config.teaching.reward.build()
    if measures_dense_gain(config.teaching, reward):
        classroom = replace(classroom, scorer=backend)
    return School(
        experts=[_build_expert(name, config, catalog) for name in config.learners],
        classroom=classroom,
        league=league,
        reward=reward,
        baseline=python_parts.baseline or config.learning.baseline.build(),
        learner=_build_learner(config, backend, python_parts, notify),
        sft_learner=_build_sft_learner(config.experts, backend, notify),
        schedule=_build_schedule(config),
        sft_data=python_parts.sft_data or _build_sft_data(config),
        backend=backend,
        arena=build_arena(config, engines.player, classroom.instructions),
        question_phase=_build_question_phase(config, classroom, engines.plain, catalog),
        labels=_build_labels(config, engines.endpoints, backend),
        recipients=build_recipients(config),
    )


def system_prompt_of(agent: AgentConfig) -> str:
    """An agent's system prompt, without its tools; the default where its table has none."""
    return INSTRUCTION if agent.system_prompt is None else agent.system_prompt


def measures_dense_gain(teaching: TeachingConfig, reward: Reward | None = None) -> bool:
    """Whether lessons are scored: where they are chosen, or where the reward asks for it."""
    return teaching.chooses_lessons or needs_dense_gain(reward or teaching.reward.build())


def count_expert_rounds(experts: ExpertsConfig) -> int:
    """Supervised rounds of the first stage, `eval_every` steps each."""
    return -(-experts.steps // experts.eval_every)


def _build_engines(config: Config, backend: Backend, notify: Notify | None) -> _Engines:
    engine: Engine = backend
    if notify:
        engine = WithProgress(backend, notify, config.engine.max_num_seqs)
    router = with_endpoints(engine, config)
    with_tools = WithTools(router, build_toolsets(config), backend.ids)

    counts = CompletionCounts()
    sources: list[Callable[[], MetricValues]] = [with_tools.pop_metrics]
    if isinstance(router, Router):
        sources.append(router.pop_metrics)
    sources.append(counts.pop_metrics)

    thinking = config.engine.thinking
    # around the tools, which a model may call while it thinks
    plain = WithAnswers(router, thinking, counts)
    player = WithAnswers(with_tools, thinking, counts)
    toolsets = with_tools.toolsets
    routes = router.routes if isinstance(router, Router) else {}
    return _Engines(player if toolsets else plain, plain, toolsets, routes, sources)


def _build_classroom(
    config: Config,
    catalog: Catalog,
    engines: _Engines,
    problem_replay: ProblemReplay,
    ratings: RatingQueue | None,
) -> Classroom:
    """Where answers are given and graded."""
    system_prompts = {BASE: INSTRUCTION}
    for name, agent in config.agents.items():
        toolset = engines.toolsets.get(AgentId(name))
        tools = tuple(toolset.tools) if toolset else ()
        system_prompts[AgentId(name)] = with_tool_help(system_prompt_of(agent), tools)

    models = judge_models(config, engines.plain, system_prompts)
    panel = build_panel(config, models, ratings)
    return Classroom(
        engine=with_sampling_params(engines.player, config),
        sources=catalog.sources,
        evaluators=panel.by_domain,
        rules=build_teaching_rules(config),
        instructions=system_prompts,
        oracles=find_oracles(config),
        solved_problems=draw_solved_problems(config, catalog),
        problem_replay=problem_replay,
        tools=engines.toolsets,
        metric_sources=[panel.pop_metrics, *engines.metric_sources],
    )


def build_teaching_rules(config: Config) -> TeachingRules:
    """The rules of the teaching game, from its settings."""
    teaching = config.teaching
    return TeachingRules(
        lessons=teaching.lessons,
        examples=teaching.examples,
        attempts=teaching.attempts,
        control_attempts=teaching.control_attempts,
        control_shrinkage=teaching.control_shrinkage,
        max_tokens=teaching.max_tokens,
        temperature=teaching.temperature,
        gate=teaching.gate,
        candidates=teaching.candidates,
        options=LessonOptions(
            correction=teaching.correction,
            diverse=teaching.example_choice == "diverse",
            growing_hints=teaching.growing_hints,
            show_record=teaching.show_record,
        ),
    )


def _build_expert(name: str, config: Config, catalog: Catalog) -> Expert:
    agent = config.agents[name]
    return Expert(
        agent=AgentId(name),
        task_types=_task_types_of(agent.domains, catalog),
        data_mixture=build_data_mixture(agent.data, config, catalog),
        practice_task_types=_task_types_of(agent.practice_domains, catalog),
    )


def _task_types_of(domains: list[str], catalog: Catalog) -> list[TaskType]:
    return [task_type for domain in domains for task_type in catalog.task_types[domain]]


def _build_question_phase(
    config: Config, classroom: Classroom, engine: Engine, catalog: Catalog
) -> QuestionPhase | None:
    writer = build_question_writer(config, classroom, engine, catalog.task_types)
    if writer is None:
        return None
    sft_fraction = {asker.agent: asker.sft_fraction for asker in writer.askers}
    return QuestionPhase(writer, accepted_questions(classroom.sources), sft_fraction)


def _build_schedule(config: Config) -> Schedule:
    learning = config.learning
    return Schedule(
        matches=config.teaching.matches,
        resample_zero_variance=config.league.resample_zero_variance,
        practice=learning.self_practice,
        practice_attempts=learning.practice_attempts,
        rehearsal=learning.rehearsal,
        imitation=learning.imitation,
        one_shot_fraction=learning.one_shot_fraction,
        rehearsal_one_shot_fraction=learning.rehearsal_one_shot_fraction,
    )


def _build_sft_data(config: Config) -> SFTData:
    part = config.learning.sft_data
    return part.build() if part else build_examples


def _build_labels(
    config: Config, endpoints: Mapping[AgentId, Endpoint], backend: Backend
) -> Labelling | None:
    part = config.learning.labels
    if part is None:
        return None

    labellers = {}
    for name, agent in config.guests.items():
        if agent.endpoint and config.endpoints[agent.endpoint].labels:
            labellers[AgentId(name)] = EndpointLabeller(
                endpoints[AgentId(name)], backend.ids
            )
    labelling: Labelling = part.build(labellers)
    return labelling


def _build_learner(
    config: Config, backend: Backend, python_parts: Parts, notify: Notify | None
) -> PopulationLearner:
    learning = config.learning
    return PopulationLearner(
        backend,
        policy_lr=learning.policy_lr,
        sft_lr=learning.sft_lr,
        batch_size=learning.batch_size,
        loss=as_part(python_parts.loss) if python_parts.loss else learning.loss,
        epochs=learning.epochs,
        measures_kl=learning.measure_kl,
        base_kl_weight=learning.sft_kl_weight,
        weight_decay=learning.weight_decay,
        notify=notify,
    )


def _build_sft_learner(
    experts: ExpertsConfig, backend: Backend, notify: Notify | None
) -> Callable[[int], PopulationLearner]:
    """The learner of each supervised round: the learning rate falls linearly to a tenth."""
    rounds = count_expert_rounds(experts)

    def learner_of(round_index: int) -> PopulationLearner:
        lr = experts.lr * (1 - 0.9 * round_index / max(1, rounds))
        return PopulationLearner(
            backend,
            policy_lr=lr,
            sft_lr=lr,
            batch_size=experts.batch_size,
            weight_decay=experts.weight_decay,
            purpose="experts",
            notify=notify,
        )

    return learner_of
