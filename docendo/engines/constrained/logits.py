"""Constraints on an answer while it is sampled: a grammar, and the texts that end it.

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
from docendo.engines.constrained.grammars import (
    MAX_ANSWER_TOKENS,
    closing_texts,
    grammar_error,
    make_matchers,
    one_line,
)
from docendo.errors import RunError, UserError
from docendo.records import Grammar, Request, sampled_mask

__all__ = ["Bits", "GrammarPath", "Guide", "Guides", "is_single", "mask_logits"]

Bits = np.ndarray[Any, np.dtype[np.uint8]]
"""Tokens that may come next, one bit each, the first in the lowest bit."""
_MARK = re.compile(r"(?:^|\n)Answer: ")
_TAIL = 16
"""Least number of last tokens in which a stop text is searched for."""
_BACK = 32
"""Tokens of an unfinished answer that are removed one by one, before all are."""


class GrammarPath:
    """The state of a grammar after the tokens of one answer, which `take` gets in order."""

    def __init__(self, matchers: Sequence[Any], make: "Guides", grammar: Grammar) -> None:
        self._matcher = matchers[0]
        # Of what must come once the free text is over.
        self._closing = matchers[1] if len(matchers) > 1 else None
        self._make = make
        self._grammar = grammar
        self.tokens = list[int]()

    def allowed(self) -> Bits:
        """Which tokens may come next. Raises RunError if the grammar is too large to compute it."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)[: self._make.bytes]
        self._check()
        return bits

    def take(self, token: int) -> None:
        """Advance by one token. After `free_tokens` tokens the answer must come."""
        self._matcher.consume_token(token)
        self._check()
        self.tokens.append(token)

        # Free text has had its tokens and no answer yet: from here on only the answer may come.
        if len(self.tokens) == self._grammar.free_tokens and self._is_free:
            self._matcher = self._closing
            self._closing = None

    def ending(self, room: int) -> list[int]:
        """At most `room` tokens that end the answer, the end of turn included; empty if none were found."""
        matcher = self._closing if self._is_free else self._matcher
        return self._make.closer(matcher, room, closing_texts(self._grammar))

    @property
    def is_complete(self) -> bool:
        """Whether the answer could end here."""
        return bool(self._matcher.is_accepting())

    @property
    def _is_free(self) -> bool:
        """Whether free text is still being written."""
        return self._closing is not None and not _MARK.search(self._make.text(self.tokens))

    def _check(self) -> None:
        if self._matcher.is_error():
            raise RunError(
                f"a grammar failed: {one_line(self._matcher.get_error().partition('<state>')[0])}"
            )


class Guide(NamedTuple):
    """The constraints on one answer, whose tokens `take` gets in order."""

    make: "Guides"
    request: Request
    path: GrammarPath | None

    def allowed(self) -> Bits | None:
        """Which tokens may come next; None if all may."""
        return self.path.allowed() if self.path else None

    def take(self, tokens: Sequence[int]) -> bool:
        """Advance to the last of the `tokens`; whether a stop text ends the answer there."""
        if self.path:
            self.path.take(tokens[-1])

        # Decoding all tokens at every step would be quadratic. A stop text of so many bytes is in
        # as many of the last tokens, since a token has at least one.
        stop = self.request.stop
        if not stop:
            return False
        longest = max(len(text.encode()) for text in stop)
        tail = self.make.text(tokens[-max(_TAIL, longest) :])
        return any(text in tail for text in stop)

    def find_ending(self, tokens: Sequence[int]) -> tuple[int, list[int]]:
        """For an answer at its limit of tokens: how many to keep, and the tokens that end it then.

        All and none if no grammar is unfinished. So an answer is always within its grammar, however few
        tokens it may have, and loses as few of the sampled ones as possible.
        """
        if self.path is None or self.path.is_complete:
            return len(tokens), []

        # Each length is a new path from the start, since the library's matchers only go forward.
        grammar = self.request.grammar
        max_tokens = self.request.max_tokens
        assert grammar is not None, "there is a path"  # noqa: S101
        shortest = max(0, len(tokens) - _BACK)
        for length in (*range(len(tokens) - 1, shortest, -1), 0):
            path = self.make.path(grammar, (*self.request.prefix_ids, *tokens[:length]))
            if ending := path.ending(max_tokens - length):
                return length, ending
        raise RunError(
            f"an answer in its {grammar.kind} grammar found no end within {max_tokens} tokens"
        )


