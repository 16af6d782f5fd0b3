"""How an answer in a grammar can be brought to an end: a short way that a search by characters finds.

A model is not asked, so the end of an answer that runs out of tokens costs no pass through it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Closer", "literals"]

_ORDER = "\"'`)]}>\n;.!?,:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ |/\\_~^@$#%&=+*-<{[("
"""What closes something first and what opens something last, so that the way is short."""
_OTHERS = 256
"""Tokens that are tried where no single character may come next."""
_LITERAL = re.compile(r"(?:\n|\\n|[^\W_]|[ ,:;!<>#=@&~'-]){2,}(?![?*{+])|[^\x00-\x7f]")


def literals(text: str) -> list[str]:
    """What an end may have to say: runs of characters that stand for themselves in a regular expression or in Lark.

    Each alone, and with a digit or a letter behind it, because ``(?s:.*)Answer: [0-9]+`` can only end with both.
    """
    found = dict.fromkeys(run.replace("\\n", "\n") for run in _LITERAL.findall(text))
    return [run + more for run in found for more in ("", "0", "a")]


@dataclass(frozen=True)
class Closer:
    vocabulary: Any
    """Of llguidance."""
    end: int

    def __call__(self, matcher: Any, room: int, hints: Sequence[str] = ()) -> list[int]:
        """At most `room` tokens with which the answer of a matcher can end, the end of turn included.

        Empty where none were found: there may be some all the same. The matcher is left as it is. `hints` are texts
        that the end may have to contain.
        """
        straight = self._way(matcher, room, None, ())
        texts = [self.vocabulary.tokenize_str(hint) for hint in hints]
        return (
            self._way(matcher, len(straight) - 1 if straight else room, set(), texts)
            or straight
        )

    def _way(
        self, matcher: Any, room: int, seen: set[bytes] | None, hints: Sequence[list[int]]
    ) -> list[int]:
        """By the first character that may come at every place; by one that leads to where nobody has `seen`."""
        at = matcher.deep_copy()
        found = _forced(at)
        while len(found) < room:
            if at.is_accepting():
                return [*found, self.end]
            step, at = self._step(at, seen, hints)
            if not step:
                return []
            found += step
        return []

    def _step(
        self, matcher: Any, seen: set[bytes] | None, hints: Sequence[list[int]]
    ) -> tuple[list[int], Any]:
        """Tokens, and the matcher behind them; none where there is no way on."""
        found: tuple[list[int], Any] = [], matcher
        if seen is not None:
            seen.add(matcher.compute_bitmask())
        for tokens in self._next(matcher, hints):
            after = matcher.deep_copy()
            if not after.consume_tokens(tokens):
                continue
            step = tokens + _forced(after)
            if seen is None or after.is_accepting() or after.compute_bitmask() not in seen:
                return step, after
            found = found if found[0] else (step, after)
        return found

    def _next(self, matcher: Any, hints: Sequence[list[int]]) -> Iterator[list[int]]:
        """What may come next, in the order in which it is tried."""
        bits: bytes = matcher.compute_bitmask()
        allowed = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
        allowed[self.end] = 0
        yield from (
            tokens for tokens in hints if matcher.validate_tokens(tokens) == len(tokens)
        )
        single = [t for t in self._characters if allowed[t]]
        yield from ([t] for t in single or np.flatnonzero(allowed)[:_OTHERS].tolist())

    @cached_property
    def _characters(self) -> list[int]:
        """Tokens of a single character, in the order in which they are tried."""
        single = (self.vocabulary.tokenize_str(c) for c in _ORDER)
        return list(dict.fromkeys(tokens[0] for tokens in single if len(tokens) == 1))


def _forced(matcher: Any) -> list[int]:
    """The tokens that must come next, which the matcher is told."""
    tokens: list[int] = matcher.compute_ff_tokens()
    matcher.consume_tokens(tokens)
    return tokens
