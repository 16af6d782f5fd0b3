"""The settings of monitors become their rules and probes."""

from docendo.build.monitors import alarm_rules, build_monitors
from docendo.config import MonitorsConfig


def test_only_enabled_monitors_have_a_limit() -> None:
    rules = alarm_rules(
        MonitorsConfig(
            enabled=["answer_leak", "length_growth"],
            stop_on=["answer_leak"],
            answer_leak=0.1,
            window=5,
        )
    )
    assert rules.limits == {"answer_leak": 0.1, "length_growth": 0.75}
    assert rules.window == 5
    assert rules.stop_on == ["answer_leak"]


def test_lessons_are_probed_only_where_the_probe_is_enabled() -> None:
    probing = MonitorsConfig(probes_per_round=4)
    assert build_monitors(probing).plan.lessons == 4
    off = MonitorsConfig(enabled=["answer_leak"], probes_per_round=4)
    assert build_monitors(off).plan.lessons == 0
