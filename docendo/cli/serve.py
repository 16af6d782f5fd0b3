"""`docendo serve`: the agents of a run behind an OpenAI-compatible API."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import RunPath
from docendo.cli.output import notice
from docendo.cli.runs import open_trained
from docendo.errors import UserError, require_package
from docendo.store import RunDirectory
from docendo.urls import is_loopback_host

if TYPE_CHECKING:
    from docendo.serving.completions import ServedPopulation

__all__ = ["serve"]

_PORT_HELP = "Port; 0 takes any free one."
_HOST_HELP = (
    "Where to listen. Other machines can connect only if this lets them, "
    "and then without encryption."
)
_KEY_FILE_HELP = "File with the token, made if it is missing. Only you may read it."
_MAX_ANSWERS_HELP = "Answers under way at once; more get a 429."


def serve(
    path: RunPath,
    port: Annotated[int, typer.Option(min=0, max=65535, help=_PORT_HELP)] = 8317,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help=_HOST_HELP)] = "127.0.0.1",
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_KEY_FILE_HELP)
    ] = None,
    max_answers: Annotated[int, typer.Option(min=1, help=_MAX_ANSWERS_HELP)] = 256,
) -> None:
    """Serve a run's agents with an OpenAI-compatible API.

    Answers GET /v1/models and POST /v1/chat/completions from the newest checkpoint and writes
    nothing. Concurrent requests share a batch, for all agents. Clients need the token: from
    --token-file, else from DOCENDO_TOKEN, else a new one that is shown. Ctrl-C ends it.
    """
    for module in ("starlette", "uvicorn"):
        require_package(module, "docendo serve", "serve")
    from docendo.serving.app import ServingRules
    from docendo.serving.server import build_server, find_token, open_socket

    with RunDirectory.open(path) as run:
        token, token_source = find_token(token_file)
        # before the model is loaded, which takes long: the port may be taken
        listening = open_socket(host, port)
        population = _load_population(run)

    with listening:
        _announce(population, listening, host)
        notice(f"the token is in {token_source}" if token_source else f"token: {token}")
        rules = ServingRules(token, host, max_answers)
        try:
            build_server(population, rules).run(sockets=[listening])
        except KeyboardInterrupt:
            notice("stopped")


def _load_population(run: RunDirectory) -> "ServedPopulation":
    from docendo.serving.completions import ServedPopulation
    from docendo.serving.streaming import StreamingBackend

    trained = open_trained(run)
    if not isinstance(trained.backend, StreamingBackend):
        raise UserError(
            f"engine.backend {trained.config.engine.backend.type!r} cannot be served; "
            "expected a docendo.serving.streaming.StreamingBackend"
        )
    # OpenAI's clients expect the time when a model was made
    created = int((run.path / "run.db").stat().st_mtime)
    name = run.path.resolve().name
    return ServedPopulation(
        trained.backend,
        trained.classroom.instructions,
        name,
        created,
        trained.config.engine.thinking,
        trained.backend.describe().opens_thinking,
    )


def _announce(population: "ServedPopulation", listening: socket.socket, host: str) -> None:
    if not is_loopback_host(host):
        notice(f"{host}: other machines can connect, and the connection is not encrypted")
    address = f"[{host}]" if ":" in host else host
    port = listening.getsockname()[1]
    notice(f"http://{address}:{port}/v1 answers for {', '.join(population.agents)}")
