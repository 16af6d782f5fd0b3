"""What an evaluator may know of its run when it is built, and how graders become evaluators."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from docendo.errors import UserError
from docendo.graders.answer import per_answer
from docendo.interfaces import Engine, Evaluator
from docendo.records import AgentId, Answer, Problem, Verdict

__all__ = ["EvaluatorContext", "JudgeModels", "as_evaluator"]


@dataclass(frozen=True)
class JudgeModels:
    """The models of a run, for evaluators that ask one."""

    engine: Engine
    find: Callable[[str], Sequence[AgentId]]
    """The agents that a name stands for. Raises UserError for an unknown name."""
    experts: Mapping[str, Collection[AgentId]]
    """By domain."""
    system_prompts: Mapping[AgentId, str]
    max_tokens: int
    """Tokens of an answer that a judge gives itself."""
    max_answer_bytes: int
    """Bytes of an answer that a judge reads, so that it always fits the context."""


@dataclass(frozen=True)
class EvaluatorContext:
    """What an evaluator's part gets when it is built."""

    find: Callable[[str], Evaluator]
    """Another evaluator of [evaluators] by name. Each is built once."""
    applies: Callable[[str, Answer], bool]
    """Whether the evaluator of a name can say anything about an answer's problem."""
    find_person: Callable[[str], Any]
    """A simulated person of the run by name. Raises UserError for an unknown one."""
    models: JudgeModels | None = None
    """None where evaluators are built without an engine."""
    ratings: Any = None
    """The run's `docendo.humans.rating.RatingQueue`."""


def as_evaluator(part: Any, name: str) -> Evaluator:
    """The evaluator in what a part built: an evaluator, or a grader ``(problem, text)``.

    A grader may return its score alone instead of a `Verdict`. Raises UserError for anything else.
    """
    # By its parameters: a function of a user's own has no other mark.
    count = _count_positional(part)
    if count == 1:
        evaluator: Evaluator = part
        return evaluator
    if count != 2:
        raise UserError(
            f"{name}: expected grade(problem, text) or an evaluator of a list of answers, "
            f"got a {type(part).__name__}"
        )

    def grade(problem: Problem, text: str) -> Verdict:
        result = part(problem, text)
        if isinstance(result, int | float):
            return Verdict(float(result), f"by {name}")
        score, reason = result
        return Verdict(score, reason)

    return per_answer(grade)


def _count_positional(part: Any) -> int | None:
    """How many arguments a callable must be given by position; None for anything else."""
    try:
        parameters = signature(part).parameters.values()
    except (TypeError, ValueError):
        return None

    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    required = [
        p for p in parameters if p.kind in positional and p.default is Parameter.empty
    ]
    return len(required)
