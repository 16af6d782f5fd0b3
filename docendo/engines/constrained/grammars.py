"""Grammars in the form of llguidance, and what is wrong with them."""

import json
import re
from typing import Any

from docendo.engines.constrained.completion import Closer, literals
from docendo.errors import UserError
from docendo.records import Grammar

__all__ = ["LONGEST", "fault", "hints", "least", "matchers", "one_line"]

LONGEST = 4096
"""The most tokens of an answer."""
_COMPACT = {"whitespace_flexible": False}
"""Of JSON: with white space anywhere, an answer could go on without getting further."""
_CUT = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
"""The library takes no notice of such an end of a regular expression."""
_HEAD = """start: head final
head[lazy]: /((?s:.*)\\n)?Answer: /
final: /{}/
"""
_CLOSING = """start: "\\nAnswer: " final
final: /{}/
"""


def _library() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise UserError(
            "a grammar needs llguidance; install it with: pip install llguidance"
        ) from error
    return llguidance


def fault(grammar: Grammar) -> str:
    """What is wrong with a grammar and where, one line; empty where nothing is."""
    try:
        sources = _sources(grammar)
    except ValueError as error:
        return str(error)
    if grammar.kind == "regex" and _CUT.search(grammar.text):
        return f"an escape without its character, at character {len(grammar.text)} of {grammar.text!r}"
    validate, make = _library().LLMatcher.validate_grammar, _library().LLMatcher
    alone = [make.grammar_from_regex(grammar.text)] if grammar.kind == "regex" else []
    return next(
        (
            _told(wrong, grammar)
            for source in (*alone, *sources)
            if (wrong := validate(source))
        ),
        "",
    )


def least(grammar: Grammar) -> int:
    """Bytes of a short answer in a right grammar, of the longest of a choice, and one for its end; 0 for none found.

    A token has at least one byte, so whatever the tokenizer, that many tokens are enough.
    """
    if grammar.kind == "choice":
        mark = len("\nAnswer: ") if grammar.free else 0
        return mark + 1 + max(len(choice.encode()) for choice in _choices(grammar.text))
    vocabulary = _library().LLTokenizer("byte")
    matcher = matchers(grammar, vocabulary)[-1]
    return len(Closer(vocabulary, vocabulary.eos_token)(matcher, LONGEST, hints(grammar)))


def hints(grammar: Grammar) -> list[str]:
    """Texts that the end of an answer may have to contain."""
    return literals(grammar.text) if grammar.kind in {"regex", "lark"} else []


def matchers(grammar: Grammar, vocabulary: Any) -> list[Any]:
    """Of a right grammar; where text is free before it, also one of what must come after that."""
    return [
        _library().LLMatcher(vocabulary, source, log_level=0)
        for source in _sources(grammar)
    ]


def _told(wrong: str, grammar: Grammar) -> str:
    """The library's words in one line, with the place in the user's own text."""
    regex = re.search(r"regex parse error:\n(.*)\n( *)\^.*\nerror: (.*)", wrong)
    place = re.match(r"(?:at )?(\d+)\((\d+)\): ", wrong) if grammar.kind == "lark" else None
    what = (
        f"{regex[3]}, at character {len(regex[2]) - 3} of {regex[1].strip()!r}"
        if regex
        else ""
    )
    if place:
        return f"line {place[1]}, column {place[2]}: {what or one_line(wrong[place.end() :].partition(chr(10))[0])}"
    return what or one_line(wrong)


def one_line(text: str) -> str:
    """The text with a single space where it has white space."""
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
    return [
        str(make.grammar_from_lark(form.replace("{}", inside)))
        for form in (_HEAD, _CLOSING)
    ]


def _choices(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not a JSON list of texts: {error.msg} at column {error.colno}"
        ) from error
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(f, str) and f for f in found)
    ):
        raise ValueError("not a JSON list of texts")
    return found


def _plainly(text: str) -> str:
    """A regular expression of this text alone."""
    return "".join(c if c.isalnum() or c == " " else f"\\x{{{ord(c):x}}}" for c in text)
