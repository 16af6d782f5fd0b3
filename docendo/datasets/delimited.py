"""Physical lines of a text file, and the CSV records (RFC 4180) in them.

Unlike the csv module this needs no process-wide field limit, knows the line that every
record starts on, and cannot be made to hold a damaged record of any size in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "MAX_FIELD",
    "MAX_LINE",
    "CsvRecord",
    "TextLine",
    "is_text",
    "read_lines",
    "read_records",
]

MAX_FIELD = 100_000
"""Characters a field may have."""

MAX_LINE = 4_000_000
"""Characters of one physical line that are held in memory."""


class TextLine(NamedTuple):
    number: int
    """From 1."""
    text: str | None
    """With its line end; None where it is over MAX_LINE."""
    toggles_quote: bool = False
    """Whether an overlong line has an odd number of double quotes."""


@dataclass(slots=True)
class CsvRecord:
    """One CSV record, built up line by line."""

    line: int
    """The physical line it starts on, from 1."""
    cells: list[str] = field(default_factory=list)
    """A cell over MAX_FIELD is cut to MAX_FIELD + 1 characters."""
    fault: str = ""
    """Why the cells cannot be trusted; empty where they can."""
    quoted: bool = False
    """Whether the record continues on the next line because a quote is open."""
    _parts: list[str] = field(default_factory=list)
    """Of the cell that is being read."""
    _size: int = 0
    """Characters in the parts."""

    def feed(self, text: str, delimiter: str) -> None:
        """Take one physical line.

        The record is complete where `quoted` is false afterwards.
        """
        if not is_text(text):
            self.fault = "not UTF-8"

        at = 0
        while True:
            if not self.quoted and text.startswith('"', at):
                self.quoted = True
                at += 1
            was_quoted = self.quoted
            if was_quoted:
                at = self._read_quoted(text, at)
                if self.quoted:
                    return

            end = text.find(delimiter, at)
            bare = text[at:end] if end >= 0 else text[at:].rstrip("\r\n")
            # RFC 4180 has no such record, and guessing would move cells.
            if was_quoted and bare and not self.fault:
                self.fault = "text after a closing quote"
            self._append(bare)
            self._close_cell()
            if end < 0:
                return
            at = end + 1

    def _read_quoted(self, text: str, at: int) -> int:
        """Read on in a quoted cell.

        Returns the position after the closing quote, or the line's end.
        """
        while (end := text.find('"', at)) >= 0:
            self._append(text[at:end])
            is_escaped = text.startswith('"', end + 1)
            if not is_escaped:
                self.quoted = False
                return end + 1
            self._append('"')
            at = end + 2
        self._append(text[at:])
        return len(text)

    def _append(self, text: str) -> None:
        # One character over the limit is kept, so that a reader sees that it was passed.
        room = MAX_FIELD + 1 - self._size
        if room > 0 and text:
            self._parts.append(text[:room])
            self._size += min(len(text), room)

    def _close_cell(self) -> None:
        self.cells.append("".join(self._parts))
        self._parts.clear()
        self._size = 0


def read_lines(path: Path) -> Iterator[TextLine]:
    """The physical lines, ended by LF, CRLF or CR.

    A byte that is not UTF-8 becomes a lone surrogate.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        number = 0
        while text := file.readline(MAX_LINE):
            number += 1
            if len(text) < MAX_LINE or text.endswith(("\n", "\r")):
                yield TextLine(number, text)
                continue

            # Skip the rest of an overlong line piece by piece, and only count its quotes.
            quotes = text.count('"')
            while text and not text.endswith(("\n", "\r")):
                text = file.readline(MAX_LINE)
                quotes += text.count('"')
            yield TextLine(number, None, toggles_quote=quotes % 2 == 1)


def read_records(path: Path, delimiter: str) -> Iterator[CsvRecord]:
    """The records, header first. Blank lines between records are skipped."""
    record: CsvRecord | None = None
    for number, text, toggles_quote in read_lines(path):
        if record is None:
            if text is not None and text.isspace():
                continue
            record = CsvRecord(number)

        if text is None:
            # Its quotes still count: else the lines behind it would be read in the wrong state.
            record.fault = f"a line over {MAX_LINE:,} characters"
            record.quoted ^= toggles_quote
        else:
            record.feed(text, delimiter)
        if not record.quoted:
            yield record
            record = None

    if record is not None:
        record.fault = "a quote that is never closed"
        yield record


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8: false for a lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
