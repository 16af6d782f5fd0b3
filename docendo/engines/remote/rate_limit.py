"""A limit on requests and tokens per minute, over all threads that share it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["RateLimit"]


@dataclass
class RateLimit:
    """Requests start evenly spaced: a burst would meet the limit of a server that counts by the second."""

    requests: float = 0
    """Per minute; 0: no limit."""
    tokens: float = 0
    """Per minute; 0: no limit."""
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _next_start: float = field(default=0.0, repr=False)

    def delay(self, tokens: int = 0) -> float:
        """Seconds until a request of so many tokens may start; its place is taken."""
        gap = 0.0
        if self.requests:
            gap = 60 / self.requests
        if self.tokens:
            gap = max(gap, 60 * tokens / self.tokens)
        # Several threads may share the limit: read and take the place in one step.
        with self._lock:
            now = self.clock()
            start = max(now, self._next_start)
            self._next_start = start + gap
            return start - now

    def pause(self, seconds: float) -> None:
        """No request starts for so long."""
        with self._lock:
            self._next_start = max(self._next_start, self.clock() + seconds)
