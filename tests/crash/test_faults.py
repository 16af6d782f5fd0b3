"""The disk refuses."""

import json
import shutil
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"),
    reason="needs Linux and a compiler",
)
def test_failing_system_calls_leave_the_old_or_the_new_state_and_runs_resume() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.crash.faults",
        "--step",
        "23",
        "--runs",
        "4",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert (found["store"]["wrong"], found["runs"]["wrong"], done.returncode) == ([], [], 0)
    assert (
        min(
            found["store"]["trials"].get(kind, 0)
            for kind in ("write", "fsync", "rename", "create")
        )
        > 0
    )
    assert sum(found["runs"]["trials"].values()) == 4
