"""What steers a single answer while it is written: a grammar, and texts that end it.

Axes: K tokens of an answer, V vocabulary, a bit each.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from docendo.engines.ending import Closer
from docendo.errors import RunError, UseError
from docendo.records import Grammar, Request

__all__ = ["Bits", "Guide", "Guides", "Path", "barred", "fault", "least"]

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
"""Tokens in which a text that ends an answer is looked for, at the least."""
_BACK, _LONGEST = 32, 4096
"""Tokens of an unfinished answer that are taken back one by one, before all are; the most tokens of an answer."""


class Path:
    """One answer's way through a grammar; it is told every token, in order."""

    def __init__(self, matcher: Any, closing: Any, make: "Guides", free: int) -> None:
        self._matcher, self._closing, self._make, self._free = matcher, closing, make, free
        self.tokens = list[int]()

    def allowed(self) -> Bits:
        """Which tokens may come next. Raises RunError where the grammar is too large to tell."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        return bits

    def take(self, token: int) -> None:
        """What came next. After as many tokens as are free the answer must come."""
        self._matcher.consume_token(token)
        self._check()
        self.tokens.append(token)
        if len(self.tokens) == self._free and self._thinking:
            self._matcher, self._closing = self._closing, None

    def ending(self, room: int) -> list[int]:
        """At most `room` tokens that end the answer from here, the end of turn included; empty where none were found."""
        return self._make.closer(self._closing if self._thinking else self._matcher, room)

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
            raise RunError(f"a grammar failed: {_line(self._matcher.get_error())}")


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
            path = self.make.path(grammar, (*self.request.begun, *tokens[:kept]))
            if ending := path.ending(most - kept):
                return kept, ending
        raise RunError(f"an answer in its {grammar.kind} grammar found no end within {most} tokens")


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
        if grammar and not request.begun and not 0 < self._shortest(grammar) <= request.max_tokens:
            raise UseError(f"no answer in its {grammar.kind} grammar was found within {request.max_tokens} tokens")
        return Guide(self, request, self.path(grammar, request.begun) if grammar else None)

    def walk(self, grammar: Grammar, tokens: Sequence[int], sampled: Sequence[bool] = ()) -> list[Bits]:
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
                raise UseError(f"the {grammar.kind} grammar is wrong: {wrong}")
            self.known[grammar] = _matchers(grammar, self._vocabulary)
        matcher, *closing = (m.deep_copy() for m in self.known[grammar])
        path = Path(matcher, closing[0] if closing else None, self, grammar.free)
        for token in tokens:
            path.take(token)
        return path

    @cached_property
    def closer(self) -> Closer:
        return Closer(self._vocabulary, self.end)

    @cached_property
    def _vocabulary(self) -> Any:
        _library()
        import llguidance.hf

        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.size, eos_token=self.end)

    def _shortest(self, grammar: Grammar) -> int:
        if grammar not in self.shortest:
            self.shortest[grammar] = len(self.path(grammar).ending(_LONGEST))
        return self.shortest[grammar]

    def _alone(self, token: int) -> Bits:
        bits: Bits = np.zeros(-(-self.size // 32) * 4, np.uint8)
        bits[token // 8] = 1 << token % 8
        return bits


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
    validate, make = _library().LLMatcher.validate_grammar, _library().LLMatcher
    alone = [make.grammar_from_regex(grammar.text)] if grammar.kind == "regex" else []
    return next((_told(wrong, grammar) for source in (*alone, *sources) if (wrong := validate(source))), "")


def least(grammar: Grammar) -> int:
    """Bytes of a short answer in a right grammar, of the longest one of a choice, and one for its end; 0 for none found.

    A token has at least one byte, so whatever the tokenizer, that many tokens are enough.
    """
    if grammar.kind == "choice":
        return 1 + max(len(choice.encode()) for choice in _choices(grammar.text))
    vocabulary = _library().LLTokenizer("byte")
    return len(Closer(vocabulary, vocabulary.eos_token)(_matchers(grammar, vocabulary)[-1], _LONGEST))


def _matchers(grammar: Grammar, vocabulary: Any) -> list[Any]:
    return [_library().LLMatcher(vocabulary, source, log_level=0) for source in _sources(grammar)]


def _told(wrong: str, grammar: Grammar) -> str:
    """The library's words in one line, with the place in the user's own text."""
    regex = re.search(r"regex parse error:\n(.*)\n( *)\^.*\nerror: (.*)", wrong)
    place = re.match(r"(?:at )?(\d+)\((\d+)\): ", wrong) if grammar.kind == "lark" else None
    what = f"{regex[3]}, at character {len(regex[2]) - 3} of {regex[1].strip()!r}" if regex else ""
    if place:
        return f"line {place[1]}, column {place[2]}: {what or _line(wrong[place.end() :].partition(chr(10))[0])}"
    return what or _line(wrong)


def _line(text: str) -> str:
    return " ".join(text.split())


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
