import io

import pytest

from docendo.cli.study_progress import StudyProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_time_left_of_a_study_is_estimated_from_this_sessions_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stderr", terminal)
    times = [0.0]
    progress = StudyProgress(4, clock=lambda: times[0])
    progress.done(1)
    progress.on_message("scarce, teaching, seed 1")
    progress.on_progress(0.5)
    times[0] = 10.0
    with progress:
        pass
    # half a training took 10 s, and two and a half are left
    assert "1/4" in terminal.getvalue()
    assert "about 50 s left  scarce, teaching, seed 1 50%" in terminal.getvalue()


def test_a_warning_is_shown_once_and_progress_every_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with StudyProgress(2) as progress:
        progress.done(0)
        for _ in range(2):
            progress.on_warning("answers are cut off")
            progress.on_message("scarce, base, seed 0")
    assert capsys.readouterr().err.splitlines() == [
        "answers are cut off",
        "scarce, base, seed 0",
        "scarce, base, seed 0",
    ]
