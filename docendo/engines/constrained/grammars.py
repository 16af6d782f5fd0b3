"""Grammars in the form of llguidance, their errors and the length of their shortest answers."""

import json
import re
from functools import partial
from typing import Any

from docendo.engines.constrained.completion import Closer, closing_literals
from docendo.errors import require_package
from docendo.records import Grammar

__all__ = [
    "MAX_ANSWER_TOKENS",
    "closing_texts",
    "grammar_error",
    "make_matchers",
    "min_bytes",
    "one_line",
]

MAX_ANSWER_TOKENS = 4096
"""Longest answer that is searched for, in tokens."""
_COMPACT = {"whitespace_flexible": False}
"""For JSON: with white space anywhere, an answer could go on without coming closer to its end."""
_CUT = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
"""A regular expression that ends in a lone backslash, which the library accepts."""
_HEAD = """start: head final
head[lazy]: /((?s:.*)\\n)?Answer: /
final: /{}/
"""
_CLOSING = """start: "\\nAnswer: " final
final: /{}/
"""


def _library() -> Any:
    require_package("llguidance", "a grammar", "grammar")
    import llguidance

    return llguidance


def grammar_error(grammar: Grammar) -> str:
    """The fault of a grammar and its place, in one line; empty if there is none."""
    try:
        sources = _sources(grammar)
    except ValueError as error:
        return str(error)
    if grammar.kind == "regex" and _CUT.search(grammar.text):
        return f"an escape without its character, at character {len(grammar.text)} of {grammar.text!r}"

    matcher = _library().LLMatcher
    if grammar.kind == "regex":
        # First by itself: the place in a fault is then one in the user's own text.
        sources = [str(matcher.grammar_from_regex(grammar.text)), *sources]
    for source in sources:
        if message := matcher.validate_grammar(source):
            return _describe(message, grammar)
    return ""


def min_bytes(grammar: Grammar) -> int:
    """Bytes of a short answer in a valid grammar, of the longest of a choice, and one for its end.

    0 if none was found. A token has at least one byte, so that many tokens are enough for every tokenizer.
    """
    if grammar.kind == "choice":
        prefix = len("\nAnswer: ") if grammar.free_tokens else 0
        longest = max(len(choice.encode()) for choice in _choices(grammar.text))
        return prefix + longest + 1

    # a tokenizer of bytes: checked before the model, and so its tokenizer, is loaded
    vocabulary = _library().LLTokenizer("byte")
    matcher = make_matchers(grammar, vocabulary)[-1]
    find_ending = Closer(vocabulary, vocabulary.eos_token)
    return len(find_ending(matcher, MAX_ANSWER_TOKENS, closing_texts(grammar)))


def closing_texts(grammar: Grammar) -> list[str]:
    """Texts that the ending of an answer may have to contain."""
    return closing_literals(grammar.text) if grammar.kind in {"regex", "lark"} else []


def make_matchers(grammar: Grammar, vocabulary: Any) -> list[Any]:
    """The matcher of a valid grammar; with free tokens, also one of what must come after them."""
    make = partial(_library().LLMatcher, vocabulary, log_level=0)
    return list(map(make, _sources(grammar)))


def _describe(error: str, grammar: Grammar) -> str:
    """The library's message in one line, with the place in the user's own text."""
    # 12(3): a line and column; of other kinds the line is one of a grammar that was made here
    place = re.match(r"(?:at )?(\d+)\((\d+)\): ", error) if grammar.kind == "lark" else None
    message = one_line(error[place.end() :].partition("\n")[0] if place else error)

    # a caret under the fault; the library indents the expression by four
    regex = re.search(r"regex parse error:\n(.*)\n( *)\^.*\nerror: (.*)", error)
    if regex:
        message = f"{regex[3]}, at character {len(regex[2]) - 3} of {regex[1].strip()!r}"
    return f"line {place[1]}, column {place[2]}: {message}" if place else message


def one_line(text: str) -> str:
    """The text with each run of white space as a single space."""
    return " ".join(text.split())


def _sources(grammar: Grammar) -> list[str]:
    """The grammar in the library's own form; with free tokens, also what must come after them.

    Raises ValueError for invalid JSON.
    """
    make = _library().LLMatcher
    match grammar.kind:
        case "json":
            return [str(make.grammar_from_json_schema(grammar.text, overrides=_COMPACT))]
        case "lark":
            return [str(make.grammar_from_lark(grammar.text))]
        case "choice":
            pattern = "|".join(map(_escape, _choices(grammar.text)))
        case "regex":
            pattern = grammar.text
    if not grammar.free_tokens:
        return [str(make.grammar_from_regex(pattern))]

    # within /.../ of Lark a slash that is not escaped would end the expression
    inside = re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\/", pattern)
    forms = _HEAD.replace("{}", inside), _CLOSING.replace("{}", inside)
    return [str(make.grammar_from_lark(form)) for form in forms]


def _choices(text: str) -> list[str]:
    try:
        choices = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not a JSON list of texts: {error.msg} at column {error.colno}"
        ) from error
    if not isinstance(choices, list) or not choices:
        raise ValueError("not a JSON list of texts")
    if not all(isinstance(choice, str) and choice for choice in choices):
        raise ValueError("not a JSON list of texts")
    return choices


def _escape(text: str) -> str:
    """A regular expression that matches only this text."""
    # by code point, and not by re.escape: the library's expressions are Rust's
    return "".join(c if c.isalnum() or c == " " else f"\\x{{{ord(c):x}}}" for c in text)
