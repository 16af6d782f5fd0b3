"""The plug is pulled."""

from pathlib import Path

import pytest

from tests.crash.kill import trials


@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_ends_as_one_that_was_not(tmp_path: Path) -> None:
    found = trials(tmp_path, kills=6, seed=1)
    assert found.different == []
    assert found.kills == 6
    assert found.inside >= 1
