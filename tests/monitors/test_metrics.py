from docendo.monitors.findings import find_all
from docendo.monitors.metrics import growth_metrics, length_metrics, share_metrics
from docendo.monitors.names import MetricName
from tests.monitors.planters import episode
from tests.monitors.toys import OTHER, OWN


def test_shares_are_relative_to_an_agents_own_lessons_and_answers() -> None:
    leaking = episode(f"58\n{OWN.solution}", OWN, OTHER, answer="Answer: 58")
    clean = episode(OWN.solution, OWN, OTHER, teacher="ann@3", answer="Answer: 58 or 59")
    found = share_metrics([leaking, clean], find_all([leaking, clean]))
    assert found == {
        MetricName("answer_leak", "share", "ann"): 0.5,
        MetricName("degenerate_lesson", "share", "ann"): 0.0,
        MetricName("format_exploit", "share", "ann"): 0.0,
        MetricName("format_exploit", "share", "bob"): 0.5,
        MetricName("answer_leak", "checked", "ann"): 2,
        MetricName("degenerate_lesson", "checked", "ann"): 2,
        MetricName("format_exploit", "checked", "ann"): 2,
        MetricName("format_exploit", "checked", "bob"): 2,
    }


def test_lengths_are_measured_in_lengths_of_the_worked_solution() -> None:
    told = length_metrics(
        [episode(OWN.solution + "\n" + OWN.solution, OWN, OTHER, answer=OTHER.solution)]
    )
    assert told[MetricName("length_growth", "lesson_length", "ann")] == 2.0
    assert told[MetricName("length_growth", "answer_length", "bob")] == 1.0
    assert (
        told[MetricName("length_growth", "lesson_reward", "ann")],
        told[MetricName("length_growth", "answer_reward", "bob")],
    ) == (1.0, 1.0)


def test_length_growth_is_reported_by_agent() -> None:
    series = {
        MetricName("length_growth", "lesson_length", "ann"): [
            (r, 1.0 + r) for r in range(10)
        ],
        MetricName("length_growth", "lesson_reward", "ann"): [(r, 0.0) for r in range(10)],
    }
    assert growth_metrics(series) == {
        MetricName("length_growth", "share", "ann"): 5 * 1.0 / 3.0
    }
