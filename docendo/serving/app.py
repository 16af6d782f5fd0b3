"""The routes: GET /v1/models, GET /v1/models/NAME and POST /v1/chat/completions, as OpenAI's clients know them."""

import asyncio
import json
import secrets
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from docendo.engines.local.decoding import DecodeRequest
from docendo.engines.local.engine import LocalEngine
from docendo.errors import RunError, UserError, suggestion
from docendo.records import AgentId, Message, Request, base_agent
from docendo.seeds import seed_for
from docendo.serving.api_errors import ApiError
from docendo.serving.auth import Guard
from docendo.serving.chat import (
    ChatRequest,
    ChoiceDelta,
    TokenUsage,
    chunk,
    completion,
    read_chat,
)
from docendo.serving.detokenizer import Detokenizer
from docendo.serving.scheduler import RequestScheduler, TokenDelta

__all__ = ["ServedPopulation", "ServingRules", "build_app"]

_USUAL_TOKENS = 512
_KNOWN_PROMPTS = 256
_LEAST_SHARE = 1e-6
"""Of the probability, in place of 0: the likeliest token."""
_LOOK = 0.1
"""Seconds between two looks whether the server is to end."""
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class ServedPopulation:
    """Who answers."""

    engine: LocalEngine
    instructions: Mapping[AgentId, str]
    """The system prompt of each founder, for conversations that bring none."""
    owner: str
    """The run's name."""
    created: int = 0
    """When its checkpoint was written, in seconds since 1970."""

    @property
    def agents(self) -> list[AgentId]:
        """The base, the learners and their frozen copies."""
        return list(self.engine.bank.slots)


@dataclass(frozen=True)
class ServingRules:
    token: str
    host: str = "127.0.0.1"
    answers: int = 256
    """Taken at once, those that wait included."""
    body_bytes: int = 2**20
    body_seconds: float = 20.0


