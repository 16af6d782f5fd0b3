"""A dictionary: what words mean, from a file with a word, a tab and its meaning in each line."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from docendo.errors import UserError, closest_hint

__all__ = ["look_up", "read_words"]

_MAX_MEANING = 300
_MAX_WORD = 60


def read_words(path: Path | None = None) -> dict[str, str]:
    """Meanings by word, in lower case; without a file, of the terms of docendo's own domains.

    Raises UserError for a file that cannot be read, and with its number for a line without a tab
    or with a word that stands twice.
    """
    file = path or files("docendo.tools").joinpath("words.tsv")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UserError(f"{path}: the dictionary cannot be read: {reason}") from error

    meanings: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, _, meaning = line.partition("\t")
        if not word.strip() or not meaning.strip():
            raise UserError(
                f"{path}:{number}: expected a word, a tab and its meaning, got {line[:40]!r}"
            )
        key = _normalize(word)
        # Case and spaces do not tell words apart, so they are compared as they are looked up.
        if key in meanings:
            raise UserError(f"{path}:{number}: {word.strip()!r} stands twice")
        meanings[key] = " ".join(meaning.split())[:_MAX_MEANING]

    if not meanings:
        raise UserError(
            f"{path}: has no words; expected a word, a tab and its meaning in each line"
        )
    return meanings


def look_up(words: dict[str, str]) -> Callable[[str], str]:
    """The tool: the meaning of a word or of its singular. Raises UserError with the nearest word."""

    def find(text: str) -> str:
        word = _normalize(text)[:_MAX_WORD]
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in words:
                return words[form]
        raise UserError(f"no word {word!r}{closest_hint(word, words)}")

    return find


def _normalize(word: str) -> str:
    return " ".join(word.casefold().split())
