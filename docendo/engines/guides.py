"""What steers a single answer while it is written: a grammar, and texts that end it.

Axes: K tokens of an answer, V vocabulary, a bit each.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from docendo.errors import UseError
from docendo.records import Grammar, Request

__all__ = ["Bits", "Guide", "Guides", "barred"]

Bits = np.ndarray[Any, np.dtype[np.uint8]]
"""Tokens that may come next, one bit each, the first in the lowest bit."""
_COMPACT = {"whitespace_flexible": False}
"""Of JSON: with white space anywhere, an answer could go on without getting further."""
_TAIL = 16
"""Tokens behind which a text that ends an answer is looked for."""


class Guide:
    """One answer's. It is told every token, in order."""

    def __init__(self, matcher: Any, stop: Sequence[str], text: Callable[[Sequence[int]], str]) -> None:
        self._matcher, self._stop, self._text = matcher, stop, text

    def allowed(self) -> Bits | None:
        """Which tokens may come next; None where all may."""
        if self._matcher is None:
            return None
        return np.frombuffer(self._matcher.compute_bitmask(), np.uint8)

    def take(self, tokens: Sequence[int]) -> bool:
        """Whether the answer is over with the last of its `tokens`."""
        if self._matcher is not None:
            self._matcher.consume_token(tokens[-1])
        if not self._stop:
            return False
        tail = self._text(tokens[-_TAIL:])
        return any(stop in tail for stop in self._stop)


@dataclass
class Guides:
    """Makes guides; compiles each grammar once."""

    tokenizer: Any
    """Of transformers."""
    size: int
    """V, that of the model's output, which may be larger than the tokenizer's."""
    end: int
    text: Callable[[Sequence[int]], str]
    known: dict[Grammar, Any] = field(default_factory=dict, repr=False)

    def of(self, request: Request) -> Guide | None:
        """None where nothing steers the request's answer."""
        if request.grammar is None and not request.stop:
            return None
        return Guide(self._matcher(request.grammar), request.stop, self.text)

    def walk(self, grammar: Grammar, tokens: Sequence[int]) -> list[Bits]:
        """Which tokens were allowed at each place of an answer that was written under `grammar`."""
        matcher, found = self._matcher(grammar), list[Bits]()
        for token in tokens:
            found.append(np.frombuffer(matcher.compute_bitmask(), np.uint8))
            matcher.consume_token(token)
        return found

    def fault(self, grammar: Grammar) -> str:
        """What is wrong with a grammar and where, one line; empty where nothing is."""
        library = _library()
        try:
            source = _source(library, grammar)
        except ValueError as error:
            return str(error)
        return " ".join(str(library.LLMatcher.validate_grammar(source, self._vocabulary)).split())

    @cached_property
    def _vocabulary(self) -> Any:
        import llguidance.hf

        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.size, eos_token=self.end)

    def _matcher(self, grammar: Grammar | None) -> Any:
        if grammar is None:
            return None
        if grammar not in self.known:
            library = _library()
            matcher = library.LLMatcher(self._vocabulary, _source(library, grammar), log_level=0)
            if matcher.is_error():
                raise UseError(f"a {grammar.kind} grammar is wrong: {matcher.get_error()}")
            self.known[grammar] = matcher
        return self.known[grammar].deep_copy()


def barred(bits: Sequence[Bits | None], logits_KV: Tensor) -> Tensor:
    """The logits, of tokens that are not allowed minus infinity; the same tensor where all are."""
    rows = [k for k, some in enumerate(bits) if some is not None]
    if not rows:
        return logits_KV
    packed = np.stack([some for some in bits if some is not None])
    allowed = np.unpackbits(packed, axis=1, count=logits_KV.shape[1], bitorder="little").astype(bool)
    places = torch.tensor(rows, device=logits_KV.device)
    mask = torch.from_numpy(allowed).to(logits_KV.device)
    return logits_KV.index_copy(0, places, logits_KV[places].masked_fill(~mask, float("-inf")))


def _library() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise UseError("a grammar needs llguidance; install it with: pip install llguidance") from error
    return llguidance


def _source(library: Any, grammar: Grammar) -> str:
    """The grammar in the library's own form. Raises ValueError for JSON that is none."""
    make = library.LLMatcher
    match grammar.kind:
        case "regex":
            return str(make.grammar_from_regex(grammar.text))
        case "json":
            return str(make.grammar_from_json_schema(grammar.text, overrides=_COMPACT))
        case "lark":
            return str(make.grammar_from_lark(grammar.text))
        case "choice":
            return str(make.grammar_from_regex("|".join(map(_plainly, _choices(grammar.text)))))


def _choices(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not a JSON list of texts: {error.msg} at column {error.colno}") from error
    if not isinstance(found, list) or not found or not all(isinstance(f, str) and f for f in found):
        raise ValueError("not a JSON list of texts")
    return found


def _plainly(text: str) -> str:
    """A regular expression of this text alone."""
    return "".join(c if c.isalnum() or c == " " else f"\\x{{{ord(c):x}}}" for c in text)
