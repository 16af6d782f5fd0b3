import io

import pytest

from docendo.cli.live_bar import BarState, LiveBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stderr", stream)
    return stream


def test_the_progress_bar_is_one_line_however_long_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = narrow_terminal(monkeypatch)
    bar = LiveBar(lambda: BarState("teaching 2/4", 0.5, "about 3 s left  " + "x" * 80))
    bar.start()
    bar.stop()
    lines = [line for line in terminal.getvalue().splitlines() if "teaching 2/4" in line]
    assert "about 3 s left" in lines[0]
    assert "…" in lines[0]
    assert "x" * 30 not in lines[0]


def test_lines_above_the_progress_bar_stay_and_cannot_control_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = narrow_terminal(monkeypatch)
    bar = LiveBar(lambda: BarState("start", 0.0, ""))
    bar.start()
    bar.print_line("round \x1b[2J one")
    bar.stop()
    assert "round ␛[2J one" in terminal.getvalue()


def test_without_a_terminal_there_is_no_progress_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bar = LiveBar(lambda: BarState("start", 0.0, "nothing to see"))
    bar.start()
    bar.print_line("round one")
    bar.stop()
    assert capsys.readouterr().err == "round one\n"
