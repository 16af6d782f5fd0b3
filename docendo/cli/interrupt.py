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


@dataclass
class Interrupt:
    running: bool = False
    """Set once there is something to finish; before that, Ctrl-C raises KeyboardInterrupt as usual."""
    asked: bool = False


@contextmanager
def interrupts(
    first: Callable[[], None], second: Callable[[], None]
) -> Iterator[Interrupt]:
    """Within the block Ctrl-C sets `asked` and calls `first`; another calls `second` and ends the process.

    It ends as if it had been killed, which the run directory is made for: no code runs half of its clean-up.
    """
    state = Interrupt()

    def handle(_signal: int, _frame: Any) -> None:
        if not state.running:
            raise KeyboardInterrupt
        if state.asked:
            second()
            os._exit(INTERRUPTED)
        state.asked = True
        first()

    before = signal.signal(signal.SIGINT, handle)
    with _spared():
        try:
            yield state
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _spared() -> Iterator[None]:
    """Lets processes that are started in the block live through a Ctrl-C, which a terminal sends to them too.

    They inherit the blocked signal from this thread; a sandbox that died of it would make a right answer wrong. The
    signal comes to this process through a thread that does not block it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    over = threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        over.set()
