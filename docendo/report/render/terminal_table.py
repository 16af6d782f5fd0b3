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
    """A table without rows: columns of words, then of numbers. The heads may be anybody's text."""
    made = Table(title=title or None)
    for name in names:
        made.add_column(Text(visible(name)))
    for name in numbers:
        made.add_column(Text(visible(name)), justify="right")
    return made


@dataclass(frozen=True, slots=True)
class TerminalTable:
    """A table without lines: columns of words, then columns of numbers, which are aligned to the right.

    Where they do not fit beside each other, even with heads on several lines, it comes in parts below each other, each
    with all columns of words, and these are folded where a number has no room beside them. Of the table's looks title,
    heads and sides are kept.
    """

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def measured(said: object) -> Measurement:
            return Measurement.get(console, options, said)  # type: ignore[arg-type]

        heads = [measured(column.header) for column in self.table.columns]
        cells = [
            max((measured(cell).maximum for cell in c.cells), default=0)
            for c in self.table.columns
        ]
        whole = [max(head.maximum, most) for head, most in zip(heads, cells, strict=True)]
        room, every = options.max_width, range(len(whole))
        if _taken(whole, every) <= room:
            yield self._part(every)
            return
        widths = [max(head.minimum, most) for head, most in zip(heads, cells, strict=True)]
        words, numbers = widths[: self._kept], widths[self._kept :]
        left = max(room // 2, room - _GAP - max(numbers)) if numbers else room
        words = _shrunk(words, left - _GAP * (len(words) - 1))
        beside = max(1, room - sum(words) - _GAP * len(words))
        widths = [*words, *(min(number, beside) for number in numbers)]
        for number, columns in enumerate(self._parts(widths, room)):
            if number:
                yield ""
            yield self._part(columns, widths, titled=not number)

    @property
    def _kept(self) -> int:
        """How many columns of words there are before the first number."""
        sides = [column.justify for column in self.table.columns]
        return sides.index("right") if "right" in sides else len(sides)

    def _parts(self, widths: Sequence[int], room: int) -> Iterator[list[int]]:
        """The columns of each part, of as many as fit and at least one."""
        kept = self._kept
        part = list(range(kept))
        for i in range(kept, len(widths)):
            if len(part) > kept and _taken(widths, (*part, i)) > room:
                yield part
                part = list(range(kept))
            part.append(i)
        yield part

    def _part(
        self, columns: Sequence[int], widths: Sequence[int] = (), titled: bool = True
    ) -> Table:
        made = Table(
            box=None,
            padding=(0, _GAP, 0, 0),
            pad_edge=False,
            show_header=self.table.show_header,
        )
        if titled:
            made.title, made.title_justify, made.title_style = (
                self.table.title,
                "left",
                "bold",
            )
        for i in columns:
            column, width = self.table.columns[i], widths[i] if widths else None
            made.add_column(
                column.header,
                justify=column.justify,
                header_style="dim",
                width=width,
                overflow="fold",
            )
        for row in zip(*(self.table.columns[i].cells for i in columns), strict=True):
            made.add_row(*row)
        return made


def _taken(widths: Sequence[int], columns: Sequence[int]) -> int:
    """Characters of these columns, with what is between them."""
    return sum(widths[i] for i in columns) + _GAP * max(0, len(columns) - 1)


def _shrunk(widths: Sequence[int], room: int) -> list[int]:
    """The same where they fit, else the widest less wide."""
    least = list(widths)
    while sum(least) > room and max(least) > 1:
        least[least.index(max(least))] -= 1
    return least
