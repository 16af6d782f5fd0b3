"""How a function that scores answers is called: as its parameters say.

A function of docendo's own form gets (question, answer, text). A reward function of TRL gets lists,
``(prompts, completions, **columns)``. One of verifiers gets ``(completion, answer, **kwargs)``, and a
rubric is several of them. All may be async.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from numbers import Real
from types import SimpleNamespace
from typing import Any

from docendo.errors import UserError, suggestion
from docendo.records import Problem

__all__ = [
    "Row",
    "Score",
    "Scorer",
    "build_scorer",
    "describe_answer",
    "is_reward",
    "read_score",
    "wait_for",
]

_MAX_TEXT = 300
_SIGNATURE = "grade(question, answer, text)"
_MESSAGE_ERRORS = (TypeError, AttributeError, KeyError, IndexError)
"""What a function raises that reads a text as a list of messages, or a list as a text."""
_GROUP_MARKS = {"completions", "states"}
_MARKS = {"completion", "state", "trace", *_GROUP_MARKS}

Row = Mapping[str, Any]
"""An answer and the fields of its problem, as `describe_answer` gives them."""
Score = tuple[float | None, str]
"""From 0 to 1, and why; None where there is none, with what was got instead."""


@dataclass(frozen=True)
class Scorer:
    """A user's function or rubric, called with answers."""

    function: Any
    call: Callable[[Any, Sequence[Row]], Sequence[Any]]
    batched: bool
    """Whether it may compare the answers that it gets at once."""

    def __call__(self, rows: Sequence[Row]) -> list[Score]:
        """The score of each answer. Raises whatever the function raises."""
        values = list(self.call(self.function, rows))
        if len(values) != len(rows):
            raise ValueError(f"expected {len(rows)} scores, got {len(values)}")
        return [read_score(value) for value in values]


def build_scorer(function: Any) -> Scorer:
    """Raises UserError where its parameters are those of no form."""
    if hasattr(function, "funcs"):
        return Scorer(function, _ask_rubric, batched=True)
    if is_reward(function):
        _check_arguments(function)
        return Scorer(function, _ask_reward, batched=_is_group(function))
    try:
        inspect.signature(function).bind("", "", "")
    except TypeError as error:
        raise UserError(f"expected {_SIGNATURE} or a reward function: {error}") from error
    return Scorer(function, _ask_grader, batched=False)


def is_reward(function: Any) -> bool:
    """Whether it is a reward function of TRL or verifiers, or a rubric."""
    return hasattr(function, "funcs") or bool(_MARKS & set(_parameters(function)))


def describe_answer(problem: Problem, text: str) -> dict[str, Any]:
    """What a function may ask for: the answer's text, and all fields of its problem."""
    return {**asdict(problem), "text": text}


def wait_for(value: Any) -> Any:
    """What an async function comes to; any other value is itself."""
    if not inspect.isawaitable(value):
        return value

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())


def read_score(value: Any) -> Score:
    """A number of any library, or such a number and a reason."""
    reason: object = ""
    score = value
    if isinstance(value, tuple) and len(value) == 2:
        score, reason = value
    # NumPy's and torch's numbers are arrays without axes.
    score = score.item() if hasattr(score, "item") else score
    number = float(score) if isinstance(score, Real | Decimal) else -1.0
    if 0 <= number <= 1:
        return number, str(reason)[:_MAX_TEXT]
    return None, f"expected a score from 0 to 1, got {value!r}"[:_MAX_TEXT]


def _ask_grader(function: Any, rows: Sequence[Row]) -> list[Any]:
    return [wait_for(function(row["prompt"], row["answer"], row["text"])) for row in rows]


def _ask_reward(function: Any, rows: Sequence[Row], **objects: Any) -> list[Any]:
    # Whether it reads texts or lists of messages no signature says: it is tried.
    try:
        return _ask_with(function, rows, objects, lambda role, text: text)
    except _MESSAGE_ERRORS as error:
        try:
            return _ask_with(function, rows, objects, _write_messages)
        except _MESSAGE_ERRORS:
            raise error from None


def _ask_rubric(rubric: Any, rows: Sequence[Row]) -> list[float]:
    """The mean of the functions' scores by the rubric's weights; those below 0 take away."""
    objects: dict[str, Any] = {}
    for part in (rubric, *getattr(rubric, "rubrics", ())):
        objects |= getattr(part, "class_objects", {})
    # A group of rubrics has the functions of its members.
    functions = getattr(rubric, "_get_reward_funcs", lambda: rubric.funcs)()
    weights = getattr(rubric, "_get_reward_weights", lambda: rubric.weights)()

    totals = [0.0] * len(rows)
    for function, weight in zip(functions, weights, strict=True):
        for place, score in enumerate(_ask_reward(function, rows, **objects)):
            totals[place] += weight * float(score)
    scale = sum(max(0.0, weight) for weight in weights) or 1.0
    return [min(1.0, max(0.0, total / scale)) for total in totals]


def _ask_with(
    function: Any, rows: Sequence[Row], objects: Row, write: Callable[[str, str], Any]
) -> list[Any]:
    described = [_name_arguments(row, write) for row in rows]
    if not _is_group(function):
        return [_call(function, {**arguments, **objects}) for arguments in described]

    columns = {}
    for name in described[0] if described else ():
        # TRL calls a column by its name, verifiers in the plural.
        columns[name] = columns[f"{name}s"] = [row[name] for row in described]
    return list(_call(function, {**columns, **objects}))


def _name_arguments(row: Row, write: Callable[[str, str], Any]) -> dict[str, Any]:
    """The arguments that reward functions know an answer and its problem by."""
    prompt = write("user", row["prompt"])
    completion = write("assistant", row["text"])
    named = {
        **row,
        "question": row["prompt"],
        "ground_truth": row["answer"],
        "solution": row["solution"] or row["answer"],
        "prompt": prompt,
        "completion": completion,
        "task": row["domain"],
        "info": row,
        "trace": SimpleNamespace(last_reply=row["text"]),
    }
    return {**named, "state": named}


def _write_messages(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def _call(function: Any, arguments: Row) -> Any:
    parameters = _parameters(function)
    # In verifiers 0.4 a task is the row, and not its name.
    if "trace" in parameters:
        arguments = {**arguments, "task": SimpleNamespace(**arguments["info"])}
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        arguments = {name: arguments[name] for name in parameters if name in arguments}
    return wait_for(function(**arguments))


def _check_arguments(function: Any) -> None:
    fields = dict.fromkeys(("text", *Problem.__dataclass_fields__), "")
    known = set(_name_arguments(fields, lambda role, text: text))
    if _is_group(function):
        known |= {f"{name}s" for name in known}
    for name, parameter in _parameters(function).items():
        is_named = parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        )
        if is_named and parameter.default is parameter.empty and name not in known:
            raise UserError(f"it asks for {name!r}{suggestion(name, known)}")


def _is_group(function: Any) -> bool:
    return bool(_GROUP_MARKS & set(_parameters(function)))


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
