"""Tables for a terminal that may be too narrow for them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from docendo.formatting import visible

__all__ = ["TerminalTable", "new_table"]

_GAP = 2
"""Characters between two columns."""


def new_table(names: Iterable[str], numbers: Iterable[str] = (), title: str = "") -> Table:
    """A table without rows: columns of words, then of numbers.

    The heads may be any text.
    """
    table = Table(title=title or None)
    for name in names:
        table.add_column(Text(visible(name)))
    for name in numbers:
        table.add_column(Text(visible(name)), justify="right")

    return table


@dataclass(frozen=True, slots=True)
class TerminalTable:
    """A table without lines: columns of words, then of numbers, aligned to the right.

    Columns that do not fit beside each other, even with heads on several lines, come in
    parts below each other. Each part has all columns of words; these are folded if a number
    has no room beside them. Title, heads and alignment are those of `table`, the rest of
    its looks is not.
    """

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.table.title:
            # Beside the table: as its title it would be wrapped at the table's width.
            yield Text(visible(str(self.table.title)), "bold")

        # Heads may be folded at spaces, cells are not.
        heads = []
        cell_widths = []
        for column in self.table.columns:
            heads.append(Measurement.get(console, options, column.header))
            width = 0
            for cell in column.cells:
                width = max(width, Measurement.get(console, options, cell).maximum)
            cell_widths.append(width)

        room = options.max_width
        columns = range(len(heads))
        one_line = [max(heads[i].maximum, cell_widths[i]) for i in columns]
        if _total_width(one_line, columns) <= room:
            yield self._part(columns)
            return

        folded_heads = [max(heads[i].minimum, cell_widths[i]) for i in columns]
        widths = self._fit(folded_heads, room)
        for number, part in enumerate(self._split(widths, room)):
            if number:
                yield ""
            yield self._part(part, widths)

    @property
    def _word_columns(self) -> int:
        """How many columns of words there are before the first number."""
        alignments = [column.justify for column in self.table.columns]
        return alignments.index("right") if "right" in alignments else len(alignments)

    def _fit(self, widths: Sequence[int], room: int) -> list[int]:
        """Widths with which every number has room beside the words."""
        words = list(widths[: self._word_columns])
        numbers = widths[self._word_columns :]
        # However long the numbers are, the words keep half of the room.
        words_room = max(room // 2, room - _GAP - max(numbers)) if numbers else room
        words = _narrow(words, words_room - _GAP * (len(words) - 1))
        numbers_room = max(1, room - sum(words) - _GAP * len(words))
        return [*words, *(min(number, numbers_room) for number in numbers)]

    def _split(self, widths: Sequence[int], room: int) -> Iterator[list[int]]:
        """The columns of each part: all words, and as many numbers as fit, at least one."""
        words = list(range(self._word_columns))
        part = list(words)
        for column in range(len(words), len(widths)):
            if len(part) > len(words) and _total_width(widths, (*part, column)) > room:
                yield part
                part = list(words)
            part.append(column)
        # A table of words alone is one part.
        yield part

    def _part(self, columns: Sequence[int], widths: Sequence[int] = ()) -> Table:
        part = Table(
            box=None,
            padding=(0, _GAP, 0, 0),
            pad_edge=False,
            show_header=self.table.show_header,
        )
        for i in columns:
            column = self.table.columns[i]
            part.add_column(
                column.header,
                justify=column.justify,
                header_style="dim",
                width=widths[i] if widths else None,
                overflow="fold",
            )
        for row in zip(*(self.table.columns[i].cells for i in columns), strict=True):
            part.add_row(*row)

        return part


def _total_width(widths: Sequence[int], columns: Sequence[int]) -> int:
    """Characters of these columns, with the gaps between them."""
    return sum(widths[i] for i in columns) + _GAP * max(0, len(columns) - 1)


def _narrow(widths: Sequence[int], room: int) -> list[int]:
    """The same widths if they fit; otherwise the widest become narrower."""
    # One character at a time from the widest: short columns stay whole the longest.
    narrow = list(widths)
    while sum(narrow) > room and max(narrow) > 1:
        narrow[narrow.index(max(narrow))] -= 1
    return narrow
