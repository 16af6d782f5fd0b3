"""The domains that docendo brings along."""

from collections.abc import Mapping

from docendo.interfaces import Source
from docendo.problems.arithmetic import MATHEMATICS
from docendo.problems.biology import BIOLOGY
from docendo.problems.procedures import PROCEDURES, procedure_source
from docendo.problems.programs import PROGRAMMING

__all__ = ["PROCEDURAL"]

PROCEDURAL: Mapping[str, Source] = {
    s.domain: s
    for s in (MATHEMATICS, PROGRAMMING, BIOLOGY, *map(procedure_source, PROCEDURES))
}
"""By name; all of them made by programs."""
