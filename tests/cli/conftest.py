from pathlib import Path

import pytest

from tests.cli.toys import docendo, tiny_config

UNTAUGHT = {
    "model": "tiny",
    "teaching.rounds": 0,
    "experts.steps": 1,
    "evaluation.problems": 3,
}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that `docendo run` made. Tests only read it."""
    folder = tmp_path_factory.mktemp("finished")
    done = docendo("run", tiny_config(folder), "--out", folder / "run")
    assert done.code == 0, done.err
    return folder / "run"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without teaching, for people to talk to; each file of tests has one of its own."""
    path = tmp_path_factory.mktemp("chat") / "run"
    settings = [f"--set={name}={value}" for name, value in UNTAUGHT.items()]
    done = docendo("run", *settings, "--out", path)
    assert done.code == 0, done.err
    return path
