"""How many words of an answer are in the dictionary."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from docendo.errors import UserError, require_package, suggestion
from docendo.parts import PartConfig
from docendo.records import Problem, Verdict

__all__ = ["SpellingConfig", "SpellingGrader"]

_WORD = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*")
_MAX_CHARACTERS, _MAX_WORDS = 20_000, 2_000
"""How much of an answer is read."""
_LANGUAGES = ("en", "es", "de", "fr", "pt", "it", "nl", "ru")


@dataclass(frozen=True)
class SpellingGrader:
    """The share of an answer's words that are in the dictionary; 0 for an answer without words.

    Words of the question count as known. Raises UserError where pyspellchecker is missing, for a
    language that it does not have, and for a file of extra words that cannot be read.
    """

    language: str
    extra_words: Path | None = None
    """A file of words that are right besides, separated by white space."""

    def __post_init__(self) -> None:
        # Loaded now, so that a wrong setting is an error before the run.
        _ = self._checker

    @cached_property
    def _checker(self) -> Any:
        require_package("spellchecker", "spelling", "judging")
        from spellchecker import SpellChecker

        if self.language not in _LANGUAGES:
            hint = suggestion(self.language, _LANGUAGES)
            raise UserError(f"no dictionary of {self.language!r}{hint}")

        checker = SpellChecker(language=self.language)
        if self.extra_words:
            try:
                words = self.extra_words.read_text().split()
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(
                    f"{self.extra_words}: the words cannot be read: {error}"
                ) from error
            checker.word_frequency.load_words(words)

        return checker

    def __call__(self, problem: Problem, text: str) -> Verdict:
        answer = text[:_MAX_CHARACTERS].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        words = _split_words(answer)[:_MAX_WORDS]
        if not words:
            return Verdict(0.0, "no words")

        # A name or a term of the question is in no dictionary.
        unknown = set(self._checker.unknown(dict.fromkeys(words)))
        unknown -= set(_split_words(problem.prompt))
        share = sum(word not in unknown for word in words) / len(words)
        if share == 1:
            return Verdict(share, "every word is right")
        return Verdict(share, f"unknown: {', '.join(sorted(unknown)[:5])}"[:200])


class SpellingConfig(PartConfig):
    """The share of an answer's words that are in the dictionary."""

    type: str = "spelling"
    language: str = "en"
    """Language of the dictionary: en, de, es, fr, it, nl, pt or ru."""
    file: str | None = None
    """File with further correct words, one per line."""

    def build(self, context: Any = None) -> SpellingGrader:
        return SpellingGrader(self.language, Path(self.file) if self.file else None)

    def file_settings(self) -> dict[str, str]:
        return {"file": self.file} if self.file else {}


def _split_words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
