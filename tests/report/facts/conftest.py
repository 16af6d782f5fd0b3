from pathlib import Path

import pytest

from docendo.store import RunDirectory
from tests.report.toys import small_run


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """The small run, worked out by hand."""
    small_run(tmp_path / "league").close()
    return RunDirectory.open(tmp_path / "league")
