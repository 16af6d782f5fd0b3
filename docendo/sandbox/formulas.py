"""Formulas, compared by math-verify in a process that can be ended: sympy may not come back (`errand.py` calls it)."""

import logging
from functools import partial

from math_verify import LatexExtractionConfig, parse, verify

__all__ = ["same"]

logging.disable(logging.CRITICAL)
_read = partial(parse, extraction_config=[LatexExtractionConfig()], parsing_timeout=None)


def same(want: str, got: str) -> bool:
    """Whether both are formulas and equal as mathematics."""
    sides = _read(f"${want}$"), _read(f"${got}$")
    return bool(all(sides) and verify(*sides, timeout_seconds=None))


same("x(x + 1)", "x^2 + x")  # what loads with the first formula is no answer's fault
