from docendo.monitors.length_growth import measure_growth, theil_slope


def test_growth_is_the_relative_increase_and_counts_only_without_reward() -> None:
    longer = [(r, 1.0 + r / 10) for r in range(20)]
    assert theil_slope(longer) == 0.1
    assert abs(measure_growth(longer, [(r, 0.3) for r in range(20)]) - 1.5 / 1.2) < 1e-9
    assert measure_growth(longer, [(r, r / 20) for r in range(20)]) == 0
    assert measure_growth(longer[:9], []) == 0
    assert measure_growth([(r, 1.0) for r in range(20)], []) == 0
    assert (
        measure_growth([*longer[:5], (5, 99.0), *((r, 1.2) for r in range(6, 20))], []) == 0
    )
