"""From [endpoints] to who answers: agents of a run that live behind somebody's server."""

from docendo.config import EndpointConfig
from docendo.config.load import Config
from docendo.engines.remote.openai import Endpoint, Service, secret
from docendo.engines.remote.rate_limit import Pace
from docendo.engines.wrappers.router import Router
from docendo.errors import UserError, suggestion
from docendo.interfaces import Engine
from docendo.records import AgentId

__all__ = ["check_endpoints", "check_keys", "open_endpoint", "routed"]


def open_endpoint(given: EndpointConfig, name: str = "") -> Endpoint:
    """The engine behind an endpoint; nothing is sent and no key is read before it is asked. `name` is for messages."""
    service = Service(
        url=given.url,
        model=given.model,
        key=given.key or "",
        headers=given.headers,
        timeout=given.timeout,
        retries=given.retries,
        concurrency=given.concurrency,
        price_in=given.price_in,
        price_out=given.price_out,
        pace=Pace(given.rate, given.token_rate),
    )
    return Endpoint(name or given.model, service)


def routed(engine: Engine, config: Config) -> Engine:
    """The engine where agents that play "endpoint" are answered for by their endpoints, and ``endpoint:NAME`` by that
    of the name, whoever asks; the engine itself where there are no endpoints.
    """
    if not config.endpoints:
        return engine
    opened = {name: open_endpoint(given, name) for name, given in config.endpoints.items()}
    routes: dict[AgentId, Endpoint] = {
        AgentId(f"endpoint:{name}"): endpoint for name, endpoint in opened.items()
    }
    routes |= {
        AgentId(name): opened[agent.endpoint or ""] for name, agent in config.guests.items()
    }
    return Router(engine, routes)


def check_endpoints(config: Config) -> None:
    """Raises UserError for an agent whose endpoint there is not, and for what an endpoint cannot do."""
    for name, agent in config.agents.items():
        where = f"[agents.{name}]"
        if agent.policy != "endpoint":
            if agent.endpoint is not None:
                raise UserError(
                    f"{where}: endpoint = {agent.endpoint!r} wants policy = 'endpoint', got {agent.policy!r}"
                )
            continue
        if agent.endpoint not in config.endpoints:
            known = (
                suggestion(agent.endpoint or "", config.endpoints)
                if config.endpoints
                else "; there is no [endpoints]"
            )
            raise UserError(f"{where}: no endpoint {agent.endpoint!r}{known}")
        for setting in ("tools", "grammar", "data"):
            if getattr(agent, setting):
                raise UserError(
                    f"{where}: {setting} belong to agents that play 'model'; an endpoint only answers"
                )


def check_keys(config: Config) -> None:
    """Raises UserError where the environment lacks the key of an endpoint, before anything is loaded or written."""
    for name, given in config.endpoints.items():
        where = f"[endpoints.{name}]"
        if given.key:
            secret(given.key, f"{where} key")
        for header, value in given.headers.items():
            if value.startswith("$"):
                secret(value[1:], f"{where} headers.{header}")
