"""A dictionary: what words mean, from a file with a word, a tab and its meaning in each line."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from docendo.errors import UserError, closest_hint

__all__ = ["look_up", "read_words"]

_LONGEST = 300


def read_words(path: Path | None = None) -> dict[str, str]:
    """Meanings by word, in lower case; of the terms of docendo's own domains where no file is given.

    Raises UseError for a file that cannot be read, and for a line without a tab, with its number, and a
    word that stands twice.
    """
    try:
        text = (path or files("docendo.tools").joinpath("words.tsv")).read_text(
            encoding="utf-8"
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: the dictionary cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from error
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        word, tab, meaning = line.partition("\t")
        if not line.strip() or line.startswith("#"):
            continue
        if not tab or not word.strip() or not meaning.strip():
            raise UserError(
                f"{path}:{number}: wanted a word, a tab and its meaning, got {line[:40]!r}"
            )
        known = " ".join(word.casefold().split())
        if known in found:
            raise UserError(f"{path}:{number}: {word.strip()!r} stands twice")
        found[known] = " ".join(meaning.split())[:_LONGEST]
    if not found:
        raise UserError(
            f"{path}: has no words; wanted a word, a tab and its meaning in each line"
        )
    return found


def look_up(words: dict[str, str]) -> Callable[[str], str]:
    """The tool: the meaning of a word or of its singular, or UseError with the nearest one that is known."""

    def find(text: str) -> str:
        word = " ".join(text.split()).casefold()[:60]
        for tried in (word, word.removesuffix("s"), word.removesuffix("es")):
            if tried in words:
                return words[tried]
        raise UserError(f"no word {word!r}{closest_hint(word, words)}")

    return find
