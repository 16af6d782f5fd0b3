"""From the settings of evaluators to the evaluator of each domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docendo.build.people import build_person
from docendo.config.load import Config
from docendo.errors import UserError, suggestion
from docendo.graders.context import EvaluatorContext, JudgeModels, as_evaluator
from docendo.graders.ground_truth import ground_truth_evaluator
from docendo.graders.patterns import with_pattern
from docendo.graders.stats import WithStats
from docendo.humans.rating import RatingQueue
from docendo.humans.simulated import PersonEvaluatorConfig
from docendo.interfaces import Engine, Evaluator
from docendo.judges.judge import JudgeConfig
from docendo.records import BASE, AgentId, Answer

__all__ = [
    "EvaluatorPanel",
    "build_evaluator",
    "build_panel",
    "check_evaluators",
    "judge_models",
]

_MAX_BYTES_PER_TOKEN = 12
"""Three times as many as in English text; a judge does not read longer answers."""
_MAX_ANSWER_BYTES = 2000


@dataclass(frozen=True)
class EvaluatorPanel:
    """The evaluators of a run, and what each said so far."""

    by_domain: Mapping[str, Evaluator]
    by_name: Mapping[str, WithStats]

    def pop_metrics(self) -> dict[str, float]:
        """Counts of every evaluator since the last call."""
        metrics: dict[str, float] = {}
        for name, evaluator in self.by_name.items():
            for metric, value in evaluator.pop_metrics().items():
                metrics[f"evaluator/{name}/{metric}"] = value
        return metrics


def check_evaluators(config: Config) -> None:
    """Raises UserError for an evaluator that is unknown or made of itself, and for an unknown judge."""
    for name, domain in config.domains.items():
        if domain.evaluator is not None and domain.evaluator not in config.evaluators:
            hint = suggestion(domain.evaluator, config.evaluators)
            raise UserError(
                f"[domains.{name}] evaluator: no evaluator {domain.evaluator!r}{hint}"
            )

    for name, part in config.evaluators.items():
        _check_members(config, name, ())
        if isinstance(part, JudgeConfig):
            try:
                _find_judges(config, part.model)
            except UserError as error:
                raise UserError(f"[evaluators.{name}] {error}") from error
        if isinstance(part, PersonEvaluatorConfig):
            build_person(config, part.person, f"[evaluators.{name}] person")


def _check_members(config: Config, name: str, above: tuple[str, ...]) -> None:
    path = (*above, name)
    if name in above:
        raise UserError(f"[evaluators.{path[0]}]: is made of itself: {' of '.join(path)}")
    for member in getattr(config.evaluators[name], "members", ()):
        if member not in config.evaluators:
            hint = suggestion(member, config.evaluators)
            raise UserError(f"[evaluators.{name}] members: no evaluator {member!r}{hint}")
        _check_members(config, member, path)


def build_panel(
    config: Config,
    models: JudgeModels | None = None,
    ratings: RatingQueue | None = None,
) -> EvaluatorPanel:
    """An evaluator for each domain; the ground truth where the domain names none.

    Raises UserError for what is unknown, or not installed on this machine.
    """
    check_evaluators(config)
    builder = _PanelBuilder(config, models, ratings or RatingQueue())
    by_domain: dict[str, Evaluator] = {}
    for name, domain in config.domains.items():
        if domain.evaluator:
            by_domain[name] = builder.find(domain.evaluator)
        else:
            by_domain[name] = ground_truth_evaluator()
    return EvaluatorPanel(by_domain, builder.built)


@dataclass
class _PanelBuilder:
    config: Config
    models: JudgeModels | None
    ratings: RatingQueue
    built: dict[str, WithStats] = field(default_factory=dict)

    def find(self, name: str) -> Evaluator:
        """The evaluator of this name, built once."""
        if name not in self.built:
            part = self.config.evaluators[name]
            context = EvaluatorContext(
                find=self.find,
                applies=self._applies,
                find_person=lambda person: build_person(self.config, person, "person"),
                models=self.models,
                ratings=self.ratings,
            )
            try:
                evaluator = as_evaluator(part.build(context), part.type)
            except UserError as error:
                # a member's error names the member already
                where = "" if str(error).startswith("[") else f"[evaluators.{name}]: "
                raise UserError(f"{where}{error}") from error
            pattern = getattr(part, "answer_pattern", None)
            truth = with_pattern(ground_truth_evaluator(), pattern)
            self.built[name] = WithStats(evaluator, truth)
        return self.built[name]

    def _applies(self, name: str, answer: Answer) -> bool:
        """True for parts that have no rule of their own."""
        rule = getattr(self.config.evaluators[name], "applies", None)
        return not callable(rule) or bool(rule(answer))


def build_evaluator(config: Config, name: str | None) -> Evaluator:
    """An evaluator without an engine and without people; the ground truth for None.

    Raises UserError where it needs one of them.
    """
    if name is None:
        return ground_truth_evaluator()
    return _PanelBuilder(config, None, RatingQueue()).find(name)


def judge_models(
    config: Config, engine: Engine, system_prompts: Mapping[AgentId, str]
) -> JudgeModels:
    """The models of a run, for evaluators that ask one."""
    experts: dict[str, list[AgentId]] = {domain: [] for domain in config.domains}
    token_limits = [config.teaching.max_tokens]
    for name, agent in config.agents.items():
        token_limits.append(agent.max_tokens or 0)
        for domain in agent.domains:
            if domain in experts:
                experts[domain].append(AgentId(name))

    max_bytes = min(_MAX_ANSWER_BYTES, _MAX_BYTES_PER_TOKEN * max(token_limits))
    return JudgeModels(
        engine=engine,
        find=lambda model: _find_judges(config, model),
        experts=experts,
        system_prompts=system_prompts,
        max_tokens=config.teaching.max_tokens,
        max_answer_bytes=max_bytes,
    )


def _find_judges(config: Config, model: str) -> list[AgentId]:
    if model == "population":
        return config.learner_ids
    endpoints = [f"endpoint:{name}" for name in config.endpoints]
    models = [BASE, *config.agents, *endpoints]
    if model not in models:
        hint = suggestion(model, ["population", *models])
        raise UserError(f"model: no judge {model!r}{hint}")
    return [AgentId(model)]
