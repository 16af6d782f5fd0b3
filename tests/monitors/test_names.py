"""The names of the monitors' metrics."""

from docendo.monitors.names import CHECKED, NAMES, SHARE, MetricName
from docendo.records import AgentId, MetricKey


def test_a_name_comes_back_from_its_key_and_another_metric_has_none() -> None:
    share = MetricName("answer_leak", SHARE, AgentId("ann"))
    assert share.key == MetricKey("monitor/answer_leak/share", AgentId("ann"))
    assert MetricName.from_key(share.key) == share
    assert MetricName.from_key(MetricKey("gate/passed")) is None
    assert MetricName.from_key(MetricKey("monitor/answer_leak/share")) is None


def test_another_measure_keeps_the_monitor_and_the_agent() -> None:
    share = MetricName("answer_leak", SHARE, AgentId("ann"))
    assert share.of(CHECKED) == MetricName("answer_leak", CHECKED, AgentId("ann"))


def test_every_monitor_has_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES) == 5
