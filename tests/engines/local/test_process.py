"""Importing docendo changes nothing of the process; opening an engine prepares it."""

import os
import subprocess
import sys

import pytest

from docendo.engines.local import process
from docendo.engines.local.process import prepare_process, trim_memory

NAMES = (
    "LRU_CACHE_CAPACITY",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY",
    "OMP_WAIT_POLICY",
    "THP_MEM_ALLOC_ENABLE",
)


def run_python(program: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_reading_settings_neither_changes_the_environment_nor_imports_torch() -> None:
    program = (
        "import os, sys; before = dict(os.environ); import docendo.config.load; "
        "import docendo.engines; print(before == dict(os.environ), 'torch' in sys.modules)"
    )
    assert run_python(program) == "True False"


def test_opening_an_engine_prepares_the_process_and_importing_it_does_not() -> None:
    program = (
        "import os; from docendo.backend import BackendSettings; "
        "from docendo.engines.local.engine import open_engine; "
        f"print([name for name in {NAMES} if name in os.environ]); "
        "open_engine(BackendSettings('tiny', 2, 2.0, 'float32', 'cpu', 'torch', 8, 64, False, {})); "
        f"print([os.environ[name] for name in {NAMES}])"
    )
    assert run_python(program).splitlines() == ["[]", "['32', '256', 'passive', '1']"]


def test_the_command_line_prepares_the_process_before_torch_is_imported() -> None:
    program = (
        "import sys, docendo.cli; imported = []; "
        "docendo.cli.prepare_process = lambda: imported.append('torch' in sys.modules); "
        "docendo.cli.app = lambda **_: 0\n"
        "try: docendo.cli.main()\n"
        "except SystemExit: print(imported)"
    )
    assert run_python(program) == "[False]"


def test_an_environment_variable_that_is_already_set_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.delenv("LRU_CACHE_CAPACITY", raising=False)
    prepare_process()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    assert os.environ["LRU_CACHE_CAPACITY"] == "32"


def test_malloc_is_configured_on_linux_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("no C library is loaded")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(process.ctypes, "CDLL", refuse)
    prepare_process()
    trim_memory()
    assert sys.platform == "darwin"
