"""The facts of a run, read once."""

from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.report import summary
from docendo.store import RunDirectory


@pytest.mark.parametrize(
    ("config", "problem"), [("not toml [", "is not TOML"), ("agents = 3", "agents")]
)
def test_an_unreadable_config_is_named_in_the_summary(
    tmp_path: Path, config: str, problem: str
) -> None:
    with (
        RunDirectory.create(tmp_path / "run", config) as run,
        pytest.raises(UserError, match=rf"run/config\.toml.*{problem}"),
    ):
        summary(run)
