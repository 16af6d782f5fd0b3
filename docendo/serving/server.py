"""Starting and ending the server, and the token that opens it."""

import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from docendo.errors import RunError, UserError
from docendo.serving.app import ServingRules, build_app
from docendo.serving.completions import ServedPopulation

if TYPE_CHECKING:
    from uvicorn import Server

__all__ = ["TOKEN_VARIABLE", "build_server", "find_token", "open_socket"]

TOKEN_VARIABLE = "DOCENDO_TOKEN"  # noqa: S105 - a name
_MIN_TOKEN_LENGTH = 16
_SHUTDOWN_SECONDS = 3
"""How long unfinished answers may take when the server ends."""


def find_token(file: Path | None) -> tuple[str, str]:
    """The token and its source: a private file, else the environment, else a new one.

    A missing file is made. Raises UserError, which never shows the token, where it is short or
    others can read the file.
    """
    if file is not None:
        return _check_token(_read_or_make(file), str(file)), str(file)
    # no option takes the token itself: other users can read a process's arguments
    if TOKEN_VARIABLE in os.environ:
        token = os.environ[TOKEN_VARIABLE].strip()
        return _check_token(token, TOKEN_VARIABLE), TOKEN_VARIABLE
    return secrets.token_urlsafe(32), ""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises RunError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # a server that just ended leaves its port in TIME_WAIT for a minute
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise RunError(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port"
        ) from error
    return listener


def build_server(population: ServedPopulation, rules: ServingRules) -> "Server":
    """A server; `run(sockets=[...])` serves until Ctrl-C, or until its `should_exit` is set."""
    # A reverse proxy's headers are not believed: they would let a client choose its address.
    config = uvicorn.Config(
        build_app(population, rules, lambda: server.should_exit),
        http="h11",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = uvicorn.Server(config)
    return server


def _read_or_make(file: Path) -> str:
    try:
        if not file.exists():
            # O_EXCL: nobody can put a file of theirs in its place in between
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as new_file:
                new_file.write(secrets.token_urlsafe(32) + "\n")
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise UserError(f"--token-file {file}: others can read it; chmod 600 {file}")
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "not text")
        raise UserError(f"--token-file {file}: cannot be read: {reason}") from error


def _check_token(token: str, where: str) -> str:
    is_printable = token.isascii() and token.isprintable() and " " not in token
    if len(token) < _MIN_TOKEN_LENGTH or not is_printable:
        raise UserError(
            f"{where}: a token has {_MIN_TOKEN_LENGTH} or more printable ASCII characters and "
            "no space; this has not"
        )
    return token
