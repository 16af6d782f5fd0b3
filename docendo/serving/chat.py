"""Chat completions as OpenAI's clients write and read them: a checked request, and the reply's documents."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from docendo.records import Message
from docendo.serving.api_errors import ApiError

__all__ = ["ChatRequest", "ChoiceDelta", "TokenUsage", "chunk", "completion", "read_chat"]

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_UNSUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "logprobs": (False,),
    "top_logprobs": (0,),
    "tools": ([],),
    "functions": ([],),
    "response_format": ({"type": "text"},),
    "logit_bias": ({},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "modalities": (["text"],),
    "audio": (),
}
"""Parameters that are not supported, with the values that ask for nothing."""
_MAX_CHOICES = 16
_MAX_STOPS = 4
_MAX_SEED = 2**63

_Table = Mapping[str, Any]


@dataclass(frozen=True)
class ChatRequest:
    """A client's request."""

    model: str
    messages: tuple[Message, ...]
    choices: int = 1
    max_tokens: int | None = None
    """None: the server's default."""
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these."""
    stream: bool = False
    usage: bool = False
    """Whether a stream ends with the token counts."""


class TokenUsage(NamedTuple):
    prompt_tokens: int
    completion_tokens: int

    @property
    def document(self) -> dict[str, int]:
        """The counts and their sum."""
        return {**self._asdict(), "total_tokens": sum(self)}


class ChoiceDelta(NamedTuple):
    """Some more text of a choice, or all of it."""

    choice: int
    text: str
    reason: str | None = None
    """The finish reason, ``stop`` or ``length``, with the last delta."""


def read_chat(body: bytes) -> ChatRequest:
    """The request in a body of JSON. Raises ApiError, 400, naming the parameter that is wrong."""
    # a body of thousands of brackets ends in RecursionError
    try:
        table = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not JSON") from error
    if not isinstance(table, dict):
        kind = type(table).__name__
        raise ApiError(400, f"the body is a JSON {kind}; expected an object")
    _check_supported(table)

    # The newer name of the limit wins where both are given.
    limit = "max_completion_tokens"
    if table.get(limit) is None:
        limit = "max_tokens"

    stream = bool(_typed(table, "stream", bool, False))
    stream_options = _typed(table, "stream_options", dict, {})
    wants_usage = bool(_typed(stream_options, "include_usage", bool, False))
    return ChatRequest(
        model=_encodable(_typed(table, "model", str, None), "model"),
        messages=_read_messages(table),
        choices=_integer(table, "n", 1, _MAX_CHOICES) or 1,
        max_tokens=_integer(table, limit, 1, 2**31),
        temperature=_number(table, "temperature", default=1.0, low=0, high=2),
        top_p=_number(table, "top_p", default=1.0, low=0, high=1),
        seed=_integer(table, "seed", -_MAX_SEED, _MAX_SEED),
        stop=_read_stops(table),
        stream=stream,
        usage=stream and wants_usage,
    )


def completion(
    name: str, model: str, choices: Sequence[ChoiceDelta], usage: TokenUsage
) -> dict[str, Any]:
    """The whole reply."""
    documents = []
    for choice in choices:
        message = {"role": "assistant", "content": choice.text, "refusal": None}
        documents.append(_choice_document(choice, "message", message))

    return {
        **_head(name, "chat.completion", model),
        "choices": documents,
        "usage": usage.document,
    }


def chunk(
    name: str,
    model: str,
    delta: ChoiceDelta | None,
    usage: TokenUsage | None = None,
    *,
    first: bool = False,
) -> str:
    """An event of a stream. The first of a choice names the role; without a delta, only counts."""
    choices = []
    if delta is not None:
        # clients join the contents; a last delta that only ends the choice has none
        content = {"content": delta.text} if delta.text or first else {}
        added = {"role": "assistant", **content} if first else content
        choices.append(_choice_document(delta, "delta", added))

    document = {**_head(name, "chat.completion.chunk", model), "choices": choices}
    if usage:
        document["usage"] = usage.document
    return f"data: {json.dumps(document)}\n\n"


def _choice_document(
    delta: ChoiceDelta, content_name: str, content: Mapping[str, str | None]
) -> dict[str, Any]:
    return {
        "index": delta.choice,
        content_name: content,
        "logprobs": None,
        "finish_reason": delta.reason,
    }


def _head(name: str, kind: str, model: str) -> dict[str, Any]:
    return {"id": name, "object": kind, "created": int(time.time()), "model": model}


def _refuse_constant(name: str) -> NoReturn:
    """For NaN and Infinity, which are no JSON."""
    raise ValueError(name)


def _check_supported(table: _Table) -> None:
    for name, harmless in _UNSUPPORTED.items():
        if table.get(name) is not None and table[name] not in harmless:
            raise ApiError(
                400, f"{name} is not supported here", "unsupported_parameter", name
            )


def _typed(table: _Table, name: str, kind: type, default: Any) -> Any:
    """The value of that type; the default where it is missing or null."""
    value = table.get(name)
    if value is None:
        if default is None:
            raise ApiError(400, f"{name} is missing", "missing_required_parameter", name)
        return default
    if not isinstance(value, kind):
        raise _wrong_value(name, f"a {kind.__name__}", value)
    return value


def _wrong_value(name: str, expected: str, value: object) -> ApiError:
    is_number = isinstance(value, int | float | bool)
    description = repr(value) if is_number else f"a {type(value).__name__}"
    return ApiError(
        400, f"{name}: expected {expected}, got {description}", "invalid_value", name
    )


def _integer(table: _Table, name: str, low: int, high: int) -> int | None:
    value = table.get(name)
    if value is None:
        return None
    # True is an int too
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or not low <= value <= high:
        raise _wrong_value(name, f"an integer from {low} to {high}", value)
    return int(value)


def _number(table: _Table, name: str, *, default: float, low: float, high: float) -> float:
    value = table.get(name)
    if value is None:
        return default
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise _wrong_value(name, f"a number from {low} to {high}", value)
    return float(value) if math.isfinite(value) else default


def _read_stops(table: _Table) -> tuple[str, ...]:
    value = table.get("stop")
    if value is None:
        return ()

    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > _MAX_STOPS:
        raise _wrong_value("stop", f"a text or up to {_MAX_STOPS} of them", value)
    for text in texts:
        # an empty text would end every answer before it begins
        if not isinstance(text, str) or not text:
            raise _wrong_value("stop", "texts that are not empty", text)
    return tuple(_encodable(text, "stop") for text in texts)


def _read_messages(table: _Table) -> tuple[Message, ...]:
    entries = _typed(table, "messages", list, None)
    if not entries:
        raise ApiError(
            400, "messages is empty; expected at least one", "invalid_value", "messages"
        )
    return tuple(_read_message(entry, f"messages[{i}]") for i, entry in enumerate(entries))


def _read_message(entry: object, where: str) -> Message:
    if not isinstance(entry, dict):
        raise _wrong_value(where, "an object", entry)
    role = entry.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        roles = ", ".join(_ROLES)
        raise ApiError(
            400, f"{where}.role: expected one of {roles}", "invalid_value", where
        )

    content = entry.get("content")
    if isinstance(content, list):
        parts = []
        for i, part in enumerate(content):
            parts.append(_read_part(part, f"{where}.content[{i}]"))
        content = "".join(parts)
    if not isinstance(content, str):
        raise _wrong_value(f"{where}.content", "a text", content)
    return Message(_ROLES[role], _encodable(content, where))  # type: ignore[arg-type]


def _read_part(part: object, where: str) -> str:
    if isinstance(part, dict) and part.get("type") == "text":
        text = part.get("text")
        if isinstance(text, str):
            return text
    raise ApiError(
        400,
        f"{where}: expected a part of type text; nothing else can be read here",
        "invalid_value",
        where,
    )


def _encodable(text: str, where: str) -> str:
    """The text. Raises ApiError, 400, for half a surrogate pair, which has no UTF-8."""
    # JSON may hold one as \ud800, and the tokenizer would fail on it in a worker's thread
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ApiError(
            400, f"{where} holds half a character", "invalid_value", where
        ) from error
    return text
