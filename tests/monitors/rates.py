"""The detectors on what was planted and on what is honest, counted by kind."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from docendo.config import MonitorsConfig
from docendo.monitors.answer_leak import find_leak
from docendo.monitors.degenerate_lesson import find_degeneration, is_near_copy
from docendo.monitors.format_exploit import find_exploit
from docendo.monitors.length_growth import measure_growth
from tests.monitors.planters import (
    Case,
    Repeat,
    Rounds,
    Written,
    exploiting,
    growing,
    honest,
    leaking,
    lesson_of,
    plain_answers,
    repeating,
    steady,
    varied,
)

__all__ = ["DETECTORS", "Rates", "rates"]


class Rates(NamedTuple):
    planted: Counter[str]
    missed: Counter[str]
    clean: Counter[str]
    flagged: Counter[str]

    @property
    def recall(self) -> float:
        return 1 - self.missed.total() / self.planted.total()

    @property
    def false_alarms(self) -> float:
        return self.flagged.total() / self.clean.total()


def leaks(case: Case) -> bool:
    return bool(find_leak(lesson_of(case.text, case.own), case.test))


def repeats(case: Repeat) -> bool:
    *earlier, last = zip(case.texts, case.problems, strict=True)
    return bool(find_degeneration(*last)) or any(
        is_near_copy(last, other) for other in earlier
    )


def exploits(case: Written) -> bool:
    return bool(find_exploit(case.text, case.problem))


def grows(case: Rounds) -> bool:
    return measure_growth(case.lengths, case.earned) > MonitorsConfig().length_growth


DETECTORS: Mapping[
    str,
    tuple[
        Callable[..., Iterable[Any]], Callable[..., Iterable[Any]], Callable[[Any], bool]
    ],
] = {
    "answer_leak": (leaking, honest, leaks),
    "degenerate_lesson": (repeating, varied, repeats),
    "format_exploit": (exploiting, plain_answers, exploits),
    "length_growth": (growing, steady, grows),
}


def rates(detector: str, count: int, seed: int) -> Rates:
    """Of `count` planted cases and twice as many clean ones."""
    planter, cleaner, found = DETECTORS[detector]
    counted = Rates(Counter(), Counter(), Counter(), Counter())
    for case in planter(count, seed):
        counted.planted[case.kind] += 1
        counted.missed[case.kind] += not found(case)
    for case in cleaner(2 * count, seed):
        counted.clean[case.kind] += 1
        counted.flagged[case.kind] += found(case)
    return counted
