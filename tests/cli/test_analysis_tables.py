import pytest

from docendo.analysis.overview import analyse
from docendo.cli.analysis_tables import show_analysis

RPS = [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]


def test_the_agents_their_payoffs_and_clusters_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_analysis(analyse(["rock", "scissors", "paper"], RPS), "a [note]")
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("rock", "scissors", "paper", "a [note]"))
    assert "hardest" in shown  # a narrow terminal wraps "hardest opponent"
    assert "Nash clusters" in shown


def test_the_payoffs_of_many_agents_are_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f"agent{i}" for i in range(11)]
    show_analysis(analyse(names, [[0.0] * 11] * 11))
    many = capsys.readouterr().out
    show_analysis(analyse(names[:10], [[0.0] * 10] * 10))
    few = capsys.readouterr().out
    assert len(few.splitlines()) > len(many.splitlines())
