"""No more than so many requests and tokens a minute, over all threads that share a pace."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Pace"]


@dataclass
class Pace:
    """Requests start evenly spaced; a server that asks for a pause gets it from everybody."""

    requests: float = 0
    """A minute; 0: as many as come."""
    tokens: float = 0
    """A minute; 0: as many as come."""
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _next: float = field(default=0.0, repr=False)

    def delay(self, tokens: int = 0) -> float:
        """Seconds until a request of so many tokens may start; its place is taken."""
        with self._lock:
            now = self.clock()
            start = max(now, self._next)
            after = (
                60 * amount / limit
                for limit, amount in ((self.requests, 1), (self.tokens, tokens))
                if limit
            )
            self._next = start + max(after, default=0.0)
            return start - now

    def hold(self, seconds: float) -> None:
        """Nobody starts for so long."""
        with self._lock:
            self._next = max(self._next, self.clock() + seconds)
