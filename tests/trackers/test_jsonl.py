"""A line of JSON per round; a resumed run drops the lines of rounds that were rolled back."""

import json
from pathlib import Path

from docendo.trackers.jsonl import JsonLines


def rounds_in(folder: Path) -> list[int]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["round"] for line in lines]


def test_every_round_is_one_line_with_null_for_values_that_are_not_finite(
    tmp_path: Path,
) -> None:
    tracker = JsonLines("metrics.jsonl")
    tracker.start(tmp_path, {}, -2)
    tracker.log(0, "experts", {"gain": 0.5, "unknown": float("nan"), "far": float("inf")})
    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "round": 0,
        "stage": "experts",
        "metrics": {"gain": 0.5, "unknown": None, "far": None},
    }


def test_lines_of_later_rounds_and_an_incomplete_line_are_dropped(
    tmp_path: Path,
) -> None:
    tracker = JsonLines("metrics.jsonl")
    tracker.start(tmp_path, {}, -2)
    for round_index in (0, 1, 2):
        tracker.log(round_index, "teaching", {})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"round": 3, "sta')

    JsonLines("metrics.jsonl").start(tmp_path, {}, 1)
    assert rounds_in(tmp_path) == [0, 1]


def test_a_tracker_says_which_round_it_has_last(tmp_path: Path) -> None:
    tracker = JsonLines("metrics.jsonl")
    assert tracker.start(None, {}, 4) is None
    assert tracker.start(tmp_path, {}, 4) == -2
    for round_index in (-1, 0, 1):
        tracker.log(round_index, "teaching", {})
    assert tracker.start(tmp_path, {}, 4) == 1
    assert tracker.start(tmp_path, {}, 0) == 0


def test_a_dry_run_without_a_folder_writes_no_log(tmp_path: Path) -> None:
    tracker = JsonLines("metrics.jsonl")
    tracker.start(None, {}, -2)
    tracker.log(0, "experts", {"gain": 0.5})
    tracker.finish()
    assert list(tmp_path.iterdir()) == []
