"""Ctrl-C while a run is going: the first finishes the round, the second stops at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["INTERRUPTED", "Interrupt", "interrupts"]

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


@dataclass
class Interrupt:
    """Shared with the signal handler."""

    running: bool = False
    """Whether there is a round to finish; before that, Ctrl-C raises KeyboardInterrupt."""
    is_requested: bool = False
    """Whether Ctrl-C was pressed."""


@contextmanager
def interrupts(
    first: Callable[[], None], second: Callable[[], None]
) -> Iterator[Interrupt]:
    """Within the block Ctrl-C sets `is_requested` and calls `first`; another calls `second` and exits.

    It exits as if it had been killed, which the run directory is made for: no code runs half
    of its clean-up.
    """
    state = Interrupt()

    def handle(_signal: int, _frame: Any) -> None:
        if not state.running:
            raise KeyboardInterrupt
        if state.is_requested:
            second()
            # no exception: a handler that unwinds the stack could stop in the middle of a
            # write
            os._exit(INTERRUPTED)
        state.is_requested = True
        first()

    previous_handler = signal.signal(signal.SIGINT, handle)
    with _shield_children():
        try:
            yield state
        finally:
            signal.signal(signal.SIGINT, previous_handler)


@contextmanager
def _shield_children() -> Iterator[None]:
    """Let processes that start in the block survive a Ctrl-C, which terminals send them too.

    They inherit the blocked signal from this thread. A sandbox that died of it would make a
    right answer wrong. This process gets the signal through a thread that does not block it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return

    finished = threading.Event()
    threading.Thread(target=finished.wait, daemon=True).start()
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)
        finished.set()
