"""No hostile program escapes, forges a pass, outlives its limit or leaves anything behind."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import pytest

from docendo.graders.unit_tests import UnitTestGrader
from docendo.records import Problem
from docendo.sandbox import harness
from docendo.sandbox.cpython import CPythonSandbox
from docendo.sandbox.isolated import (
    IsolatedSandbox,
    list_isolations,
    probe,
    strongest_isolation,
)
from docendo.sandbox.spec import Isolation, Limits, Program, find_python
from docendo.sandbox.supervisor import ProcessResult, run_isolated
from tests.sandbox.hostile import ENDLESS, ESCAPES, FORGERIES, STRICT, Attack

ISOLATIONS: Sequence[Isolation] = [w for w, path in list_isolations() if not probe(w, path)]
"""Every kind that holds on this machine; where none does, nothing here is run."""
needs_isolation = pytest.mark.skipif(
    strongest_isolation().isolation is None,
    reason=f"no sandbox here: {strongest_isolation().failures}",
)

DOUBLE = Problem(
    "toy", "toy", 1, "What?", "x * 2", tests=("f(3) == 6", "f(0) == 0", "f(-4) == -8")
)
SMALL = Limits(seconds=1, wall=8, memory_mb=128, processes=8, output_kb=16, file_mb=4)
SHORT = Limits(seconds=1, wall=0.5, memory_mb=128, processes=8, output_kb=16, file_mb=4)
PLACES = ("/", "/tmp", "/var/tmp", "/dev/shm", os.getcwd(), str(Path.home()))


class Surroundings:
    """What an attack would like to find here."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "secret"
        self.secret.write_text("secret")
        self.server = socket.create_server(("127.0.0.1", 0))
        self.token = token_hex(8)

    def told(self, attack: Attack) -> str:
        port = str(self.server.getsockname()[1])
        return (
            attack.code.replace("SECRET", str(self.secret))
            .replace("PORT", port)
            .replace("PID", str(os.getpid()))
        )

    def left(self) -> list[str]:
        """Processes that carry the token, and files that attacks would have made."""
        found = [str(p) for place in PLACES for p in Path(place).glob("docendo-hostile*")]
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found += [str(line)] if self.token.encode() in line.read_bytes() else []
            except OSError:
                continue
        return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    monkeypatch.setenv("DOCENDO_CANARY", "sings")
    surroundings = Surroundings(tmp_path)
    yield surroundings
    surroundings.server.close()


def held(
    attacks: Sequence[Attack],
    here: Surroundings,
    limits: Limits,
    tmp_path: Path,
    isolation: Isolation,
) -> None:
    """Each attack fails with a reason, and all of them leave nothing behind."""

    def marked(program: Program) -> ProcessResult:
        named = program._replace(command=(*program.command, here.token))
        return run_isolated(isolation, named, limits, shutil.which("bwrap") or "")

    grade = UnitTestGrader(CPythonSandbox(marked))  # type: ignore[arg-type]

    def attempt(attack: Attack) -> tuple[str, float, str]:
        score, reason = grade(DOUBLE, f"```python\n{here.told(attack)}\n```")
        return attack.name, score, reason

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, attacks))
    assert [r for r in results if r[1] != 0 or not r[2]] == []
    assert here.left() == []
    assert os.listdir(tmp_path) == ["secret"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_sample_of_attacks_of_every_kind_fails(
    here: Surroundings, tmp_path: Path, isolation: Isolation
) -> None:
    held([a for a in (*ESCAPES, *FORGERIES) if a.quick], here, SMALL, tmp_path, isolation)
    held([a for a in ENDLESS if a.quick], here, SHORT, tmp_path, isolation)


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize(
    ("attacks", "limits"), [(ESCAPES, SMALL), (FORGERIES, SMALL), (ENDLESS, SHORT)]
)
def test_every_attack_fails(
    attacks: Sequence[Attack],
    limits: Limits,
    here: Surroundings,
    tmp_path: Path,
    isolation: Isolation,
) -> None:
    held(attacks, here, limits, tmp_path, isolation)


@pytest.mark.skipif("namespaces" not in ISOLATIONS, reason="no namespaces here")
def test_the_scratch_folder_allows_no_execution_and_limits_its_files(
    here: Surroundings, tmp_path: Path
) -> None:
    held(STRICT, here, SMALL, tmp_path, "namespaces")


def test_there_are_at_least_a_hundred_attacks_with_distinct_names() -> None:
    attacks = (*ESCAPES, *STRICT, *FORGERIES, *ENDLESS)
    assert len({a.name for a in attacks}) == len(attacks) >= 100


@needs_isolation
@pytest.mark.slow
def test_the_attacks_succeed_without_a_sandbox(here: Surroundings, tmp_path: Path) -> None:
    (python, *flags), _ = find_python()
    (tmp_path / "scratch").mkdir()
    harmless = [a for a in ESCAPES if a.plain]
    assert len(harmless) >= 20
    for attack in harmless:
        order = {"code": here.told(attack), "calls": ["f(3)"], "mark": "m"}
        command = [python, *flags, harness.__file__]
        done = subprocess.run(
            command,
            input=json.dumps(order).encode(),
            capture_output=True,
            cwd=tmp_path / "scratch",
            check=False,
        )
        for path in here.left():
            Path(path).unlink()
        assert done.stdout == b'm "6"\nm ""\n', f"{attack.name}: {done.stderr.decode()}"


@needs_isolation
def test_a_harmless_program_runs_after_all_attacks(here: Surroundings) -> None:
    code = "import math, itertools, collections, functools, re, json\ndef f(x): return math.prod((x, 2))"
    assert UnitTestGrader(CPythonSandbox(IsolatedSandbox(SMALL)))(
        DOUBLE, f"```python\n{code}\n```"
    ) == (
        1.0,
        "passes every test",
    )
    assert CPythonSandbox(IsolatedSandbox(SMALL))(code, ["f(5)"]).values == ("10",)
