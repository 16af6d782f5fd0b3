"""Texts as detectors read them: tokens in sentences, however numbers are spelled and letters are spread."""

import re
from collections.abc import Sequence
from functools import lru_cache

from docendo.graders.answer import marked
from docendo.judges.filters import plain

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
        "a an and are as at be but by for from have here i if in into is it its not of on one or so that the then "
        "there this to we what with you your"
    )
)
"""Words that say nothing of any problem."""

_UNITS = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = str.split("twenty thirty forty fifty sixty seventy eighty ninety")
_VALUES = (
    {w: n for n, w in enumerate(_UNITS)}
    | {w: 10 * n for n, w in enumerate(_TENS, 2)}
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


@lru_cache(maxsize=1024)  # a problem's texts are read again for every lesson on it
def tokenize(text: str) -> tuple[str, ...]:
    """Numbers, words and signs in lower case; numbers in words are digits, punctuation is left out."""
    return tuple(_TOKEN.findall(_GROUPED.sub("", _SPELLED.sub(_digits, plain(text)))))


def split_sentences(text: str) -> list[tuple[str, ...]]:
    """The tokens of each line and each sentence; none is empty."""
    return [found for part in _BREAK.split(text) if (found := tokenize(part))]


def spell_as_digits(text: str) -> str:
    """`text` with its numbers in words as digits, and otherwise as it is."""
    return _SPELLED.sub(_digits, text)


def join_spelled_out(text: str) -> list[str]:
    """Single letters and digits that stand in a row, on one line or over several, each row as one word."""
    return [
        letters_and_digits(run.group())
        for part in (text, *text.splitlines())
        for run in _SINGLES.finditer(part)
    ]


def letters_and_digits(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return re.sub(r"[\W_]+", "", plain(text))


def without_final_answer(text: str) -> str:
    """`text` without the lines that give a final answer."""
    return "\n".join(line for line in text.splitlines() if not marked(line))


def contains(wanted: Sequence[str], read: Sequence[str]) -> bool:
    """Whether `wanted` stands in `read`, token by token."""
    return any(
        tuple(read[at : at + len(wanted)]) == tuple(wanted)
        for at in range(len(read) - len(wanted) + 1)
    )


def _digits(spelled: re.Match[str]) -> str:
    total, part, last = 0, 0, 100
    numbers = list[str]()
    for name in _PART.findall(spelled.group().lower()):
        if scale := _SCALES.get(name):
            total, part, last = (
                (total + max(part, 1) * scale, 0, 100)
                if scale > 100
                else (total, max(part, 1) * 100, 100)
            )
            continue
        value = _VALUES[name]
        if last < 100 and not (
            last >= 20 and value < 10
        ):  # "five eight" is two numbers, "fifty eight" is one
            numbers.append(str(total + part))
            total = part = 0
        part, last = part + value, value
    return " ".join((*numbers, str(total + part)))
