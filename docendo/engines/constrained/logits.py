"""What steers a single answer while it is written: a grammar, and texts that end it.

Axes: K tokens of an answer, V vocabulary, a bit each.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from docendo.engines.constrained.completion import Closer
from docendo.engines.constrained.grammars import LONGEST, fault, hints, matchers, one_line
from docendo.errors import RunError, UserError
from docendo.records import Grammar, Request

__all__ = ["Bits", "Guide", "Guides", "Path", "barred", "certain"]

Bits = np.ndarray[Any, np.dtype[np.uint8]]
"""Tokens that may come next, one bit each, the first in the lowest bit."""
_MARK = re.compile(r"(?:^|\n)Answer: ")
_TAIL = 16
"""Tokens in which a text that ends an answer is looked for, at the least."""
_BACK = 32
"""Tokens of an unfinished answer that are taken back one by one, before all are."""


class Path:
    """One answer's way through a grammar; it is told every token, in order."""

    def __init__(self, matchers: Sequence[Any], make: "Guides", grammar: Grammar) -> None:
        self._matcher, self._closing = (
            matchers[0],
            matchers[1] if len(matchers) > 1 else None,
        )
        self._make, self._grammar = make, grammar
        self.tokens = list[int]()

    def allowed(self) -> Bits:
        """Which tokens may come next. Raises RunError where the grammar is too large to tell."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)[: self._make.bytes]
        self._check()
        return bits

    def take(self, token: int) -> None:
        """What came next. After as many tokens as are free the answer must come."""
        self._matcher.consume_token(token)
        self._check()
        self.tokens.append(token)
        if len(self.tokens) == self._grammar.free and self._thinking:
            self._matcher, self._closing = self._closing, None

    def ending(self, room: int) -> list[int]:
        """At most `room` tokens that end the answer, the end of turn included; empty where none were found."""
        matcher = self._closing if self._thinking else self._matcher
        return self._make.closer(matcher, room, hints(self._grammar))

    @property
    def whole(self) -> bool:
        """Whether the answer could end here."""
        return bool(self._matcher.is_accepting())

    @property
    def _thinking(self) -> bool:
        """Whether free text is still being written."""
        return self._closing is not None and not _MARK.search(self._make.text(self.tokens))

    def _check(self) -> None:
        if self._matcher.is_error():
            raise RunError(
                f"a grammar failed: {one_line(self._matcher.get_error().partition('<state>')[0])}"
            )


class Guide(NamedTuple):
    """One answer's; it is told every token, in order."""

    make: "Guides"
    request: Request
    path: Path | None

    def allowed(self) -> Bits | None:
        """Which tokens may come next; None where all may."""
        return self.path.allowed() if self.path else None

    def take(self, tokens: Sequence[int]) -> bool:
        """Whether the answer is over with the last of its `tokens`."""
        if self.path:
            self.path.take(tokens[-1])
        stop = self.request.stop
        tail = self.make.text(tokens[-max(_TAIL, *map(len, stop)) :]) if stop else ""
        return any(text in tail for text in stop)

    def closed(self, tokens: Sequence[int]) -> tuple[int, list[int]]:
        """How many of an answer's `tokens`, after which there is no room, to keep, and what ends it then.

        All and nothing where no grammar is unfinished. So an answer is always within its grammar, however few tokens
        there are, and a model that would not have come to an end in time loses as little as possible.
        """
        if self.path is None or self.path.whole:
            return len(tokens), []
        grammar, most = self.request.grammar, self.request.max_tokens
        assert grammar is not None, "there is a path"  # noqa: S101
        for kept in (*range(len(tokens) - 1, max(0, len(tokens) - _BACK), -1), 0):
            path = self.make.path(grammar, (*self.request.prefix_ids, *tokens[:kept]))
            if ending := path.ending(most - kept):
                return kept, ending
        raise RunError(
            f"an answer in its {grammar.kind} grammar found no end within {most} tokens"
        )


