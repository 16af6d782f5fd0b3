"""Formulas are equal as mathematics, not as text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docendo.sandbox.worker import SubprocessWorker

pytest.importorskip("math_verify")
FILE = Path(__file__).parents[2] / "docendo" / "sandbox" / "formulas.py"


@pytest.fixture(scope="module")
def worker() -> Iterator[SubprocessWorker]:
    """In a process of its own, since loading the file turns logging off."""
    worker = SubprocessWorker(FILE, "same", "same(first, second)", seconds=60)
    yield worker
    worker.end()


@pytest.mark.parametrize(
    ("want", "got", "expected"),
    [
        ("x^2 + 2x + 1", "(x + 1)^2", True),
        (r"\frac{1}{2}", "0.5", True),
        ("x + 1", "x + 2", False),
        ("x + 1", "", False),
    ],
)
def test_two_formulas_are_compared(
    want: str, got: str, expected: bool, worker: SubprocessWorker
) -> None:
    assert worker(want, got).value is expected
