"""Asking a person at the terminal, line by line."""

import getpass
import io

import pytest
from rich.console import Console

from docendo.cli.dialog import get_user_name, indent_quote, read_line


def test_a_line_comes_without_spaces_and_the_end_of_the_input_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("  why? \n\n"))
    assert [read_line("? "), read_line("? "), read_line("? ")] == ["why?", "", None]
    assert capsys.readouterr().out == "? ? ? "


def test_a_quote_is_indented_wherever_it_wraps() -> None:
    console = Console(width=12, file=io.StringIO(), record=True)
    console.print(indent_quote("one two three four"), indent_quote(" "))
    lines = [line.rstrip() for line in console.export_text().splitlines() if line.strip()]
    assert lines == ["  one two", "  three four", "  (nothing)"]


def test_a_user_without_a_name_is_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("no entry")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert get_user_name() == "somebody"
