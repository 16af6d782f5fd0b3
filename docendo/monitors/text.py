"""Texts as detectors read them: tokens in sentences, however numbers and letters are spelled."""

import re
from collections.abc import Sequence
from functools import lru_cache

from docendo.graders.answer import has_answer_line
from docendo.judges.filters import normalize_text

__all__ = [
    "FILLERS",
    "contains",
    "join_spelled_out",
    "letters_and_digits",
    "spell_as_digits",
    "split_sentences",
    "tokenize",
    "without_final_answer",
]

FILLERS = frozenset(
    str.split(
        "a an and are as at be but by for from have here i if in into is it its not of on one or "
        "so that the then there this to we what with you your"
    )
)
"""Words that say nothing of any problem."""

_UNITS = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = str.split("twenty thirty forty fifty sixty seventy eighty ninety")
_VALUES = (
    {word: value for value, word in enumerate(_UNITS)}
    | {word: 10 * value for value, word in enumerate(_TENS, 2)}
    | {"dozen": 12}
)
_SCALES = {"hundred": 100, "thousand": 1000}
_NAME = "|".join(sorted((*_VALUES, *_SCALES), key=len, reverse=True))
_SPELLED = re.compile(
    rf"\b(?:{_NAME})(?:(?:[\s-]+(?:and\s+)?)?(?:{_NAME}))*\b", re.IGNORECASE
)
_PART = re.compile(_NAME)
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s.,;:!?'\"`$]")
_BREAK = re.compile(r"\n+|(?<=[.!?;])\s+")
_SINGLES = re.compile(r"(?<![^\W_])[^\W_](?:(?:[\s._|]+|-)[^\W_](?![^\W_]))+")


@lru_cache(maxsize=1024)  # A problem's texts are read again for every lesson on it.
def tokenize(text: str) -> tuple[str, ...]:
    """Numbers, words and signs in lower case, without punctuation; number words are digits."""
    with_digits = spell_as_digits(normalize_text(text))
    return tuple(_TOKEN.findall(_GROUPED.sub("", with_digits)))


def split_sentences(text: str) -> list[tuple[str, ...]]:
    """The tokens of each line and each sentence; none is empty."""
    sentences = [tokenize(part) for part in _BREAK.split(text)]
    return [tokens for tokens in sentences if tokens]


def spell_as_digits(text: str) -> str:
    """`text` with its number words as digits, and otherwise as it is."""
    return _SPELLED.sub(_digits_of, text)


def join_spelled_out(text: str) -> list[str]:
    """Single letters and digits in a row, on one line or over several, each row as one word."""
    words = []
    for part in (text, *text.splitlines()):
        words += [letters_and_digits(row.group()) for row in _SINGLES.finditer(part)]
    return words


def letters_and_digits(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return re.sub(r"[\W_]+", "", normalize_text(text))


def without_final_answer(text: str) -> str:
    """`text` without the lines that give a final answer."""
    return "\n".join(line for line in text.splitlines() if not has_answer_line(line))


def contains(target: Sequence[str], tokens: Sequence[str]) -> bool:
    """Whether `target` is in `tokens`, token by token."""
    # Token by token: as letters "8" would be in "58".
    size = len(target)
    starts = range(len(tokens) - size + 1)
    return any(tuple(tokens[i : i + size]) == tuple(target) for i in starts)


def _digits_of(spelled: re.Match[str]) -> str:
    """The numbers of a run of number words, as digits with spaces in between."""
    numbers = []
    thousands = 0
    rest = 0
    last = 100  # The value of the word before; 100 where any number may continue.
    for name in _PART.findall(spelled.group().lower()):
        if name in _SCALES:
            rest = max(rest, 1) * _SCALES[name]
            last = 100
            if name == "thousand":
                thousands += rest
                rest = 0
            continue

        value = _VALUES[name]
        # "five eight" is two numbers, "fifty eight" is one.
        continues = last >= 100 or (last >= 20 and value < 10)
        if not continues:
            numbers.append(str(thousands + rest))
            thousands = 0
            rest = 0
        rest += value
        last = value
    return " ".join((*numbers, str(thousands + rest)))
