"""What an evaluator may know of its run when it is built, and how graders become evaluators."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any

from docendo.errors import UserError
from docendo.graders.answer import per_answer
from docendo.interfaces import Engine, Evaluator
from docendo.records import FAILED, AgentId, Answer, Verdict
from docendo.sandbox.rewards import (
    Row,
    Score,
    build_scorer,
    describe_answer,
    is_reward,
    read_score,
    wait_for,
)

__all__ = ["EvaluatorContext", "JudgeModels", "as_evaluator", "ask_scorer"]


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
    """The evaluator in what a part built: an evaluator, a grader ``(problem, text)``, or a reward function.

    A grader may return its score alone instead of a `Verdict`. Reward functions and rubrics are
    those of `docendo.sandbox.rewards`. All may be async. Raises UserError for anything else.
    """
    if is_reward(part):
        scorer = build_scorer(part)
        return partial(ask_scorer, scorer, scorer.batched, name)
    # By its parameters: a function of a user's own has no other mark.
    count = _count_positional(part)
    if count == 1:
        evaluator: Evaluator = part
        is_async = iscoroutinefunction(part) or iscoroutinefunction(type(part).__call__)
        return (lambda answers: wait_for(part(answers))) if is_async else evaluator
    if count != 2:
        raise UserError(
            f"{name}: expected grade(problem, text), an evaluator of a list of answers or "
            f"a reward function, got a {type(part).__name__}"
        )
    return per_answer(
        lambda problem, text: _to_verdict(read_score(wait_for(part(problem, text))), name)
    )


def ask_scorer(
    scorer: Callable[[Sequence[Row]], Sequence[Score]],
    batched: bool,
    name: str,
    answers: Sequence[Answer],
) -> list[Verdict]:
    """One verdict per answer, in order; a `batched` scorer compares them all at once."""

    def ask(*rows: Row) -> list[Verdict]:
        return [_to_verdict(score, name) for score in scorer(rows)]

    if batched and len(answers) > 1:
        # Where it fails on all at once, each answer is asked about alone, and fails alone.
        with suppress(Exception):
            return ask(*[describe_answer(a.problem, a.text) for a in answers])
    return per_answer(lambda problem, text: ask(describe_answer(problem, text))[0])(answers)


def _to_verdict(read: Score, name: str) -> Verdict:
    score, reason = read
    if score is None:
        return Verdict(0.0, f"{FAILED}{reason}")
    return Verdict(score, reason or f"by {name}")


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
