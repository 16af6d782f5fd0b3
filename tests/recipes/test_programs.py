"""The recipes that are programs run, and say what they promise."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RECIPES = Path(__file__).parents[2] / "recipes"


def ran(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RECIPES / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def document(name: str, *arguments: str) -> Any:
    done = ran(name, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_red_door_recipe_prints_the_speedup_with_its_interval() -> None:
    shown = ran("red_door.py", "--seeds", "3", "--habit", "0.9").stdout
    assert shown.count("3 of 3") == 3
    hall, *chosen = document("red_door.py", "--seeds", "3", "--habit", "0.9")["rows"]
    assert hall["times_faster"] is None
    for row in chosen:
        n = row["times_faster"]
        assert 0 < n["low"] <= n["times"] <= n["high"]
        assert f"{n['times']:.1f} ({n['low']:.1f} to {n['high']:.1f})" in shown


def test_where_the_baseline_never_learns_the_speedup_is_a_lower_bound() -> None:
    shown = ran("red_door.py", "--seeds", "2", "--prize", "1", "--budget", "1000").stdout
    assert "0 of 2" in shown
    assert shown.count("at least") == 2


def test_the_known_games_recipe_reports_every_round() -> None:
    found = document("known_games.py", "--rounds", "3", "--psro", "2")["curves"]
    assert len(found) == 4 * 5
    assert {(row["method"], len(row["curve"])) for row in found} == {
        ("naive self-play", 3),
        ("fictitious self-play", 3),
        ("prioritized self-play", 3),
        ("PSRO", 2),
    }
    assert [row["value"] is None for row in found] == [True] * 15 + [False] * 5
    shown = ran("known_games.py", "--rounds", "3", "--psro", "2").stdout
    assert all(f"{row['curve'][-1]:.3f}" in shown for row in found)


def test_no_speedup_is_reported_where_not_all_seeds_learn() -> None:
    rows = document("red_door.py", "--seeds", "2", "--budget", "20")["rows"]
    assert [(row["learned"], row["times_faster"]) for row in rows] == [(0, None)] * 3


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("red_door.py", ("--seeds", "1"), "--seeds 1: an interval needs at least 2"),
        ("red_door.py", ("--levers", "1"), "at least 2 levers"),
        ("red_door.py", ("--habit", "1"), "habit and memory in 0 to 1"),
        (
            "tastes.py",
            ("--people", "1"),
            "at least one seed, two people and two questions are wanted",
        ),
        (
            "known_games.py",
            ("--rounds", "0"),
            "--rounds 0, --psro 30: at least 1 is wanted",
        ),
    ],
)
def test_recipes_refuse_wrong_numbers_in_one_line(
    name: str, arguments: tuple[str, ...], said: str
) -> None:
    done = ran(name, *arguments)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_the_preferences_recipe_finds_the_planted_cycle() -> None:
    found = document("tastes.py", "--seeds", "1", "--people", "45", "--questions", "3")
    rows = {row["crowd"]: row for row in found["rows"]}
    assert (
        rows["cyclic"]["ring"]["agents"]
        == rows["three orders"]["ring"]["agents"]
        == found["planted"]
    )
    assert rows["cyclic"]["share"]["low"] > 0
    assert rows["three orders"]["cyclic people"] == 0
    assert (rows["one order"]["ring"], rows["one order"]["share"]["share"] < 0.05) == (
        None,
        True,
    )
    shown = ran("tastes.py", "--seeds", "1", "--people", "9", "--questions", "2").stdout
    assert "courteous > thorough > terse in 1 of 1" in shown
