"""The plug is pulled."""

from pathlib import Path

import pytest

from tests.crash.kill import trials


@pytest.mark.slow
def test_a_run_killed_anywhere_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    found = trials(tmp_path, kills=6, seed=1)
    assert found.different == []
    assert found.kills == 6
    assert found.inside >= 1
