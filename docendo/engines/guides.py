"""What steers a single answer while it is written: a grammar, and texts that end it.

Axes: K tokens of an answer, V vocabulary, a bit each.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from docendo.errors import UseError
from docendo.records import Grammar, Request

__all__ = ["Bits", "Guide", "Guides", "Path", "barred", "fault"]

Bits = np.ndarray[Any, np.dtype[np.uint8]]
"""Tokens that may come next, one bit each, the first in the lowest bit."""
_COMPACT = {"whitespace_flexible": False}
"""Of JSON: with white space anywhere, an answer could go on without getting further."""
_MARK = re.compile(r"(?:^|\n)Answer: ")
_HEAD = """start: head final
head[lazy]: /((?s:.*)\\n)?Answer: /
final: /{}/
"""
_CLOSING = """start: "\\nAnswer: " final
final: /{}/
"""
_TAIL = 16
"""Tokens behind which a text that ends an answer is looked for."""


class Path:
    """One answer's way through a grammar; it is told every token, in order."""

    def __init__(self, matcher: Any, closing: Any, free: int, text: Callable[[Sequence[int]], str]) -> None:
        self._matcher, self._closing, self._free, self._text = matcher, closing, free, text

    def allowed(self) -> Bits:
        """Which tokens may come next."""
        return np.frombuffer(self._matcher.compute_bitmask(), np.uint8)

    def take(self, tokens: Sequence[int]) -> None:
        """The last of the answer's `tokens` is what came next. After as many as are free the answer must come."""
        self._matcher.consume_token(tokens[-1])
        if self._closing is not None and len(tokens) == self._free and not _MARK.search(self._text(tokens)):
            self._matcher = self._closing


class Guide(NamedTuple):
    """One answer's; it is told every token, in order."""

    path: Path | None
    stop: Sequence[str]
    text: Callable[[Sequence[int]], str]

    def allowed(self) -> Bits | None:
        """Which tokens may come next; None where all may."""
        return self.path.allowed() if self.path else None

    def take(self, tokens: Sequence[int]) -> bool:
        """Whether the answer is over with the last of its `tokens`."""
        if self.path:
            self.path.take(tokens)
        tail = self.text(tokens[-_TAIL:]) if self.stop else ""
        return any(stop in tail for stop in self.stop)


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

    def of(self, request: Request) -> Guide | None:
        """None where nothing steers the request's answer."""
        if request.grammar is None and not request.stop:
            return None
        return Guide(self._path(request.grammar) if request.grammar else None, request.stop, self.text)

    def walk(self, grammar: Grammar, tokens: Sequence[int]) -> list[Bits]:
        """Which tokens were allowed at each place of an answer that was written under `grammar`."""
        path, found = self._path(grammar), list[Bits]()
        for k in range(len(tokens)):
            found.append(path.allowed())
            path.take(tokens[: k + 1])
        return found

    @cached_property
    def _vocabulary(self) -> Any:
        import llguidance.hf

        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.size, eos_token=self.end)

    def _path(self, grammar: Grammar) -> Path:
        if grammar not in self.known:
            if wrong := fault(grammar):
                raise UseError(f"the {grammar.kind} grammar is wrong: {wrong}")
            make = partial(_library().LLMatcher, self._vocabulary, log_level=0)
            self.known[grammar] = [make(source) for source in _sources(grammar)]
        matcher, *closing = (m.deep_copy() for m in self.known[grammar])
        return Path(matcher, closing[0] if closing else None, grammar.free, self.text)


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


def fault(grammar: Grammar) -> str:
    """What is wrong with a grammar and where, one line; empty where nothing is."""
    try:
        sources = _sources(grammar)
    except ValueError as error:
        return str(error)
    found = (_library().LLMatcher.validate_grammar(source) for source in sources)
    return next((" ".join(str(wrong).split()) for wrong in found if wrong), "")


def _sources(grammar: Grammar) -> list[str]:
    """The grammar in the library's own form; where text is free before it, also what must come after that.

    Raises ValueError for JSON that is none.
    """
    make = _library().LLMatcher
    match grammar.kind:
        case "json":
            return [str(make.grammar_from_json_schema(grammar.text, overrides=_COMPACT))]
        case "lark":
            return [str(make.grammar_from_lark(grammar.text))]
        case "choice":
            pattern = "|".join(map(_plainly, _choices(grammar.text)))
        case "regex":
            pattern = grammar.text
    if not grammar.free:
        return [str(make.grammar_from_regex(pattern))]
    inside = re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\/", pattern)
    return [str(make.grammar_from_lark(form.replace("{}", inside))) for form in (_HEAD, _CLOSING)]


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
