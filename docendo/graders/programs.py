"""The program in an answer: which of its code blocks, and how it comes to define what the tests call."""

import re
from collections.abc import Collection, Iterator, Sequence
from textwrap import dedent
from typing import NamedTuple

from docendo.assertions.suite import CANDIDATE, Suite
from docendo.graders.answer import lines_after_mark, strip_bold

__all__ = ["extract_program", "find_program"]

_PYTHON = {"", "py", "python", "python3"}
_LIST_MARK = re.compile(r"(?:[-*+>]|\d{1,9}[.)])[ \t]+")
_DEFINITION = re.compile(
    r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^(?:from[ \t].*)?import[ \t]+(.+)",
    re.MULTILINE,
)
_ASSIGNMENT = re.compile(r"^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


class _Block(NamedTuple):
    language: str
    code: str
    is_closed: bool


def extract_program(
    text: str, names: Collection[str] = _PYTHON, function: str = ""
) -> str | None:
    """The last code block of `text`, else all that follows its last ``Answer:``, else all of it.

    With `function` it is the last block that defines it, after and before the blocks whose
    definitions it needs. Blocks lie between lines of ``` or ~~~, at any indentation. One that is
    not closed goes on to the end, and counts where no other is there. `names` are those of the
    language, in lower case; blocks that say another are left out, if there are others.
    """
    blocks = list(_find_blocks(text, names))
    if not blocks:
        lines = lines_after_mark(text)
        code = text if lines is None else "\n".join(lines)
        return strip_bold(code).strip("`") or None

    blocks = [block for block in blocks if block.language in names] or blocks
    word = r"\w+" if function == CANDIDATE else re.escape(function)
    places = [place for place, block in enumerate(blocks) if _defines(block.code, word)]
    if function and places:
        return _join_needed(blocks, _last_closed(blocks, places), function)
    # A block without a language may be what a program prints.
    labelled = [place for place, block in enumerate(blocks) if block.language]
    return blocks[_last_closed(blocks, labelled or range(len(blocks)))].code or None


def find_program(text: str, suite: Suite) -> str | None:
    """A program that defines the function under test, also where the answer is a lambda or a bare expression.

    An expression in x (in x, y and z for more arguments) stands for the function's body. None where
    there is no answer.
    """
    name = suite.function
    code = extract_program(text, function=name)
    if code is None:
        return None
    # Tests of a candidate do not know its name: it is what the program defines last.
    defined = [match[1] for match in _DEFINITION.finditer(code) if match[1]]
    if name == CANDIDATE and defined:
        return f"{code}\n{name} = {defined[-1]}"
    if _defines(code, name):
        return code
    if code.startswith("lambda"):
        return f"{name} = (\n{code}\n)"
    parameters = ", ".join("xyz"[: suite.arity])
    return f"def {name}({parameters}):\n    return (\n{code}\n)"


def _find_blocks(text: str, names: Collection[str]) -> Iterator[_Block]:
    fence = language = ""
    code: list[str] = []
    for line in text.splitlines():
        if not fence:
            fence, language, first = _read_opening(line, names)
            code = [first] if first else []
            if fence and first.endswith(fence):
                yield _Block(language, first.removesuffix(fence).strip(), is_closed=True)
                fence = ""
            continue

        head, mark, tail = line.partition(fence)
        # With text on both sides it is a part of the program.
        if not mark or (head.strip() and tail.strip("`~ \t")):
            code.append(line)
            continue
        if head.strip():
            code.append(head)
        yield _Block(language, _join_lines(code), is_closed=True)
        # The next block may begin without an end of this one: ```python.
        word = tail.strip().lower()
        fence, language, code = (mark, word, []) if word and word in names else ("", "", [])

    if fence:
        yield _Block(language, _join_lines(code), is_closed=False)


def _read_opening(line: str, names: Collection[str]) -> tuple[str, str, str]:
    """The fence that a line opens, its language, and the code after it; all empty for other lines."""
    stripped = line.strip()
    bare = stripped[match.end() :] if (match := _LIST_MARK.match(stripped)) else stripped
    start = 0 if bare.startswith("~~~") else bare.find("```")
    if start < 0:
        return "", "", ""

    rest = bare[start:].lstrip(bare[start])
    fence = bare[start : len(bare) - len(rest)]
    word = rest.strip(" \t{}.").partition(" ")[0].lower()
    if word in names or re.fullmatch(r"[\w+#-]+", rest.strip()):
        return fence, word, ""
    return fence, "", rest


def _join_lines(lines: Sequence[str]) -> str:
    return dedent("\n".join(lines)).strip("\n")


def _last_closed(blocks: Sequence[_Block], places: Sequence[int]) -> int:
    """The last place of a closed block: an open one was cut off."""
    closed = [place for place in places if blocks[place].is_closed]
    return (closed or places)[-1]


def _defines(code: str, word: str) -> bool:
    """`word` is a regular expression."""
    # A search of the text and no parse: what does not compile must fail in the sandbox, with its error.
    definition = rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{word}\b|^{word}[ \t]*=(?!=)"
    return bool(re.search(definition, code, re.MULTILINE))


def _join_needed(blocks: Sequence[_Block], chosen: int, function: str) -> str:
    """The chosen block among those that define what it needs; others show uses, or what is printed."""
    selected = {chosen}
    program = blocks[chosen].code
    for place in (*reversed(range(chosen)), *range(chosen + 1, len(blocks))):
        code = blocks[place].code
        defined = _defined_names(code)
        if place < chosen and function not in re.findall(r"\w+", code):
            defined |= set(_ASSIGNMENT.findall(code))
        missing = set(re.findall(r"\w+", program)) - _defined_names(program)
        if defined & missing:
            selected.add(place)
            program = "\n".join(blocks[p].code for p in sorted(selected))
    return program


def _defined_names(code: str) -> set[str]:
    """What it defines or imports at the outermost level."""
    names: set[str] = set()
    for match in _DEFINITION.finditer(code):
        names |= {match[1]} if match[1] else set(re.findall(r"\w+", match[2])) - {"as"}
    return names