@dataclass
class Guides:
    """Makes guides; compiles each grammar once."""

    tokenizer: Any
    """Of transformers."""
    size: int
    """V, that of the model's output, which may be larger than the tokenizer's."""
    end: int
    text: Callable[[Sequence[int]], str]
    known: dict[Grammar, list[Any]] = field(default_factory=dict, repr=False)
    shortest: dict[Grammar, int] = field(default_factory=dict, repr=False)
    """Tokens of a short answer in it; 0 where none was found."""

    def of(self, request: Request) -> Guide | None:
        """None where nothing steers the request's answer. Raises UseError where no answer fits its `max_tokens`."""
        grammar = request.grammar
        if grammar is None and not request.stop:
            return None
        if (
            grammar
            and not request.prefix_ids
            and not 0 < self._shortest(grammar) <= request.max_tokens
        ):
            raise UserError(
                f"no answer in its {grammar.kind} grammar was found within {request.max_tokens} tokens"
            )
        return Guide(
            self, request, self.path(grammar, request.prefix_ids) if grammar else None
        )

    def walk(
        self, grammar: Grammar, tokens: Sequence[int], sampled: Sequence[bool] = ()
    ) -> list[Bits]:
        """Which tokens were allowed at each place of an answer that was written under `grammar`.

        Where a token was not `sampled`, as at an end that was found for the answer, it alone.
        """
        free = sampled or (True,) * len(tokens)
        last = max((k for k, chosen in enumerate(free) if chosen), default=-1)
        path, found = self.path(grammar), list[Bits]()
        for k, token in enumerate(tokens):
            found.append(path.allowed() if free[k] else self._alone(token))
            if k < last:
                path.take(token)
        return found

    def path(self, grammar: Grammar, tokens: Sequence[int] = ()) -> Path:
        """The way through a grammar, behind these tokens. Raises UseError for a grammar that is wrong."""
        if grammar not in self.known:
            if wrong := fault(grammar):
                raise UserError(f"the {grammar.kind} grammar is wrong: {wrong}")
            self.known[grammar] = matchers(grammar, self._vocabulary)
        path = Path([m.deep_copy() for m in self.known[grammar]], self, grammar)
        for token in tokens:
            path.take(token)
        return path

    @property
    def bytes(self) -> int:
        """Of the bits of all tokens; the library adds some."""
        return -(-self.size // 8)

    @cached_property
    def closer(self) -> Closer:
        return Closer(self._vocabulary, self.end)

    @cached_property
    def _vocabulary(self) -> Any:
        import llguidance.hf

        return llguidance.hf.from_tokenizer(
            self.tokenizer, n_vocab=self.size, eos_token=self.end
        )

    def _shortest(self, grammar: Grammar) -> int:
        if grammar not in self.shortest:
            self.shortest[grammar] = len(self.path(grammar).ending(LONGEST))
        return self.shortest[grammar]

    def _alone(self, token: int) -> Bits:
        bits: Bits = np.zeros(self.bytes, np.uint8)
        bits[token // 8] = 1 << token % 8
        return bits


def barred(bits: Sequence[Bits | None], logits_KV: Tensor) -> Tensor:
    """The logits, of tokens that are not allowed minus infinity; they are overwritten."""
    rows = [k for k, some in enumerate(bits) if some is not None]
    if not rows:
        return logits_KV
    packed = ~np.stack([some for some in bits if some is not None])
    mask = torch.from_numpy(
        np.unpackbits(packed, axis=1, count=logits_KV.shape[1], bitorder="little").view(
            bool
        )
    )
    if len(rows) == len(logits_KV):
        return logits_KV.masked_fill_(mask.to(logits_KV.device), float("-inf"))
    if logits_KV.device.type == "cpu":  # one by one: others are not even read
        for k, row in zip(rows, mask, strict=True):
            logits_KV[k].masked_fill_(row, float("-inf"))
        return logits_KV
    places = torch.tensor(rows, device=logits_KV.device)
    logits_KV[places] = logits_KV[places].masked_fill(
        mask.to(logits_KV.device), float("-inf")
    )
    return logits_KV


def certain(bits: Bits) -> bool:
    """Whether a single token is allowed."""
    return np.count_nonzero(bits) == 1 and int(bits.max()).bit_count() == 1
