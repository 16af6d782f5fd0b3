"""A random generator that draws what a test says."""

from collections.abc import Sequence
from random import Random
from typing import Any


class Dice(Random):
    """Draws the given values in turn, and fails where one is not among what it may draw."""

    def __init__(self, *values: Any) -> None:
        super().__init__(0)
        self.values = list(values)

    def randint(self, low: int, high: int) -> int:
        value = self.values.pop(0)
        assert low <= value <= high
        return value

    def randrange(self, stop: int) -> int:  # type: ignore[override]
        return self.randint(0, stop - 1)

    def choice(self, options: Sequence[Any]) -> Any:
        value = self.values.pop(0)
        assert value in options
        return value

    def choices(self, options: Sequence[Any], *, k: int) -> list[Any]:  # type: ignore[override]
        values = self.values.pop(0)
        assert len(values) == k
        assert set(values) <= set(options)
        return list(values)

    def sample(self, options: Sequence[Any], k: int) -> list[Any]:  # type: ignore[override]
        return self.choices(options, k=k)

    def shuffle(self, x: Any) -> None:
        """Leaves the order."""

    def random(self) -> float:
        return float(self.values.pop(0))
