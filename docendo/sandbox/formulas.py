"""Formulas, compared by math-verify in a process that can be ended: sympy may never return."""

import logging
from functools import partial

from math_verify import LatexExtractionConfig, parse, verify

__all__ = ["same"]

logging.disable(logging.CRITICAL)
# math-verify's own timeouts need signals of the main thread; the process is ended instead.
_read = partial(parse, extraction_config=[LatexExtractionConfig()], parsing_timeout=None)


def same(first: str, second: str) -> bool:
    """Whether both are formulas and equal as mathematics."""
    sides = _read(f"${first}$"), _read(f"${second}$")
    return bool(all(sides) and verify(*sides, timeout_seconds=None))


# The first formula loads sympy's parts. Without this, that time would count as the first answer's.
same("x(x + 1)", "x^2 + x")