def build_app(
    population: ServedPopulation,
    rules: ServingRules,
    ending: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The application; its threads live as long as its lifespan. Once it is `ending`, what is under way ends early."""
    api = _Api(population, rules)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.desk = api.desk = RequestScheduler(population.engine, rules.answers)
        watch = asyncio.create_task(_until(ending, api.desk.end))
        try:
            yield
        finally:
            watch.cancel()
            await api.desk.close()

    routes = [
        Route("/v1/models", api.models, methods=["GET"]),
        Route("/v1/models/{name}", api.model, methods=["GET"]),
        Route("/v1/chat/completions", api.chat, methods=["POST"]),
    ]
    faults: Mapping[Any, Any] = {
        ApiError: _told,
        HTTPException: _lost,
        ClientDisconnect: _left,
        Exception: _broken,
    }
    return Guard(
        Starlette(routes=routes, lifespan=lifespan, exception_handlers=faults),
        rules.token,
        rules.host,
    )


async def _until(ending: Callable[[], bool], end: Callable[[], None]) -> None:
    while not ending():
        await asyncio.sleep(_LOOK)
    end()


class _Api:
    desk: RequestScheduler

    def __init__(self, population: ServedPopulation, rules: ServingRules) -> None:
        self.population, self.rules = population, rules

    async def models(self, _request: HttpRequest) -> Response:
        return JSONResponse(
            {"object": "list", "data": [self._model(a) for a in self.population.agents]}
        )

    async def model(self, request: HttpRequest) -> Response:
        return JSONResponse(self._model(self._agent(request.path_params["name"])))

    async def chat(self, request: HttpRequest) -> "Response | _Streaming":
        wanted = read_chat(await self._body(request))
        rows = self._rows(wanted)
        if wanted.stream:
            return await self._streamed(wanted, rows, request)
        writers = [self._writer(wanted) for _ in rows]
        async with aclosing(self._answers(wanted, rows, writers)) as answers:
            pieces = await _unless_gone(request, _gathered(answers, len(rows)))
        name = f"chatcmpl-{secrets.token_hex(12)}"
        return JSONResponse(completion(name, wanted.model, pieces, _usage(rows, writers)))

    async def _streamed(
        self, wanted: ChatRequest, rows: Sequence[DecodeRequest], request: HttpRequest
    ) -> "Response | _Streaming":
        """The reply starts once there is a first token, so that what goes wrong before has a status."""
        writers = [self._writer(wanted) for _ in rows]
        answers = self._answers(wanted, rows, writers)
        try:
            first = await _unless_gone(request, anext(answers))
        except ClientDisconnect:
            await answers.aclose()
            raise

        async def events() -> AsyncGenerator[str, None]:
            name, model = f"chatcmpl-{secrets.token_hex(12)}", wanted.model
            for i in range(len(rows)):
                yield chunk(name, model, ChoiceDelta(i, ""), first=True)
            try:
                piece: ChoiceDelta | None = first
                while piece is not None:
                    if piece.text or piece.reason:
                        yield chunk(name, model, piece)
                    piece = await anext(answers, None)
            except ApiError as fault:
                yield f"data: {json.dumps(fault.document)}\n\n"
                return
            if wanted.usage:
                yield chunk(name, model, None, _usage(rows, writers))
            yield "data: [DONE]\n\n"

        return _Streaming(events(), answers)

    async def _answers(
        self,
        wanted: ChatRequest,
        rows: Sequence[DecodeRequest],
        writers: Sequence[Detokenizer],
    ) -> AsyncGenerator[ChoiceDelta, None]:
        """Pieces of all choices as they come; the last of each has a reason. Leaving a row ends all others of it too,
        so one that a stop text ended runs on unseen while others are not over."""
        left = len(rows)
        eager = wanted.stream or bool(wanted.stop)
        async with aclosing(self.desk.answer(rows, eager)) as grown:
            async for some in grown:
                writer = writers[some.row]
                if writer.stopped:
                    continue
                text, reason = (
                    writer.take(some.tokens, some.over),
                    self._reason(writer, rows[some.row], some),
                )
                left -= reason is not None
                yield ChoiceDelta(some.row, text, reason)
                if not left:
                    return

    def _reason(
        self, writer: Detokenizer, row: DecodeRequest, some: TokenDelta
    ) -> str | None:
        if writer.stopped:
            return "stop"
        if not some.over:
            return None
        cut = (
            len(writer.tokens) >= row.request.max_tokens
            and writer.tokens[-1] != self.population.engine.tokens.end
        )
        return "length" if cut else "stop"

    def _writer(self, wanted: ChatRequest) -> Detokenizer:
        return Detokenizer(self.population.engine.tokens.decode, wanted.stop)

    def _rows(self, wanted: ChatRequest) -> list[DecodeRequest]:
        """One row for each choice. Raises ApiError for an unknown agent and for what does not fit."""
        engine, agent = self.population.engine, self._agent(wanted.model)
        messages = wanted.messages
        if messages[0].role != "system" and (
            instruction := self.population.instructions.get(base_agent(agent))
        ):
            messages = (Message("system", instruction), *messages)
        if len(engine.tokens.known) > _KNOWN_PROMPTS:
            engine.tokens.known.clear()
        seed = secrets.randbits(62) if wanted.seed is None else wanted.seed
        share = max(wanted.top_p, _LEAST_SHARE)
        try:
            room = engine.base.context - len(engine.tokens.prompt(messages))
            most = wanted.max_tokens or min(_USUAL_TOKENS, room)
            if not 1 <= most <= room:
                raise _too_long(
                    engine.base.context, engine.base.context - room, wanted.max_tokens
                )
            asked = [
                Request(
                    agent,
                    messages,
                    seed_for(seed, "choice", i),
                    most,
                    wanted.temperature,
                    "serving",
                    share,
                )
                for i in range(wanted.choices)
            ]
            return [engine.row(request) for request in asked]
        except (UserError, RunError) as error:
            raise ApiError(400, str(error), "invalid_value", "messages") from error

    def _agent(self, name: str) -> AgentId:
        agents = self.population.agents
        if name not in agents:
            shown = name if len(name) <= 60 else f"{name[:57]}..."
            raise ApiError(
                404,
                f"no agent {shown!r}{suggestion(name[:60], agents)}",
                "model_not_found",
                "model",
            )
        return AgentId(name)

    def _model(self, agent: AgentId) -> dict[str, Any]:
        population = self.population
        return {
            "id": agent,
            "object": "model",
            "created": population.created,
            "owned_by": population.owner,
        }

    async def _body(self, request: HttpRequest) -> bytes:
        body, most = bytearray(), self.rules.body_bytes
        try:
            async with asyncio.timeout(self.rules.body_seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > most:
                        raise ApiError(
                            413, f"the body has more than {most} bytes", "too_large"
                        )
        except TimeoutError as error:
            raise ApiError(408, "the body did not come in time", "timeout") from error
        return bytes(body)


@dataclass(frozen=True)
class _Streaming:
    """Server-sent events, which are closed when the client hangs up, wherever they are."""

    events: AsyncGenerator[str, None]
    source: AsyncGenerator[ChoiceDelta, None]
    """What they are made of; they may be closed before they have begun."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"cache-control": "no-store"}
        async with aclosing(self.source), aclosing(self.events):
            await StreamingResponse(self.events, 200, headers, "text/event-stream")(
                scope, receive, send
            )


async def _unless_gone(request: HttpRequest, work: Awaitable[_Made]) -> _Made:
    """What the work gives. Raises ClientDisconnect, the work given up, where the client hangs up before."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gathered(answers: AsyncIterator[ChoiceDelta], choices: int) -> list[ChoiceDelta]:
    """The pieces of each choice as one."""
    texts, reasons = [list[str]() for _ in range(choices)], [""] * choices
    async for piece in answers:
        texts[piece.choice].append(piece.text)
        reasons[piece.choice] = piece.reason or reasons[piece.choice]
    return [ChoiceDelta(i, "".join(text), reasons[i]) for i, text in enumerate(texts)]


def _usage(rows: Sequence[DecodeRequest], writers: Sequence[Detokenizer]) -> TokenUsage:
    return TokenUsage(len(rows[0].prompt), sum(len(writer.tokens) for writer in writers))


def _too_long(context: int, prompt: int, answer: int | None) -> ApiError:
    told = f"a prompt of {prompt} tokens" + (
        f" and an answer of {answer}" if answer else ""
    )
    return ApiError(
        400,
        f"{told}, and the model has room for {context} in all",
        "context_length_exceeded",
        "messages",
    )


async def _told(_request: HttpRequest, fault: ApiError) -> Response:
    return JSONResponse(fault.document, fault.status, fault.headers)


async def _lost(request: HttpRequest, error: HTTPException) -> Response:
    routes = "GET /v1/models, GET /v1/models/NAME, POST /v1/chat/completions"
    fault = ApiError(
        error.status_code,
        f"there is no {request.method} here; known: {routes}",
        "unknown_url",
    )
    return JSONResponse(fault.document, fault.status, error.headers)


async def _left(_request: HttpRequest, _error: ClientDisconnect) -> Response:
    return Response(status_code=499)


async def _broken(_request: HttpRequest, _error: Exception) -> Response:
    return JSONResponse(ApiError(500, "a bug; see the server's own messages").document, 500)
