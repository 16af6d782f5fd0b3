"""Starting and ending the server, and the token that opens it."""

import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from docendo.errors import RunError, UserError
from docendo.serving.app import ServedPopulation, ServingRules, build_app

if TYPE_CHECKING:
    from uvicorn import Server

__all__ = ["TOKEN_VARIABLE", "build_server", "find_token", "open_socket"]

TOKEN_VARIABLE = "DOCENDO_TOKEN"  # noqa: S105 - a name
_SHORTEST = 16
_PATIENCE = 3
"""Seconds that answers under way have to end in when the server ends."""


def find_token(file: Path | None) -> tuple[str, str]:
    """The token and where it is from: a file that only its owner can read, else the environment, else a fresh one.

    A file that is missing is made. Raises UseError, which never shows it, where it is short or others can read it.
    """
    if file is not None:
        return _checked(_from_file(file), str(file)), str(file)
    if TOKEN_VARIABLE in os.environ:
        return _checked(os.environ[TOKEN_VARIABLE].strip(), TOKEN_VARIABLE), TOKEN_VARIABLE
    return secrets.token_urlsafe(32), ""


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any that is free. Raises RunError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(512)
    except OSError as error:
        made.close()
        raise RunError(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port"
        ) from error
    return made


def build_server(population: ServedPopulation, rules: ServingRules) -> "Server":
    """A server; `run(sockets=[...])` serves until Ctrl-C, or until its `should_exit` is set."""
    server = uvicorn.Server(
        uvicorn.Config(
            build_app(population, rules, lambda: server.should_exit),
            http="h11",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
    return server


def _from_file(file: Path) -> str:
    try:
        if not file.exists():
            with os.fdopen(
                os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as fresh:
                fresh.write(secrets.token_urlsafe(32) + "\n")
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise UserError(f"--token-file {file}: others can read it; chmod 600 {file}")
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--token-file {file}: cannot be read: {getattr(error, 'strerror', 'not text')}"
        ) from error


def _checked(token: str, where: str) -> str:
    if (
        len(token) < _SHORTEST
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        raise UserError(
            f"{where}: a token has {_SHORTEST} or more printable ASCII characters and no space; this has not"
        )
    return token
