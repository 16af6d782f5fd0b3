"""The compute that choosing lessons saved, summed over a run."""

from pathlib import Path

from docendo.records import Metrics
from docendo.report.facts.choosing import Choosing, read_choosing
from docendo.report.render.lesson_tables import tabulate_choosing
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG


def test_what_choosing_saved_is_summed_over_rounds_and_told(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        assert read_choosing(run) is None
        assert tabulate_choosing(None).rows == []
        for index, saved in enumerate((5e9, -1e9)):
            metrics = {"choosing/dropped": 4.0, "choosing/saved": saved}
            run.commit(RoundRecord(index, "teaching", 1.0, metrics=Metrics(index, metrics)))
        assert read_choosing(run) == Choosing(8, 4e9)
        assert tabulate_choosing(read_choosing(run)).rows == [["8", "4 GFLOP"]]
