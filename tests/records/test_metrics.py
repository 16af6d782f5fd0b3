"""Metrics have a name, an agent and a step, and one collector."""

import pytest

from docendo.records import Metric, MetricKey, Metrics
from tests.toys import ANN, BOB


def test_collected_values_are_records_with_name_agent_and_step() -> None:
    metrics = Metrics(7, {"gain": 0.5})
    metrics.collect({MetricKey("data/wiki", ANN): 3.0})
    assert metrics.records == [
        Metric("gain", None, 7, 0.5),
        Metric("data/wiki", ANN, 7, 3.0),
    ]


def test_as_a_mapping_metrics_are_values_by_name_and_agent() -> None:
    metrics = Metrics(0, {"duels/legal": 0.9, MetricKey("duels/legal", ANN): 0.8})
    assert dict(metrics) == {"duels/legal": 0.9, "duels/legal/ann": 0.8}
    assert metrics.get("gain") is None
    with pytest.raises(KeyError):
        metrics["gain"]


def test_the_values_of_one_metric_are_found_by_agent() -> None:
    values = {MetricKey("data/wiki", ANN): 3.0, MetricKey("data/wiki", BOB): 4.0}
    metrics = Metrics(0, {**values, "data/wiki": 7.0})
    assert metrics.by_agent("data/wiki") == {ANN: 3.0, BOB: 4.0}


def test_a_later_value_replaces_an_earlier_one() -> None:
    metrics = Metrics(0, {"gain": 0.5})
    metrics.collect({"gain": 0.25})
    assert dict(metrics) == {"gain": 0.25}
