from math import inf

from docendo.monitors.alarms import (
    raise_alarms,
    select_stopping,
    share_in_window,
)
from docendo.monitors.names import MetricName
from tests.monitors.toys import alarm_rules

LEAK = MetricName("answer_leak", "share", "ann")
GROWTH = MetricName("length_growth", "share", "ann")


def test_a_round_is_weighted_by_the_number_of_items_checked_in_it() -> None:
    series = {
        MetricName("answer_leak", "share", "ann"): [(1, 1.0), (2, 0.5), (3, 0.0)],
        MetricName("answer_leak", "checked", "ann"): [(1, 1.0), (2, 2.0), (3, 6.0)],
    }
    assert share_in_window(series, LEAK, 3, 3) == (3, 2 / 9, 2)
    assert share_in_window(series, LEAK, 2, 3) == (3, 1 / 8, 1)
    assert share_in_window(series, LEAK, 3, 2) == (2, 2 / 3, 2)
    assert share_in_window(
        {MetricName("length_growth", "share", "ann"): [(1, 2.0), (2, 0.5)]}, GROWTH, 3, 2
    ) == (
        2,
        0.5,
        inf,
    )


def test_an_alarm_is_raised_above_its_limit_and_may_stop_the_run() -> None:
    shares = [(1, 0.5), (2, 0.5), (3, 0.5)]
    series = {
        MetricName("answer_leak", "share", "ann"): shares,
        MetricName("answer_leak", "checked", "ann"): [(r, 2.0) for r, _ in shares],
    }
    rules = alarm_rules({"answer_leak": 0.4}, window=3, stop_on=("answer_leak",))
    (alarm,) = raise_alarms(series, rules)
    assert alarm == ("answer_leak", "ann", 3, 0.5, 0.4)
    assert select_stopping([alarm], rules) == [alarm]
    assert select_stopping([alarm], alarm_rules({"answer_leak": 0.4})) == []
    assert raise_alarms(series, alarm_rules({"answer_leak": 0.5})) == []
    assert raise_alarms(series, alarm_rules({"degenerate_lesson": 0.0})) == []


def test_a_few_findings_raise_no_alarm_whatever_their_share() -> None:
    series = {
        MetricName("answer_leak", "share", "ann"): [(1, 1.0)],
        MetricName("answer_leak", "checked", "ann"): [(1, 2.0)],
    }
    assert raise_alarms(series, alarm_rules({"answer_leak": 0.25})) == []
    assert (
        len(raise_alarms(series, alarm_rules({"answer_leak": 0.25}, min_findings=2))) == 1
    )
