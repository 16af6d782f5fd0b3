"""`docendo serve`: the agents of a run behind an OpenAI-compatible API."""

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import RunPath
from docendo.cli.output import notice
from docendo.cli.runs import open_trained
from docendo.errors import UserError

if TYPE_CHECKING:
    from docendo.serving.app import ServedPopulation
    from docendo.store import RunDirectory

__all__ = ["serve"]

_HOST_HELP = "Where to listen. Other machines can ask only if this lets them, and then without encryption."


def serve(
    path: RunPath,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes any that is free.")
    ] = 8317,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help=_HOST_HELP)] = "127.0.0.1",
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Holds the token, and is made where it is missing; only you may read it.",
        ),
    ] = None,
    max_answers: Annotated[
        int, typer.Option(min=1, help="Answers under way at once; more get a 429.")
    ] = 256,
) -> None:
    """Let other programs talk to a run's agents, as they would to OpenAI's models.

    Answers GET /v1/models and POST /v1/chat/completions from the newest checkpoint and writes nothing; requests
    that come at the same time are computed together, whichever agents they are for. Clients need the token: from
    --token-file, else from DOCENDO_TOKEN, else a new one that is shown. Ctrl-C ends it.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"docendo serve needs {error.name}: pip install 'docendo[serve]'"
        ) from error
    from docendo.serving.app import ServingRules
    from docendo.serving.server import build_server, find_token, open_socket
    from docendo.store import RunDirectory

    with RunDirectory.open(path) as run:
        token, source = find_token(token_file)
        bound = open_socket(host, port)
        population = _population(run)
    with bound:
        _greet(population, bound, host, token, source)
        try:
            build_server(population, ServingRules(token, host, max_answers)).run(
                sockets=[bound]
            )
        except KeyboardInterrupt:
            notice("stopped")


def _population(run: "RunDirectory") -> "ServedPopulation":
    from docendo.serving.app import ServedPopulation

    trained = open_trained(run)
    created = int((run.path / "run.db").stat().st_mtime)
    return ServedPopulation(
        trained.engine, trained.classroom.instructions, run.path.resolve().name, created
    )


def _greet(
    population: "ServedPopulation", bound: socket.socket, host: str, token: str, source: str
) -> None:
    shown = f"[{host}]" if ":" in host else host
    if host != "localhost" and not _loopback(host):
        notice(
            f"{host}: other machines can ask, and what is said is not encrypted on the way"
        )
    notice(
        f"http://{shown}:{bound.getsockname()[1]}/v1 answers for {', '.join(population.agents)}"
    )
    notice(f"the token is in {source}" if source else f"token: {token}")


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
