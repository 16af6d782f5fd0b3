"""The ways that a run compared, from its notes."""

from pathlib import Path

from docendo.report import summary
from docendo.report.facts.system import read_ways
from docendo.statistics import Estimate
from docendo.store import RunDirectory
from docendo.system import Way
from tests.report.toys import CONFIG, run_of_one_round

WAYS = [
    Way("lesson", Estimate(0.75, 0.5, 0.9, 8), None, 1, 4e6),
    Way("vote", Estimate(0.5, 0.25, 0.75, 8), Estimate(0.25, 0.0, 0.5, 8), 3, 3.5e6),
]


def test_the_ways_of_the_last_round_are_read(tmp_path: Path) -> None:
    with run_of_one_round(tmp_path / "run", CONFIG, {}) as run:
        assert read_ways(run) == []
    with RunDirectory.open(tmp_path / "run", write=True) as run:
        run.note(system=[way._asdict() for way in WAYS])
        assert read_ways(run) == WAYS
        told = summary(run)["system"]
    assert [row["name"] for row in told] == ["lesson", "vote"]
    assert told[1]["behind"]["mean"] == 0.25
