"""The routes: GET /v1/models, GET /v1/models/NAME and POST /v1/chat/completions, as OpenAI's clients know them."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from docendo.records import AgentId
from docendo.serving.api_errors import ApiError
from docendo.serving.auth import Guard
from docendo.serving.chat import ChoiceDelta, chunk, completion, read_chat
from docendo.serving.completions import ChatCompletion, ServedPopulation, join_deltas
from docendo.serving.connection import EventStream, read_body, run_unless_disconnected
from docendo.serving.scheduler import RequestScheduler

__all__ = ["ServingRules", "build_app"]

_POLL_SECONDS = 0.1
"""Time between two checks whether the server is to end."""


@dataclass(frozen=True)
class ServingRules:
    token: str
    host: str = "127.0.0.1"
    max_answers: int = 256
    """Unfinished answers at once, those that wait included."""
    max_body_bytes: int = 2**20
    body_timeout: float = 20.0
    """In seconds."""


def build_app(
    population: ServedPopulation,
    rules: ServingRules,
    is_ending: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The application; its threads live as long as its lifespan.

    Once `is_ending` is true, unfinished answers fail at once.
    """
    api = _Api(population, rules)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        scheduler = RequestScheduler(population.backend, rules.max_answers)
        app.state.scheduler = api.scheduler = scheduler
        watch = asyncio.create_task(_call_when(is_ending, scheduler.begin_closing))
        try:
            yield
        finally:
            watch.cancel()
            await scheduler.close()

    routes = [
        Route("/v1/models", api.list_models, methods=["GET"]),
        Route("/v1/models/{name}", api.show_model, methods=["GET"]),
        Route("/v1/chat/completions", api.complete_chat, methods=["POST"]),
    ]
    handlers: Mapping[Any, Any] = {
        ApiError: _answer_api_error,
        HTTPException: _answer_unknown_url,
        ClientDisconnect: _answer_disconnect,
        Exception: _answer_bug,
    }
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return Guard(app, rules.token, rules.host)


async def _call_when(condition: Callable[[], bool], action: Callable[[], None]) -> None:
    while not condition():
        await asyncio.sleep(_POLL_SECONDS)
    action()


class _Api:
    scheduler: RequestScheduler

    def __init__(self, population: ServedPopulation, rules: ServingRules) -> None:
        self.population = population
        self.rules = rules

    async def list_models(self, _request: Request) -> Response:
        models = [self._describe(agent) for agent in self.population.agents]
        return JSONResponse({"object": "list", "data": models})

    async def show_model(self, request: Request) -> Response:
        agent = self.population.find_agent(request.path_params["name"])
        return JSONResponse(self._describe(agent))

    def _describe(self, agent: AgentId) -> dict[str, Any]:
        return {
            "id": agent,
            "object": "model",
            "created": self.population.created,
            "owned_by": self.population.owner,
        }

    async def complete_chat(self, request: Request) -> "Response | EventStream":
        rules = self.rules
        # everything that can be wrong with a request is found before a row is queued
        body = await read_body(request, rules.max_body_bytes, rules.body_timeout)
        answer = ChatCompletion(self.population, read_chat(body))
        if answer.chat.stream:
            return await self._stream(answer, request)

        # Closing the deltas aborts the rows, whether the client left or something failed.
        async with aclosing(answer.stream_deltas(self.scheduler)) as deltas:
            work = join_deltas(deltas, answer.choice_count)
            choices = await run_unless_disconnected(request, work)
        model = answer.chat.model
        return JSONResponse(completion(_new_id(), model, choices, answer.usage))

    async def _stream(self, answer: ChatCompletion, request: Request) -> EventStream:
        """The reply starts with the first token, so that an error before it has a status."""
        deltas = answer.stream_deltas(self.scheduler)
        try:
            first = await run_unless_disconnected(request, anext(deltas))
        except ClientDisconnect:
            await deltas.aclose()
            raise

        return EventStream(_stream_events(answer, first, deltas), deltas)


async def _stream_events(
    answer: ChatCompletion, first: ChoiceDelta, deltas: AsyncGenerator[ChoiceDelta, None]
) -> AsyncGenerator[str, None]:
    """The server-sent events of an answer, one for each delta that has anything to say."""
    # the roles of all choices before any text, as OpenAI's own streams begin
    name = _new_id()
    model = answer.chat.model
    for i in range(answer.choice_count):
        yield chunk(name, model, ChoiceDelta(i, ""), first=True)
    try:
        delta: ChoiceDelta | None = first
        while delta is not None:
            if delta.text or delta.reason:
                yield chunk(name, model, delta)
            delta = await anext(deltas, None)
    except ApiError as error:
        # The status was sent with the first event: only an event can tell of the error.
        yield f"data: {json.dumps(error.document)}\n\n"
        return

    if answer.chat.usage:
        yield chunk(name, model, None, answer.usage)
    yield "data: [DONE]\n\n"


def _new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"


async def _answer_api_error(_request: Request, error: ApiError) -> Response:
    return JSONResponse(error.document, error.status, error.headers)


async def _answer_unknown_url(request: Request, error: HTTPException) -> Response:
    routes = "GET /v1/models, GET /v1/models/NAME, POST /v1/chat/completions"
    message = f"there is no {request.method} here; known: {routes}"
    document = ApiError(error.status_code, message, "unknown_url").document
    return JSONResponse(document, error.status_code, error.headers)


async def _answer_disconnect(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=499)


async def _answer_bug(_request: Request, _error: Exception) -> Response:
    error = ApiError(500, "a bug; see the server's own messages")
    return JSONResponse(error.document, error.status)
