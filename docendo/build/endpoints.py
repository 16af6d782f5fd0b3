"""From [endpoints] to who answers: agents of a run whose model is on somebody's server."""

from docendo.config import EndpointConfig
from docendo.config.load import Config
from docendo.engines.remote.openai import Endpoint, Service, read_secret
from docendo.engines.remote.rate_limit import RateLimit
from docendo.engines.wrappers.router import Router
from docendo.errors import UserError, suggestion
from docendo.interfaces import Engine
from docendo.records import AgentId

__all__ = ["check_endpoints", "check_keys", "open_endpoint", "with_endpoints"]


def open_endpoint(settings: EndpointConfig, name: str = "") -> Endpoint:
    """The engine behind an endpoint. Nothing is sent and no key is read before it is asked.

    `name` is for messages.
    """
    service = Service(
        url=settings.url,
        model=settings.model,
        key=settings.key or "",
        headers=settings.headers,
        timeout=settings.timeout,
        retries=settings.retries,
        concurrency=settings.concurrency,
        price_in=settings.price_in,
        price_out=settings.price_out,
        rate_limit=RateLimit(settings.rate, settings.token_rate),
    )
    return Endpoint(name or settings.model, service)


def with_endpoints(engine: Engine, config: Config) -> Engine:
    """The engine, with endpoints answering for agents that have one, and for ``endpoint:NAME``.

    The engine itself where there are no endpoints.
    """
    if not config.endpoints:
        return engine

    routes: dict[AgentId, Endpoint] = {}
    for name, settings in config.endpoints.items():
        routes[AgentId(f"endpoint:{name}")] = open_endpoint(settings, name)
    # One object for all agents of an endpoint: they share its rate limit.
    for name, agent in config.guests.items():
        routes[AgentId(name)] = routes[AgentId(f"endpoint:{agent.endpoint}")]
    return Router(engine, routes)


def check_endpoints(config: Config) -> None:
    """Raises UserError for an agent whose endpoint does not exist, and for what an endpoint cannot do."""
    for name, agent in config.agents.items():
        where = f"[agents.{name}]"
        if agent.policy != "endpoint":
            if agent.endpoint is not None:
                raise UserError(
                    f"{where}: endpoint = {agent.endpoint!r} needs policy = 'endpoint', "
                    f"got {agent.policy!r}"
                )
            continue

        if agent.endpoint not in config.endpoints:
            hint = "; there is no [endpoints]"
            if config.endpoints:
                hint = suggestion(agent.endpoint or "", config.endpoints)
            raise UserError(f"{where}: no endpoint {agent.endpoint!r}{hint}")
        for setting in ("tools", "grammar", "data"):
            if getattr(agent, setting):
                raise UserError(
                    f"{where}: {setting} belong to agents with policy = 'model'; "
                    "an endpoint only answers"
                )


def check_keys(config: Config) -> None:
    """Raises UserError where the environment lacks the key of an endpoint, before anything is loaded or written."""
    for name, settings in config.endpoints.items():
        where = f"[endpoints.{name}]"
        if settings.key:
            read_secret(settings.key, f"{where} key")
        for header, value in settings.headers.items():
            if value.startswith("$"):
                read_secret(value[1:], f"{where} headers.{header}")
