import pytest

from docendo.cli.league_tables import show_best_teachers, show_lineage, show_rounds
from docendo.statistics import Estimate


def test_nothing_is_shown_where_there_is_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_best_teachers({})
    show_rounds([])
    show_lineage([{"how": "founder"}])
    assert capsys.readouterr().out == ""


def test_the_best_teacher_of_a_student_comes_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gains = {name: {"bob": Estimate(gain, None, None, 3)} for name, gain in GAINS.items()}
    show_best_teachers(gains)
    lines = [line for line in capsys.readouterr().out.splitlines() if "bob" in line]
    assert [line.split()[1] for line in lines][:2] == ["eve", "ann"]


GAINS = {"ann": 0.1, "eve": 0.3, "cat": -0.2}


def test_the_share_of_chance_is_that_of_noise_in_noise_and_signal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = {"groups/nonzero_variance": 0.5, "groups/total": 8.0}
    gradient = {"grad_noise/policy": 3.0, "grad_signal/policy": 1.0}
    show_rounds([{"round": 7, **counts, **gradient}])
    shown = capsys.readouterr().out
    assert "50% of 8" in shown
    assert "75%" in shown


def test_a_copy_that_was_replaced_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    copy = {"name": "ann@3", "how": "frozen", "parents": ["ann"], "round": 3}
    show_lineage([{**copy, "present": False}])
    assert "gone" in capsys.readouterr().out
