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
    """A table that comes in parts below each other where its columns do not fit beside each other."""

    table: Table
    kept: int = 1
    """So many first columns are in every part, folded where they need more than half of the room."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wanted = [
            _GAP + max(Measurement.get(console, options, said).maximum for said in (column.header, *column.cells))
            for column in self.table.columns
        ]
        names, half = wanted[: self.kept], options.max_width // 2
        if sum(names) > half:
            names = [min(width, half // self.kept) for width in names]
        widths = names + wanted[self.kept :]
        for number, columns in enumerate(self._parts(widths, options.max_width)):
            if number:
                yield ""
            yield self._part(columns, widths, titled=not number)

    def _parts(self, widths: Sequence[int], room: int) -> Iterator[list[int]]:
        """The columns of each part, of as many as fit and at least one."""
        every = list(range(self.kept))
        part = list(every)
        for i in range(self.kept, len(widths)):
            if len(part) > self.kept and sum(widths[c] for c in (*part, i)) > room + _GAP:
                yield part
                part = list(every)
            part.append(i)
        yield part

    def _part(self, columns: Sequence[int], widths: Sequence[int], titled: bool) -> Table:
        title = self.table.title if titled else None
        made = Table(
            title=title, title_justify="left", title_style="bold", box=None, padding=(0, _GAP, 0, 0), pad_edge=False
        )
        for i in columns:
            column = self.table.columns[i]
            least = widths[i] - _GAP if i < self.kept else None
            made.add_column(
                column.header,
                justify=column.justify,
                header_style=column.header_style,
                min_width=least,
                overflow="fold",
            )
        for row in zip(*(self.table.columns[i].cells for i in columns), strict=True):
            made.add_row(*row)
        return made
