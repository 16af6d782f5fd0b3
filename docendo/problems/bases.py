"""Bases of DNA and RNA: the alphabets, random strands, and spaced letters."""

from collections.abc import Iterable
from random import Random

__all__ = ["DNA", "RNA", "random_bases", "spaced"]

DNA = "ACGT"
RNA = "ACGU"


def spaced(letters: Iterable[str]) -> str:
    """The letters with spaces between them, so that each is one token."""
    return " ".join(letters)


def random_bases(rng: Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))
