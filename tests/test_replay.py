"""Small runs of everything end as they did when tests/replay/expected.json was written, to the last bit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.replay.machine import machine
from tests.replay.record import EXPECTED, differences

ROOT = Path(__file__).parents[1]
SHOWN = 20
"""Differences at the most that are told."""


@pytest.mark.slow
def test_the_recorded_run_replays_identically(tmp_path: Path) -> None:
    expected = json.loads(EXPECTED.read_text())
    here = machine()
    if here != expected["machine"]:
        unlike = ", ".join(
            name for name in here if here[name] != expected["machine"].get(name)
        )
        pytest.skip(
            f"expected.json was written on another machine ({unlike}), where last bits may differ"
        )

    out = tmp_path / "found.json"
    command = [sys.executable, "-m", "tests.replay.record", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]

    found = json.loads(out.read_text())
    different = differences(expected["items"], found["items"])
    assert not different, (
        f"{len(different)} of {len(expected['items'])} items: "
        + "\n".join(different[:SHOWN])
    )


def test_new_values_are_no_difference_and_missing_ones_are_named() -> None:
    expected = {
        "run/round 0/lessons": "a1",
        "run/round 0/metrics": [0.5, 0.5, 1.0],
        "run/round 1/lessons": "b2",
    }

    assert (
        differences(
            expected,
            {**expected, "run/round 0/metrics": [0.25, 0.5, 0.5, 1.0], "run/more": "c3"},
        )
        == []
    )
    assert differences(
        expected, {"run/round 0/lessons": "a1", "run/round 0/metrics": [0.5, 1.0]}
    ) == [
        "run/round 0/metrics differs: 1 of 3 numbers are gone, 0.5 for one",
        "run/round 1/lessons is missing",
    ]
