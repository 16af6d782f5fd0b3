"""What reaches the terminal."""

import pytest

from docendo.cli.output import show, table, title


def test_a_table_with_numbers_is_complete_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "23")
    made = table(["agent", "domain"], ["rating", "interval"])
    made.add_row("ada", "genes", "1234", "+1 to +2")
    show(made)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["agent", "domain", "rating"],
        ["ada", "genes", "1234"],
        [],
        ["agent", "domain", "interval"],
        ["ada", "genes", "+1", "to", "+2"],
    ]


def test_a_table_of_words_alone_stays_one_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    made = table(["what", "fix"])
    made.add_row("sandbox", "install something that is long")
    show(made)
    assert capsys.readouterr().out.count("what") == 1


def test_a_title_is_one_line_in_any_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    show(title("Agents, best rating first (Elo points)"), "and then")
    assert capsys.readouterr().out == "Agents, best rating first (Elo points)\nand then\n"