@dataclass
class Guides:
    """Makes guides for requests; compiles each grammar once."""

    tokenizer: Any
    """Of transformers."""
    size: int
    """V, of the model's output; it may be larger than the tokenizer's."""
    end: int
    text: Callable[[Sequence[int]], str]
    matchers: dict[Grammar, list[Any]] = field(default_factory=dict, repr=False)
    shortest: dict[Grammar, int] = field(default_factory=dict, repr=False)
    """Tokens of a short answer in it; 0 where none was found."""

    def guide_for(self, request: Request) -> Guide | None:
        """The guide of a request; None if it has no grammar and no stop texts.

        Raises UserError if no answer in the grammar fits its `max_tokens`.
        """
        grammar = request.grammar
        if grammar is None and not request.stop:
            return None
        if grammar is None:
            return Guide(self, request, None)

        fits = 0 < self._shortest(grammar) <= request.max_tokens
        if not request.prefix_ids and not fits:
            raise UserError(
                f"no answer in its {grammar.kind} grammar was found "
                f"within {request.max_tokens} tokens"
            )
        return Guide(self, request, self.path(grammar, request.prefix_ids))

    def walk(
        self, grammar: Grammar, tokens: Sequence[int], sampled: Sequence[bool] = ()
    ) -> list[Bits]:
        """Which tokens were allowed at each place of an answer that was sampled under `grammar`.

        Where a token was not `sampled`, as in an ending that was appended, only that token.
        """
        sampled_K = sampled_mask(sampled, len(tokens))
        last = max((k for k, is_sampled in enumerate(sampled_K) if is_sampled), default=-1)
        path = self.path(grammar)
        bits_K = []
        for k, token in enumerate(tokens):
            bits_K.append(path.allowed() if sampled_K[k] else self._only(token))
            # the appended ending may have come from another matcher, which this path refuses
            if k < last:
                path.take(token)
        return bits_K

    def path(self, grammar: Grammar, tokens: Sequence[int] = ()) -> GrammarPath:
        """The state of a grammar after these tokens. Raises UserError for a faulty grammar."""
        if grammar not in self.matchers:
            if error := grammar_error(grammar):
                raise UserError(f"the {grammar.kind} grammar is wrong: {error}")
            self.matchers[grammar] = make_matchers(grammar, self._vocabulary)
        path = GrammarPath([m.deep_copy() for m in self.matchers[grammar]], self, grammar)
        for token in tokens:
            path.take(token)
        return path

    @property
    def bytes(self) -> int:
        """Length of a mask over V; the library pads it."""
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
            self.shortest[grammar] = len(self.path(grammar).ending(MAX_ANSWER_TOKENS))
        return self.shortest[grammar]

    def _only(self, token: int) -> Bits:
        bits = np.zeros(self.bytes, np.uint8)
        bits[token // 8] = 1 << token % 8
        return bits


def mask_logits(bits: Sequence[Bits | None], logits_KV: Tensor) -> Tensor:
    """The logits in place, with minus infinity for tokens that are not allowed."""
    rows = []
    masks = []
    for k, mask in enumerate(bits):
        if mask is not None:
            rows.append(k)
            masks.append(mask)
    if not rows:
        return logits_KV

    # (rows, V / 8) bits of what is allowed to (rows, V) booleans of what is not
    device = logits_KV.device
    width = logits_KV.shape[1]
    unpacked = np.unpackbits(~np.stack(masks), axis=1, count=width, bitorder="little")
    hidden_KV = torch.from_numpy(unpacked.view(bool)).to(device)

    if len(rows) == len(logits_KV):
        return logits_KV.masked_fill_(hidden_KV, float("-inf"))
    if device.type == "cpu":
        # Row by row, so that the rows without a grammar are not even read.
        for k, hidden_V in zip(rows, hidden_KV, strict=True):
            logits_KV[k].masked_fill_(hidden_V, float("-inf"))
        return logits_KV
    places = torch.tensor(rows, device=device)
    logits_KV[places] = logits_KV[places].masked_fill(hidden_KV, float("-inf"))
    return logits_KV


def is_single(bits: Bits) -> bool:
    """Whether exactly one token is allowed."""
    return np.count_nonzero(bits) == 1 and int(bits.max()).bit_count() == 1
