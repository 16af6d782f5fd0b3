from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from docendo.monitors.alarms import AlarmRules, raise_alarms
from docendo.monitors.answer_probe import ProbePlan, ProbeRoom
from docendo.monitors.metrics import growth_metrics
from docendo.monitors.monitor import Monitors
from docendo.monitors.names import NAMES, MetricName
from docendo.records import Finding, MetricKey, MetricSeries
from tests.monitors.planters import episode
from tests.monitors.toys import alarm_rules
from tests.toys import ANN, problem

ROUNDS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 9), st.floats(1, 5), st.floats(0, 1)),
    max_size=40,
)


def monitors_of(
    rules: AlarmRules | None = None, enabled: Collection[str] = NAMES
) -> Monitors:
    plan = ProbePlan(lessons=0, choices=12)
    return Monitors(rules or alarm_rules(), plan, enabled)


@given(ROUNDS, st.integers(1, 12))
def test_dropping_old_history_changes_no_alarm(
    rounds: list[tuple[float, int, float, float]], window: int
) -> None:
    names = (
        MetricName("answer_leak", "share", "ann"),
        MetricName("answer_leak", "checked", "ann"),
        MetricName("length_growth", "lesson_length", "ann"),
        MetricName("length_growth", "lesson_reward", "ann"),
    )
    every = {
        name: [(i, float(told[n])) for i, told in enumerate(rounds)]
        for n, name in enumerate(names)
        if rounds
    }
    monitors = monitors_of(
        alarm_rules({"answer_leak": 0.3, "length_growth": 0.5}, window=window)
    )
    monitors.recall(MetricSeries(name.key, points) for name, points in every.items())
    assert raise_alarms(monitors.history, monitors.rules) == raise_alarms(
        every, monitors.rules
    )
    assert growth_metrics(monitors.history) == growth_metrics(every)


def test_the_history_keeps_the_first_rounds_and_the_newest() -> None:
    monitors = monitors_of(alarm_rules(window=6))
    length = MetricName("length_growth", "answer_length", ANN)
    monitors.recall(
        [
            MetricSeries(length.key, [(i, 1.0) for i in range(100)]),
            MetricSeries(MetricKey("gate/passed"), [(0, 1.0)]),
        ]
    )
    assert [i for i, _ in monitors.history[length]] == [*range(5), *range(94, 100)]
    assert list(monitors.history) == [length]


def test_inspecting_a_round_returns_findings_by_episode_and_enabled_metrics() -> None:
    own = problem(1)
    honest = episode(own.worked, own, problem(2))
    leaking = episode(f"{problem(3).answer}\n{own.worked}", own, problem(3))
    room = ProbeRoom(scorer=None, sources={})
    report = monitors_of(enabled=["answer_leak"]).look(7, [honest, leaking], room, seed=0)
    assert report.findings == [
        Finding(leaking.round, "answer_leak", ANN, 1, "the test's answer is in it")
    ]
    assert report.metrics[MetricName("answer_leak", "share", ANN).key] == 0.5
    assert MetricName("degenerate_lesson", "share", ANN).key not in report.metrics
    assert MetricName("length_growth", "lesson_length", ANN).key in report.metrics
    assert monitors_of().look(7, [], room, seed=0) == ({}, ())
