"""The command line called from inside, and settings that train in a second."""

import hashlib
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from docendo.cli import main

TINY = """
model = "tiny"

[engine]
device = "cpu"
dtype = "float32"
kernels = "torch"

[experts]
steps = 1
eval_every = 1
batch_size = 1

[teaching]
rounds = 2
matches = 2
attempts = 2
control_attempts = 2
max_tokens = 8

[learning]
imitation = 1
rehearsal = 1
self_practice = 1
practice_attempts = 2

[evaluation]
problems = 2
"""


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def docendo(*arguments: object) -> Done:
    """What the command line did, as a shell would see it."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    words = ["docendo", *map(str, arguments)]
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", words):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Done(code, out.getvalue(), err.getvalue())


def tiny_config(folder: Path, extra: str = "") -> Path:
    path = folder / "tiny.toml"
    path.write_text(TINY + extra)
    return path


def hashes(folder: Path) -> dict[str, str]:
    """Of every file, by its path, less those that SQLite makes for readers."""
    files = (
        p
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix not in {".db-shm", ".db-wal"}
    )
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
    }


def refused(here: Path, *words: object) -> str:
    """The line that a command says why it refuses, after checking everything else about it."""
    before = hashes(here)
    done = docendo(*words)
    assert done.code == 2, done.err
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert done.err.startswith("docendo: ")
    assert hashes(here) == before
    assert not (here / "runs").exists()
    return done.err


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Lets standard input be these lines."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
