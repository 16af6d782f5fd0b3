"""The table of monitors: a run can only stop on what is watched."""

import pytest
from pydantic import ValidationError

from docendo.config.monitors import MonitorsConfig


def test_a_run_stops_only_on_monitors_that_are_enabled() -> None:
    assert MonitorsConfig(stop_on=["answer_leak"]).stop_on == ["answer_leak"]
    with pytest.raises(ValidationError, match="got 'length_growth'"):
        MonitorsConfig(enabled=["answer_leak"], stop_on=["length_growth"])


def test_a_run_stops_on_the_answer_probe_only_if_lessons_are_probed() -> None:
    assert MonitorsConfig(stop_on=["answer_probe"], probes_per_round=4).probes_per_round
    with pytest.raises(ValidationError, match="got probes_per_round = 0"):
        MonitorsConfig(stop_on=["answer_probe"])
