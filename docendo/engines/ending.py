"""How an answer in a grammar can be brought to an end: a short way that a search by single characters finds.

A model is not asked, so the end of an answer that runs out of tokens costs no pass through it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Closer"]

_ORDER = "\"'`)]}>\n;.!?,:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ |/\\_~^@$#%&=+*-<{[("
"""What closes something first and what opens something last, so that the way is short."""
_OTHERS = 256
"""Tokens that are tried where no single character may come next."""


@dataclass(frozen=True)
class Closer:
    vocabulary: Any
    """Of llguidance."""
    end: int

    def __call__(self, matcher: Any, room: int) -> list[int]:
        """At most `room` tokens with which the answer of a matcher can end, the end of turn included.

        Empty where none were found: there may be some all the same. The matcher is left as it is.
        """
        straight = self._way(matcher, room, None)
        return self._way(matcher, len(straight) - 1 if straight else room, set()) or straight

    def _way(self, matcher: Any, room: int, seen: set[bytes] | None) -> list[int]:
        """By the first character that may come at every place; by one that leads to where nobody has `seen`."""
        at, found = matcher.deep_copy(), list[int]()
        while len(found) < room:
            if at.is_accepting():
                return [*found, self.end]
            forced = at.compute_ff_tokens()
            if forced:
                at.consume_tokens(forced)
            else:
                forced, at = self._step(at, seen)
            if not forced:
                return []
            found += forced
        return []

    def _step(self, matcher: Any, seen: set[bytes] | None) -> tuple[list[int], Any]:
        """A token, and the matcher behind it; none where there is no way on."""
        bits: bytes = matcher.compute_bitmask()
        allowed = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
        allowed[self.end] = 0
        if seen is not None:
            seen.add(bits)
        found: tuple[list[int], Any] = [], matcher
        for token in [t for t in self._characters if allowed[t]] or np.flatnonzero(allowed)[:_OTHERS].tolist():
            after = matcher.deep_copy()
            if not after.consume_token(token):
                continue
            if seen is None or after.is_accepting() or after.compute_bitmask() not in seen:
                return [token], after
            found = found if found[0] else ([token], after)
        return found

    @cached_property
    def _characters(self) -> list[int]:
        """Tokens of a single character or byte, in the order in which they are tried."""
        order = [*_ORDER.encode(), *(b for b in range(256) if chr(b) not in _ORDER)]
        single = (self.vocabulary.tokenize_bytes(bytes([b])) for b in order)
        return list(dict.fromkeys(tokens[0] for tokens in single if len(tokens) == 1))
