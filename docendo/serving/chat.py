"""Chat completions as OpenAI's clients write and read them: a checked request, and the documents of the reply."""

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
_OFF: Mapping[str, tuple[Any, ...]] = {
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
"""What cannot be done here, with the values that ask for nothing."""
_MOST_CHOICES, _MOST_STOPS = 16, 4
_MOST_SEED = 2**63


@dataclass(frozen=True)
class ChatRequest:
    """What a client wants."""

    model: str
    messages: tuple[Message, ...]
    choices: int = 1
    max_tokens: int | None = None
    """None: what is usual here."""
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these."""
    stream: bool = False
    usage: bool = False
    """Whether a stream ends with the counts."""


class TokenUsage(NamedTuple):
    prompt_tokens: int
    completion_tokens: int

    @property
    def document(self) -> dict[str, int]:
        """The counts and their sum."""
        return {**self._asdict(), "total_tokens": sum(self)}


class ChoiceDelta(NamedTuple):
    """Some more of an answer, or all of it."""

    choice: int
    text: str
    reason: str | None = None
    """``stop`` or ``length`` with the last."""


def read_chat(body: bytes) -> ChatRequest:
    """The request in a body of JSON. Raises ApiError, 400, naming the parameter that is wrong."""
    try:
        given = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not JSON") from error
    if not isinstance(given, dict):
        raise ApiError(400, f"the body is a JSON {type(given).__name__}; wanted an object")
    for name, none in _OFF.items():
        if given.get(name) is not None and given[name] not in none:
            raise ApiError(
                400, f"{name} is not supported here", "unsupported_parameter", name
            )
    options = _of(given, "stream_options", dict, {})
    most = (
        "max_completion_tokens"
        if given.get("max_completion_tokens") is not None
        else "max_tokens"
    )
    stream = bool(_of(given, "stream", bool, False))
    return ChatRequest(
        model=_text(_of(given, "model", str, None), "model"),
        messages=_messages(given),
        choices=_integer(given, "n", 1, _MOST_CHOICES) or 1,
        max_tokens=_integer(given, most, 1, 2**31),
        temperature=_number(given, "temperature", 1.0, 0, 2),
        top_p=_number(given, "top_p", 1.0, 0, 1),
        seed=_integer(given, "seed", -_MOST_SEED, _MOST_SEED),
        stop=_stops(given),
        stream=stream,
        usage=stream and bool(_of(options, "include_usage", bool, False)),
    )


def completion(
    name: str, model: str, pieces: Sequence[ChoiceDelta], usage: TokenUsage
) -> dict[str, Any]:
    """The whole reply."""
    choices = [
        {
            "index": p.choice,
            "message": {"role": "assistant", "content": p.text, "refusal": None},
            "logprobs": None,
            "finish_reason": p.reason,
        }
        for p in pieces
    ]
    return {
        **_head(name, "chat.completion", model),
        "choices": choices,
        "usage": usage.document,
    }


def chunk(
    name: str,
    model: str,
    piece: ChoiceDelta | None,
    usage: TokenUsage | None = None,
    *,
    first: bool = False,
) -> str:
    """An event of a stream: the first of a choice names the role; without a piece there are only counts."""
    choices = []
    if piece is not None:
        delta = (
            {"role": "assistant", "content": piece.text}
            if first
            else {"content": piece.text}
            if piece.text
            else {}
        )
        choices = [
            {
                "index": piece.choice,
                "delta": delta,
                "logprobs": None,
                "finish_reason": piece.reason,
            }
        ]
    document = {**_head(name, "chat.completion.chunk", model), "choices": choices}
    document |= {"usage": usage.document} if usage else {}
    return f"data: {json.dumps(document)}\n\n"


def _head(name: str, kind: str, model: str) -> dict[str, Any]:
    return {"id": name, "object": kind, "created": int(time.time()), "model": model}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _of(given: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """The value, which is of the kind; the default where it is missing or null."""
    value = given.get(name)
    if value is None:
        if default is None:
            raise ApiError(400, f"{name} is missing", "missing_required_parameter", name)
        return default
    if not isinstance(value, kind):
        raise _wrong(name, f"a {kind.__name__}", value)
    return value


def _wrong(name: str, wanted: str, got: object) -> ApiError:
    shown = repr(got) if isinstance(got, int | float | bool) else f"a {type(got).__name__}"
    return ApiError(400, f"{name}: wanted {wanted}, got {shown}", "invalid_value", name)


def _integer(given: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _wrong(name, f"an integer from {low} to {high}", value)
    return value


def _number(
    given: Mapping[str, Any], name: str, default: float, low: float, high: float
) -> float:
    value = given.get(name)
    if value is None:
        return default
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not (low <= value <= high)
    ):
        raise _wrong(name, f"a number from {low} to {high}", value)
    return float(value) if math.isfinite(value) else default


def _stops(given: Mapping[str, Any]) -> tuple[str, ...]:
    value = given.get("stop")
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > _MOST_STOPS:
        raise _wrong("stop", f"a text or up to {_MOST_STOPS} of them", value)
    for text in texts:
        if not isinstance(text, str) or not text:
            raise _wrong("stop", "texts that are not empty", text)
    return tuple(_text(text, "stop") for text in texts)


def _messages(given: Mapping[str, Any]) -> tuple[Message, ...]:
    listed = _of(given, "messages", list, None)
    if not listed:
        raise ApiError(
            400, "messages is empty; wanted at least one", "invalid_value", "messages"
        )
    return tuple(_message(entry, f"messages[{i}]") for i, entry in enumerate(listed))


def _message(entry: object, where: str) -> Message:
    if not isinstance(entry, dict):
        raise _wrong(where, "an object", entry)
    role = entry.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise ApiError(
            400, f"{where}.role: wanted one of {', '.join(_ROLES)}", "invalid_value", where
        )
    content = entry.get("content")
    if isinstance(content, list):
        content = "".join(
            _part(part, f"{where}.content[{i}]") for i, part in enumerate(content)
        )
    if not isinstance(content, str):
        raise _wrong(f"{where}.content", "a text", content)
    return Message(_ROLES[role], _text(content, where))  # type: ignore[arg-type]


def _part(part: object, where: str) -> str:
    if (
        not isinstance(part, dict)
        or part.get("type") != "text"
        or not isinstance(part.get("text"), str)
    ):
        raise ApiError(
            400,
            f"{where}: wanted a part of type text; nothing else can be read here",
            "invalid_value",
            where,
        )
    return str(part["text"])


def _text(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ApiError(
            400, f"{where} holds half a character", "invalid_value", where
        ) from error
    return text
