"""Chat completions as OpenAI's clients write and read them: a checked request, and the reply's documents."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from docendo.records import Message
from docendo.serving.api_errors import ApiError

__all__ = ["ChatRequest", "ChoiceDelta", "TokenUsage", "chunk", "completion", "read_chat"]

_LABELS = {
    "user",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
}
"""Parameters that change no answer, whatever their value."""
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "logprobs": (False,),
    "top_logprobs": (0,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "logit_bias": ({},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "web_search_options": (),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
    "service_tier": ("auto", "default"),
    "store": (False,),
    # of other servers
    "top_k": (0, -1),
    "min_p": (0,),
    "typical_p": (1,),
    "repetition_penalty": (1,),
    "min_tokens": (0,),
    "ignore_eos": (False,),
}
"""Parameters that are not supported, with the values that ask for nothing."""
_NEUTRAL_IN_MESSAGES: tuple[Any, ...] = (None, [], "")
"""What clients send back of an answer beside its text."""


def _check_encodable(text: str) -> str:
    # JSON may hold half a surrogate pair, which has no UTF-8: the tokenizer would fail on it in a
    # worker's thread. The error of `encode` is a ValueError, which pydantic reports.
    text.encode()
    return text


_Text = Annotated[str, AfterValidator(_check_encodable)]


class _TextPart(BaseModel):
    type: Literal["text"]
    text: _Text


def _drop_neutral_fields(message: object) -> object:
    if not isinstance(message, dict):
        return message
    return {
        k: v for k, v in message.items() if k == "content" or v not in _NEUTRAL_IN_MESSAGES
    }


def _to_parts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _to_list(stop: object) -> object:
    return [stop] if isinstance(stop, str) else stop


class _ChatMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[_TextPart], BeforeValidator(_to_parts)]

    @property
    def message(self) -> Message:
        role = "system" if self.role == "developer" else self.role
        return Message(role, "".join(part.text for part in self.content))


class _StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


class _Body(BaseModel):
    """Every field is honoured, and one that is not named here is refused."""

    model_config = ConfigDict(extra="forbid")

    model: _Text
    messages: Annotated[
        list[Annotated[_ChatMessage, BeforeValidator(_drop_neutral_fields)]],
        Field(min_length=1),
    ]
    n: Annotated[int, Field(ge=1, le=16)] = 1
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=2**31)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=2**31)] = None
    """The older name of the limit."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_p: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: Annotated[int | None, Field(ge=-(2**63), le=2**63)] = None
    # an empty text would end every answer before it begins
    stop: Annotated[
        list[Annotated[_Text, Field(min_length=1)]],
        Field(max_length=4),
        BeforeValidator(_to_list),
    ] = []
    stream: bool = False
    stream_options: _StreamOptions = _StreamOptions()


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
    # null is the default; the newer name of the limit wins where both are given
    present = {name: value for name, value in table.items() if value is not None}
    _drop_neutral(present)
    if "max_completion_tokens" in present:
        present.pop("max_tokens", None)
    try:
        # strict: "3" is no number, and True no integer
        chat = _Body.model_validate(present, strict=True)
    except ValidationError as error:
        raise _api_error(error) from error
    return ChatRequest(
        model=chat.model,
        messages=tuple(entry.message for entry in chat.messages),
        choices=chat.n,
        max_tokens=chat.max_completion_tokens or chat.max_tokens,
        temperature=chat.temperature,
        top_p=chat.top_p,
        seed=chat.seed,
        stop=tuple(chat.stop),
        stream=chat.stream,
        usage=chat.stream and bool(chat.stream_options.include_usage),
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


def _drop_neutral(table: dict[str, Any]) -> None:
    """Leaves out what asks for nothing. Raises ApiError for what is asked for and not supported."""
    for name in table.keys() & (_LABELS | _NEUTRAL.keys()):
        value = table.pop(name)
        if name not in _LABELS and value not in _NEUTRAL[name]:
            raise ApiError(
                400, f"{name} is not supported here", "unsupported_parameter", name
            )


def _api_error(error: ValidationError) -> ApiError:
    """The first problem, at its place such as ``messages[0].role``."""
    problem = error.errors()[0]
    place = ""
    for part in problem["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    place = place.removeprefix(".")
    if problem["type"] == "missing":
        return ApiError(400, f"{place} is missing", "missing_required_parameter", place)

    if problem["type"] == "extra_forbidden":
        return ApiError(
            400, f"{place} is not a parameter here", "unsupported_parameter", place
        )

    # texts are not shown: they may be long, and a client knows what it sent
    value = problem["input"]
    is_number = isinstance(value, int | float)
    description = repr(value) if is_number else f"a {type(value).__name__}"
    message = (
        problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    )
    return ApiError(400, f"{place}: {message}, got {description}", "invalid_value", place)
