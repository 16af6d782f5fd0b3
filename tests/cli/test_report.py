"""The report command: one JSON document, or a page."""

from pathlib import Path

from tests.cli.toys import docendo, hashes
from tests.report.toys import small_run


def test_report_prints_one_json_document(finished: Path, here: Path) -> None:
    before = hashes(finished)
    found = docendo("report", finished, "--json")
    assert found.json["run"] == {"name": "run", "model": "tiny", "finished": True}
    assert found.json["rounds"]["teaching"] == 2
    assert found.err == ""
    assert hashes(finished) == before


def test_report_writes_the_page_to_the_given_path(here: Path) -> None:
    small_run(here / "run").close()
    assert "run/report.html" in docendo("report", "run").out
    assert (here / "run" / "report.html").is_file()
    assert docendo("report", "run", "--json", "--html", "page.html").json["gate"] == {
        "lessons": 4,
        "passed": 3,
    }
    assert (here / "page.html").is_file()
