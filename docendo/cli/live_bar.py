"""A bar at the bottom of a terminal, and permanent lines above it; plain lines without a terminal."""

from collections.abc import Callable
from typing import NamedTuple

from rich.live import Live
from rich.text import Text

from docendo.cli.output import notice, safe, standard_error

__all__ = ["BarState", "LiveBar"]

_PLACE_WIDTH = 14
_WIDE = 100
"""Columns from which the bar is long."""


class BarState(NamedTuple):
    """What the bar shows at one moment."""

    place: str
    """Where the work is, such as ``teaching 3/10``."""
    share: float
    """How much of the work is done, from 0 to 1."""
    details: str
    """Cut at the end where the terminal is narrow: the most important comes first."""


class LiveBar:
    """Asks `describe` for the state four times a second, so that time passes without events."""

    def __init__(self, describe: Callable[[], BarState]) -> None:
        self._describe = describe
        self._console = standard_error()
        self._is_live = self._console.is_terminal
        self._live = Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=4,
            # the lines of the rounds say it all once the bar is gone
            transient=True,
        )

    def start(self) -> None:
        """Show the bar. It can be started again after it was stopped."""
        if self._is_live:
            self._live.start(refresh=True)

    def stop(self) -> None:
        """Give the terminal back. Stopping twice does nothing."""
        if self._is_live:
            self._live.stop()

    def print_line(self, line: str) -> None:
        """A permanent line above the bar."""
        if self._is_live:
            self._console.print(safe(line))
        else:
            notice(line)

    def _render(self) -> Text:
        state = self._describe()
        bar_width = 20 if self._console.width >= _WIDE else 12
        done = round(min(max(state.share, 0.0), 1.0) * bar_width)

        line = safe(f"{state.place:<{_PLACE_WIDTH}} ")
        line.append("━" * done, "green")
        line.append("─" * (bar_width - done), "bright_black")
        line.append_text(safe(f" {state.details}"))
        # one column less than there are: some terminals wrap a full line
        line.truncate(max(1, self._console.width - 1), overflow="ellipsis")
        return line
