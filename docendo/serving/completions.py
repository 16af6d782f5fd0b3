"""Chat completions of a population: from a client's request to rows, and from tokens to deltas."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from docendo.errors import RunError, UserError, suggestion
from docendo.records import AgentId, Message, Request, base_agent
from docendo.seeds import seed_for
from docendo.serving.api_errors import ApiError
from docendo.serving.chat import ChatRequest, ChoiceDelta, TokenUsage
from docendo.serving.detokenizer import Detokenizer
from docendo.serving.scheduler import RequestScheduler, TokenDelta
from docendo.serving.streaming import PreparedRequest, StreamingBackend
from docendo.serving.thinking import ThinkingFilter
from docendo.thinking import ThinkingConfig

__all__ = ["ChatCompletion", "ServedPopulation", "join_deltas"]

_DEFAULT_TOKENS = 512
_MIN_TOP_P = 1e-6
"""In place of 0: the likeliest token alone."""


@dataclass(frozen=True)
class ServedPopulation:
    """The agents that answer."""

    backend: StreamingBackend
    instructions: Mapping[AgentId, str]
    """The system prompt of each founder, for conversations without one."""
    owner: str
    """The run's name."""
    created: int = 0
    """When its checkpoint was written, in seconds since 1970."""
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)
    opens_thinking: bool = False
    """Whether the chat template begins a block of thinking in every prompt."""

    @property
    def agents(self) -> list[AgentId]:
        """The base, the learners and their frozen copies."""
        return list(self.backend.agents)

    def find_agent(self, name: str) -> AgentId:
        """The agent of that name. Raises ApiError, 404, where there is none."""
        if name in self.agents:
            return AgentId(name)

        # cut, since the name is the client's and may be as long as a body
        short_name = name if len(name) <= 60 else f"{name[:57]}..."
        hint = suggestion(name[:60], self.agents)
        raise ApiError(404, f"no agent {short_name!r}{hint}", "model_not_found", "model")


class ChatCompletion:
    """The choices that answer one request. Raises ApiError where it cannot be answered."""

    def __init__(self, population: ServedPopulation, chat: ChatRequest) -> None:
        self.chat = chat
        self._end_tokens = population.backend.end_tokens
        self._rows = _make_rows(population, chat)
        decode = population.backend.decode
        self._detokenizers = []
        for _ in self._rows:
            select = ThinkingFilter(population.thinking, population.opens_thinking).push
            self._detokenizers.append(Detokenizer(decode, chat.stop, select))

    @property
    def choice_count(self) -> int:
        return len(self._rows)

    @property
    def usage(self) -> TokenUsage:
        """Tokens of the prompt, and of all choices so far."""
        sampled = sum(len(detokenizer.tokens) for detokenizer in self._detokenizers)
        return TokenUsage(len(self._rows[0].prompt), sampled)

    async def stream_deltas(
        self, scheduler: RequestScheduler
    ) -> AsyncGenerator[ChoiceDelta, None]:
        """Deltas of all choices as they come. The last of each choice has a finish reason."""
        unfinished = len(self._rows)
        # A stop string can end a choice at any token, so its tokens must come one by one.
        one_by_one = self.chat.stream or bool(self.chat.stop)
        async with aclosing(scheduler.stream_tokens(self._rows, one_by_one)) as deltas:
            async for delta in deltas:
                detokenizer = self._detokenizers[delta.row]
                # Rows can only be aborted together: one that a stop string ended runs on
                # unseen while others are not finished.
                if detokenizer.stopped:
                    continue

                text = detokenizer.push(delta.tokens, delta.finished)
                reason = self._finish_reason(delta)
                yield ChoiceDelta(delta.row, text, reason)
                if reason is not None:
                    unfinished -= 1
                if not unfinished:
                    return

    def _finish_reason(self, delta: TokenDelta) -> str | None:
        detokenizer = self._detokenizers[delta.row]
        if detokenizer.stopped:
            return "stop"
        if not delta.finished:
            return None

        # an answer whose last allowed token ends it was not cut
        limit = self._rows[delta.row].request.max_tokens
        is_cut = len(detokenizer.tokens) >= limit
        return (
            "length"
            if is_cut and detokenizer.tokens[-1] not in self._end_tokens
            else "stop"
        )


async def join_deltas(
    deltas: AsyncIterator[ChoiceDelta], choice_count: int
) -> list[ChoiceDelta]:
    """All deltas of each choice as one."""
    texts = [""] * choice_count
    reasons = [""] * choice_count
    async for delta in deltas:
        texts[delta.choice] += delta.text
        if delta.reason:
            reasons[delta.choice] = delta.reason
    return list(map(ChoiceDelta, range(choice_count), texts, reasons))


def _make_rows(population: ServedPopulation, chat: ChatRequest) -> list[PreparedRequest]:
    """One row for each choice. Raises ApiError for an unknown agent and for what does not fit."""
    backend = population.backend
    agent = population.find_agent(chat.model)
    messages = chat.messages
    instruction = population.instructions.get(base_agent(agent))
    if instruction and messages[0].role != "system":
        messages = (Message("system", instruction), *messages)

    # Without a seed clients expect another answer each time; with one, OpenAI's API promises to
    # try for the same answer, and here it is the same.
    seed = secrets.randbits(62) if chat.seed is None else chat.seed
    try:
        max_tokens = _limit_tokens(backend, messages, chat.max_tokens)
        rows = []
        for i in range(chat.choices):
            request = Request(
                agent,
                messages,
                seed_for(seed, "choice", i),
                max_tokens,
                temperature=chat.temperature,
                purpose="serving",
                top_p=max(chat.top_p, _MIN_TOP_P),
            )
            rows.append(backend.prepare(request))
        return rows
    except (UserError, RunError) as error:
        raise ApiError(400, str(error), "invalid_value", "messages") from error


def _limit_tokens(
    backend: StreamingBackend, messages: Sequence[Message], requested: int | None
) -> int:
    """The most tokens of an answer. Raises ApiError, 400, where the context is too short."""
    context = backend.describe().context
    prompt = backend.count_prompt_tokens(messages)
    room = context - prompt
    limit = requested or min(_DEFAULT_TOKENS, room)
    if 1 <= limit <= room:
        return limit

    # refused, not cut to what fits: a client could not tell a short answer from a cut one
    text = f"a prompt of {prompt} tokens"
    if requested:
        text += f" and an answer of {requested}"
    raise ApiError(
        400,
        f"{text}, and the model has room for {context} in all",
        "context_length_exceeded",
        "messages",
    )
