"""One writer at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.store import RunDirectory


def test_a_second_writer_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        with pytest.raises(UserError, match=f"is being written by process {os.getpid()};"):
            RunDirectory.open(run.path, write=True)
        code = f"from docendo.store import RunDirectory; RunDirectory.open({str(run.path)!r}, write=True)"
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert f"is being written by process {os.getpid()};" in other.stderr
        RunDirectory.open(run.path).close()
    RunDirectory.open(tmp_path / "run", write=True).close()
