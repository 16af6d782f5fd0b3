"""Tables for a terminal that may be too narrow for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table

__all__ = ["Wide"]

_GAP = 2
"""Characters between two columns."""


@dataclass(frozen=True, slots=True)
class Wide:
    """A table that comes in parts below each other where its columns do not fit beside each other, even with heads on
    several lines.
    """

    table: Table
    kept: int = 1
    """So many first columns are in every part, folded where a number has no room beside them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def measured(said: object) -> Measurement:
            return Measurement.get(console, options, said)  # type: ignore[arg-type]

        heads = [measured(column.header) for column in self.table.columns]
        cells = [max((measured(cell).maximum for cell in c.cells), default=0) for c in self.table.columns]
        whole = [max(head.maximum, most) for head, most in zip(heads, cells, strict=True)]
        room, every = options.max_width, range(len(whole))
        if _taken(whole, every) <= room:
            yield self._part(every)
            return
        widths = [max(head.minimum, most) for head, most in zip(heads, cells, strict=True)]
        left = max(room // 2, room - _GAP - max(widths[self.kept :], default=0))
        if _taken(widths, range(self.kept)) > left:
            widths[: self.kept] = [min(width, left // self.kept - _GAP) for width in widths[: self.kept]]
        for number, columns in enumerate(self._parts(widths, room)):
            if number:
                yield ""
            yield self._part(columns, widths, titled=not number)

    def _parts(self, widths: Sequence[int], room: int) -> Iterator[list[int]]:
        """The columns of each part, of as many as fit and at least one."""
        part = list(range(self.kept))
        for i in range(self.kept, len(widths)):
            if len(part) > self.kept and _taken(widths, (*part, i)) > room:
                yield part
                part = list(range(self.kept))
            part.append(i)
        yield part

    def _part(self, columns: Sequence[int], widths: Sequence[int] = (), titled: bool = True) -> Table:
        made = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False)
        if titled:
            made.title, made.title_justify, made.title_style = self.table.title, "left", "bold"
        for i in columns:
            column, width = self.table.columns[i], widths[i] if widths else None
            head, side, look = column.header, column.justify, column.header_style
            made.add_column(head, justify=side, header_style=look, width=width, overflow="fold")
        for row in zip(*(self.table.columns[i].cells for i in columns), strict=True):
            made.add_row(*row)
        return made


def _taken(widths: Sequence[int], columns: Sequence[int]) -> int:
    """Characters of these columns, with what is between them."""
    return sum(widths[i] for i in columns) + _GAP * max(0, len(columns) - 1)
