"""What agents kept, from a run's metrics."""

from pathlib import Path

from docendo.records import AgentId, MetricKey, Metrics
from docendo.report.facts.kept import KeptMeasure, read_kept
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG


def test_a_measure_has_its_first_and_its_last_value(
    tmp_path: Path,
) -> None:
    ann, base = AgentId("ann"), AgentId("base")
    first = {MetricKey("kept/one_shot", base): 0.75}
    later = [
        {MetricKey("kept/one_shot", ann): share, MetricKey("kept/base_text", ann): nats}
        for share, nats in ((0.5, -0.1), (0.4, -0.2), (0.25, -0.3))
    ]
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        for index, values in enumerate([first, *later], -1):
            metrics = Metrics(index, values)
            run.commit(RoundRecord(index, "teaching", 1.0, metrics=metrics))
        kept = read_kept(run)
    assert kept == [
        KeptMeasure("base", "one_shot", 0.75, None),
        KeptMeasure("ann", "base_text", -0.1, -0.3),
        KeptMeasure("ann", "one_shot", 0.5, 0.25),
    ]
