"""What happens between two evaluations of a study's training."""

import pytest

from docendo.records import Metrics
from docendo.store.rows import RoundRecord
from docendo.study.stage_log import StageLog, cyclic_gain_share
from tests.toys import ANN, BOB, episode, match


def test_lessons_of_a_snapshot_count_for_its_agent():
    log = StageLog()
    for teacher, gain in ((ANN, 0.5), (f"{ANN}@3", 0.0)):
        e = episode((gain,), expected=0.0, match=match(teacher, BOB))
        log.add(RoundRecord(index=0, stage="teaching", seconds=0.0, episodes=[e]))
    assert log.summarize(7.0)["lesson_gains"] == [
        {"flops": 7.0, "teacher": "ann", "student": "bob", "gain": 0.25, "lessons": 2}
    ]


def test_metrics_are_averaged_over_the_rounds_that_have_them():
    log = StageLog()
    for metrics in (
        {"groups/nonzero_variance": 0.5, "gate/passed": 1.0},
        {"groups/nonzero_variance": 0.25},
        {},
    ):
        log.add(
            RoundRecord(index=0, stage="teaching", seconds=0.0, metrics=Metrics(0, metrics))
        )
    assert log.summarize(7.0) == {
        "lesson_gains": [],
        "nonzero_variance": [7.0, 0.375],
        "gate_passed": [7.0, 1.0],
    }


def test_a_ring_of_helpers_is_cyclic_and_a_ladder_is_not():
    ring = {("a", "b"): 1.0, ("b", "c"): 1.0, ("c", "a"): 1.0}
    ladder = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 2.0}
    assert cyclic_gain_share(ring) == pytest.approx(1.0)
    assert cyclic_gain_share(ladder) == pytest.approx(0.0, abs=1e-12)
    assert cyclic_gain_share({("a", "b"): 1.0}) is None
    assert cyclic_gain_share(dict.fromkeys(ring, 0.0)) is None
