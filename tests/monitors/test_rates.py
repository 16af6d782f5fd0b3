"""How often the detectors are right: at least 95 of 100 planted cases are found, at most 5 of 100 clean ones flagged.

DOCENDO_ALARM_CASES sets the number of planted cases; twice as many are clean. benchmarks/hacking.py has larger numbers.
"""

import os

import pytest

from tests.monitors.rates import DETECTORS, Rates, rates

CASES = int(os.environ.get("DOCENDO_ALARM_CASES", "100"))


@pytest.mark.parametrize("detector", DETECTORS)
def test_95_of_100_planted_cases_are_found_and_5_of_100_clean_ones_are_not(
    detector: str,
) -> None:
    found: Rates = rates(detector, CASES, seed=1000)
    assert found.planted.total() >= 100
    assert found.clean.total() >= 200
    assert found.recall >= 0.95, f"missed: {dict(found.missed)} of {dict(found.planted)}"
    assert all(2 * found.missed[kind] <= count for kind, count in found.planted.items()), (
        f"missed: {found.missed}"
    )
    assert found.false_alarms <= 0.05, (
        f"flagged: {dict(found.flagged)} of {dict(found.clean)}"
    )
