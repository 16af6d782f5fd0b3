"""What monitors found, and which alarms the report raises again."""

from pathlib import Path

from docendo.config.load import read_run_config
from docendo.monitors.names import CHECKED, SHARE, MetricName
from docendo.records import AgentId, Finding, Metrics
from docendo.report.facts.monitors import monitor_facts
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG

MONITORS = f"""{CONFIG}
[monitors]
answer_leak = 0.5
min_findings = 2
window = 1
stop_on = ["answer_leak"]
"""
ANN, BOB = AgentId("ann"), AgentId("bob")


def test_raised_alarms_come_first_with_a_reason_and_all_that_was_checked(
    tmp_path: Path,
) -> None:
    with RunDirectory.create(tmp_path / "run", MONITORS) as run:
        for index, (ann, bob) in enumerate([(0.0, 0.25), (0.75, 0.0)]):
            values = {}
            for agent, share in ((ANN, ann), (BOB, bob)):
                values[MetricName("answer_leak", SHARE, agent).key] = share
                values[MetricName("answer_leak", CHECKED, agent).key] = 4.0
            findings = [Finding(index, "answer_leak", ANN, 0, f"round {index}")]
            run.commit(
                RoundRecord(
                    index,
                    "teaching",
                    1.0,
                    metrics=Metrics(index, values),
                    findings=findings,
                )
            )
        first, second = monitor_facts(run, read_run_config(run))

    assert (first.agent, first.raised, first.example) == ("ann", (1,), "round 1")
    assert (first.now, first.largest, first.limit, first.stops) == (0.75, 0.75, 0.5, True)
    assert (second.agent, second.raised, second.example) == ("bob", (), "")
    assert (second.now, second.largest, second.stops) == (0.0, 0.25, False)
