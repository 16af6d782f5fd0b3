from hypothesis import given
from hypothesis import strategies as st

from docendo.monitors.alarms import AlarmRules, raise_alarms
from docendo.monitors.detectors import growth_metrics
from docendo.monitors.monitor import Monitors

ROUNDS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 9), st.floats(1, 5), st.floats(0, 1)),
    max_size=40,
)


@given(ROUNDS, st.integers(1, 12))
def test_what_a_watch_forgets_changes_no_alarm(
    rounds: list[tuple[float, int, float, float]], window: int
) -> None:
    names = (
        "alarm/leak/ann",
        "looked/leak/ann",
        "length/lessons/ann",
        "earned/lessons/ann",
    )
    every = {
        name: [(i, float(told[n])) for i, told in enumerate(rounds)]
        for n, name in enumerate(names)
        if rounds
    }
    watch = Monitors(AlarmRules(limits={"leak": 0.3, "growth": 0.5}, window=window))
    watch.recall(every)
    assert raise_alarms(watch.seen, watch.rules) == raise_alarms(every, watch.rules)
    assert growth_metrics(watch.seen) == growth_metrics(every)


def test_a_watch_keeps_the_first_rounds_and_the_newest() -> None:
    watch = Monitors(AlarmRules(window=6))
    watch.recall(
        {"length/answers/ann": [(i, 1.0) for i in range(100)], "gate/passed": [(0, 1.0)]}
    )
    assert [i for i, _ in watch.seen["length/answers/ann"]] == [*range(5), *range(94, 100)]
    assert list(watch.seen) == ["length/answers/ann"]
