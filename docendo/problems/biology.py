"""The domain biology: molecular biology and genetics.

Bases and alleles stand apart, so that each is one token.
"""

from typing import Any

from docendo.interfaces import Source
from docendo.parts import PartConfig
from docendo.problems.codons import draft_mutation, draft_translation
from docendo.problems.crosses import draft_cross
from docendo.problems.procedural import ProceduralSource
from docendo.problems.quantities import draft_bonds, draft_chargaff, draft_growth
from docendo.problems.strands import (
    draft_complement,
    draft_gc_content,
    draft_reverse_complement,
    draft_transcription,
)

__all__ = ["BIOLOGY", "BiologyConfig"]

BIOLOGY = ProceduralSource(
    "biology",
    {
        "complement": draft_complement,
        "reverse_complement": draft_reverse_complement,
        "transcription": draft_transcription,
        "translation": draft_translation,
        "punnett": draft_cross,
        "gc_content": draft_gc_content,
        "mutations": draft_mutation,
        "growth": draft_growth,
        "chargaff": draft_chargaff,
        "bonds": draft_bonds,
    },
)


class BiologyConfig(PartConfig):
    """Molecular biology and genetics: strands, codons, crosses and quantities."""

    type: str = "biology"

    def build(self, context: Any = None) -> Source:
        return BIOLOGY
