from pathlib import Path

import pytest

from tests.cli.toys import docendo, tiny_config


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
