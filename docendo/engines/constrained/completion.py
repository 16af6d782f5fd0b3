"""Endings for an unfinished answer in a grammar, found by a search by characters.

A model is not asked, so the end of an answer that runs out of tokens costs no pass through it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Closer", "closing_literals"]

_ORDER = "\"'`)]}>\n;.!?,:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ |/\\_~^@$#%&=+*-<{[("
"""Closing characters first and opening ones last, so that the ending is short."""
_OTHERS = 256
"""Tokens that are tried where no single character may come next."""
_LITERAL = re.compile(r"(?:\n|[^\W_]|[ ,:;!<>#=@&~'-]){2,}(?![?*{+])|[^\x00-\x7f]")


def closing_literals(text: str) -> list[str]:
    """Runs of literal characters in a regular expression or a Lark grammar: an ending may need them.

    Each alone, and followed by a digit or a letter: ``(?s:.*)Answer: [0-9]+`` can only end with both.
    """
    literals = dict.fromkeys(_LITERAL.findall(text.replace("\\n", "\n")))
    return [literal + suffix for literal in literals for suffix in ("", "0", "a")]


@dataclass(frozen=True)
class Closer:
    vocabulary: Any
    """Of llguidance."""
    end: int

    def __call__(
        self, matcher: Any, room: int, closing_texts: Sequence[str] = ()
    ) -> list[int]:
        """At most `room` tokens with which the answer of a matcher can end, the end of turn included.

        Empty if none were found; there may be some all the same. The matcher does not change.
        `closing_texts` are texts that the ending may have to contain.
        """
        # First greedily, which ends most answers at once. Then with a memory of states, which
        # leaves the loops of a grammar, and with whole texts: kept only where it is shorter.
        greedy = self._search(matcher, room, None, ())
        texts = [self.vocabulary.tokenize_str(text) for text in closing_texts]
        shorter = len(greedy) - 1 if greedy else room
        return self._search(matcher, shorter, set(), texts) or greedy

    def _search(
        self,
        matcher: Any,
        room: int,
        visited: set[bytes] | None,
        texts: Sequence[list[int]],
    ) -> list[int]:
        """Takes the first possible step at every place; with `visited`, the first to a new state."""
        state = matcher.deep_copy()
        ending = _take_forced(state)
        while len(ending) < room:
            if state.is_accepting():
                return [*ending, self.end]
            step, state = self._step(state, visited, texts)
            if not step:
                return []
            ending += step
        return []

    def _step(
        self, matcher: Any, visited: set[bytes] | None, texts: Sequence[list[int]]
    ) -> tuple[list[int], Any]:
        """Tokens, and the matcher after them; no tokens if there are none to take."""
        # a state of the library has no name: the set of tokens that may follow stands for it
        fallback: tuple[list[int], Any] = [], matcher
        if visited is not None:
            visited.add(matcher.compute_bitmask())

        for tokens in self._candidates(matcher, texts):
            after = matcher.deep_copy()
            if not after.consume_tokens(tokens):
                continue
            step = tokens + _take_forced(after)
            if visited is None or after.is_accepting():
                return step, after
            if after.compute_bitmask() not in visited:
                return step, after
            if not fallback[0]:
                fallback = step, after
        return fallback

    def _candidates(self, matcher: Any, texts: Sequence[list[int]]) -> Iterator[list[int]]:
        """Tokens that may come next, in the order in which they are tried."""
        bits: bytes = matcher.compute_bitmask()
        allowed = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
        # the caller looks at `is_accepting` before: the end of turn is no step towards the end
        allowed[self.end] = 0

        for tokens in texts:
            if matcher.validate_tokens(tokens) == len(tokens):
                yield tokens
        single = [token for token in self._characters if allowed[token]]
        for token in single or np.flatnonzero(allowed)[:_OTHERS].tolist():
            yield [token]

    @cached_property
    def _characters(self) -> list[int]:
        """Tokens of a single character, in the order in which they are tried."""
        tokenized = map(self.vocabulary.tokenize_str, _ORDER)
        return list(dict.fromkeys(tokens[0] for tokens in tokenized if len(tokens) == 1))


def _take_forced(matcher: Any) -> list[int]:
    """Advance the matcher by the tokens that must come next, and return them."""
    tokens: list[int] = matcher.compute_ff_tokens()
    matcher.consume_tokens(tokens)
    return tokens
