"""What was written is no longer there."""

from pathlib import Path

from tests.crash.rot import trials


def test_damage_to_a_checkpoint_is_noticed_and_the_newest_sound_one_is_used(
    tmp_path: Path,
) -> None:
    found = trials(tmp_path, count=80, seed=1)
    assert found.wrong == []
    assert len(found.trials) == 8
