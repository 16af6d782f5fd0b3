"""Multiple choice: choices in the forms that data have, and their order in a question."""

import re
from collections.abc import Mapping, Sequence
from random import Random
from string import ascii_uppercase
from typing import NamedTuple

from docendo.datasets.cells import RowError, as_text, is_number, read_list, read_text
from docendo.datasets.rows import FileRow
from docendo.seeds import seed_for

__all__ = ["ChoiceQuestion", "read_choices", "write_choices"]

_REFERENCE = re.compile(
    r"(?i:\b(?:above|below)\b)|\b[A-H] (?:and|or|nor) [A-H]\b"
    r"|\([A-H]\)|\b[A-H]\)|(?i:\b(?:answer|option|choice)(?: is)?:?) \(?[A-H]\b"
)
"""Text that would be wrong once the choices are in another order."""
_FINAL_LINE = re.compile(r"(?:^|\n)\s*(?:####|answer\s*:)[^\n]*\Z", re.IGNORECASE)


class ChoiceQuestion(NamedTuple):
    choices: tuple[str, ...]
    """In the order in which they are asked."""
    answer: str
    """The letter of the right one."""
    solution: str
    """Without a last line that names a letter of the data's own order."""


def write_choices(choices: Sequence[str]) -> str:
    """What follows a question: a line for each choice, ``A) ...``."""
    return "".join(map("\n{}) {}".format, ascii_uppercase, choices))


def read_choices(
    row: FileRow, columns: str | Sequence[str], *, answer: object, solution: str, seed: int
) -> ChoiceQuestion:
    """The choices of a row, shuffled by `seed`, and the letter of the right one.

    `columns` is a column with a list or an object, or a column for each choice. `answer` is a
    letter, an index from 0, or a choice's text. Choices that refer to each other stay in their
    order. Raises RowError for anything else.
    """
    labelled = _read_labelled(row, columns)
    texts = [text for _, text in labelled]
    if not 2 <= len(texts) <= len(ascii_uppercase):
        raise RowError(f"{len(texts)} choices, expected 2 to {len(ascii_uppercase)}")
    if len(set(texts)) < len(texts):
        raise RowError("two choices are the same")
    right = texts[_find_right(answer, labelled)]

    solution = _FINAL_LINE.sub("", solution).rstrip()
    if not any(map(_REFERENCE.search, (*texts, solution))):
        # from a sorted list: the data's own order must not matter
        texts.sort()
        Random(seed_for(seed, "choices", *texts)).shuffle(texts)
    return ChoiceQuestion(tuple(texts), ascii_uppercase[texts.index(right)], solution)


def _read_labelled(row: FileRow, columns: str | Sequence[str]) -> list[tuple[str, str]]:
    """Label and text of each choice; the label is empty where the data say none."""
    if not isinstance(columns, str):
        texts = [
            read_text(row, name, accept_numbers=True, accept_empty=True) for name in columns
        ]
        # a question with fewer choices leaves the last columns empty
        while texts and not texts[-1]:
            texts.pop()
        return [("", _not_empty(text, columns[i])) for i, text in enumerate(texts)]

    value = row.values.get(columns)
    if isinstance(value, Mapping):
        if {"text", "label"} <= value.keys():
            inner = FileRow(row.line, value)
            labels, texts = read_list(inner, "label"), read_list(inner, "text")
            if len(labels) != len(texts):
                raise RowError(f"{len(labels)} labels of {len(texts)} choices")
            return list(zip(labels, texts, strict=True))
        # Arrow has a null for every letter that another row has
        items = [(key, text) for key, text in value.items() if text is not None]
        return [(str(key), as_text(text, f"{columns}[{key}]", True)) for key, text in items]
    return [("", _not_empty(text, columns)) for text in read_list(row, columns)]


def _not_empty(text: str, name: str) -> str:
    if not text:
        raise RowError(f"an empty choice in {name!r}")
    return text


def _find_right(answer: object, labelled: Sequence[tuple[str, str]]) -> int:
    """The place of the right choice; by all readings of `answer` that there are."""
    places = range(len(labelled))
    if is_number(answer) and not any(label for label, _ in labelled):
        matches = {place for place in places if place == answer}
        expected = f"an index from 0 to {len(labelled) - 1}"
    else:
        text = as_text(answer, "the answer", True)
        word = text.strip("()[].: ").casefold()
        labels = [label or ascii_uppercase[i] for i, (label, _) in enumerate(labelled)]
        matches = {i for i in places if word == labels[i].casefold()}
        matches |= {i for i in places if text.casefold() == labelled[i][1].casefold()}
        # digits in a text, as all cells of CSV are; labels that are digits count from 1
        if word.isdecimal() and not labelled[0][0]:
            matches |= {place for place in places if str(place) == word}
        expected = "a choice, its letter or its index"
    if len(matches) == 1:
        return matches.pop()
    problem = "may be two choices" if matches else "is none of the choices"
    raise RowError(f"the answer {str(answer)[:40]!r} {problem}, expected {expected}")
