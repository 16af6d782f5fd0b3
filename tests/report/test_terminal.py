"""The report for a terminal."""

from pathlib import Path

from rich.console import Console

from docendo.report import terminal_report
from tests.report.toys import small_run


def test_text_in_a_run_cannot_control_the_terminal(tmp_path: Path) -> None:
    with (
        small_run(tmp_path / "league", "\x1b[31m[bold]\x9b2J\u202e") as run,
        Path("/dev/null").open("w") as sink,
    ):
        console = Console(width=160, record=True, file=sink)
        console.print(terminal_report(run))
    text = console.export_text()
    assert not set("\x1b\x9b\u202e") & set(text)
    assert "␛[31m[bold][U+009B]2J[U+202E]" in text
    assert "12 → 50%, +38 points" in text
