"""How a tool is called in an answer, and what an answer looks like without calls.

A call is ``<<calculator: 12 * 34>>``; its result follows it, as in ``<<calculator: 12 * 34>> 408``. The two signs are
rare in text and programs, a model need learn only to copy, and the call ends at a text that sampling can stop at.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from docendo.errors import UserError, suggestion
from docendo.tools.calculator import calculate
from docendo.tools.dictionary import look_up, read_words
from docendo.tools.interpreter import Interpreter
from docendo.tools.units import convert

__all__ = [
    "END",
    "TOOLS",
    "Call",
    "TextSpan",
    "Tool",
    "Toolset",
    "add_calculator_calls",
    "make_tools",
    "open_call",
    "remove_tool_calls",
    "render_tool_calls",
    "run_call",
    "split_tool_calls",
]

Tool = Callable[[str], str]
"""From what was asked to the answer; UseError where there is none."""
END = ">>"
TOOLS = ("calculator", "python", "units", "dictionary")
_ASKING = r"((?:(?!<<|>>).){0,1000})>>"
_CALL = re.compile(r"<<(\w{1,20}): ?" + _ASKING, re.DOTALL)
_DONE = re.compile(
    rf"(<<(?:{'|'.join(TOOLS)}): ?{_ASKING}(?:\n(?= ))?)( [^\n]*)?", re.DOTALL
)
_STEP = re.compile(r"(?m)(?<![^ \n])(\d[\d.]*(?: [-+*/] \d[\d.]*)+) = (-?\d[\d./]*)$")
_ASKED = re.compile(r"(?<![\w./])-?\d[\d.]*(?: ?[-+*/] ?-?\d[\d.]*)+(?![\w/])")
_LONGEST, _READABLE = 200, 4000
"""Characters of a result; of a text in which something to calculate is looked for."""


class Call(NamedTuple):
    tool: str
    asked: str


class Toolset(NamedTuple):
    """What one agent may call."""

    tools: Mapping[str, Tool]
    max_calls: int = 2
    """In one answer at the most; further ones are answered by an error."""


class TextSpan(NamedTuple):
    text: str
    from_tool: bool
    """Whether a tool wrote it: it is read, and nothing is learned from it."""


def open_call(text: str) -> Call | None:
    """The call that ends with the last ``>>`` of the text; None where there is none."""
    head, end, _ = text.rpartition(END)
    at = head.rfind("<<")
    found = _CALL.fullmatch(head[at:] + end) if at >= 0 else None
    return Call(found[1], found[2]) if found else None


def run_call(call: Call, tools: Mapping[str, Tool]) -> tuple[str, bool]:
    """What follows a call, a space and one line; and whether it is no error."""
    if call.tool not in tools:
        return _line(f"error: no tool {call.tool!r}{suggestion(call.tool, tools)}"), False
    try:
        return _line(tools[call.tool](call.asked.strip())), True
    except UserError as error:
        return _line(f"error: {error}"), False


def _line(text: str) -> str:
    """The text behind a space, in one line of 200 characters at the most, all of which a tokenizer takes."""
    whole = " ".join(text.encode(errors="replace").decode().split())
    return f" {whole if len(whole) <= _LONGEST else whole[: _LONGEST - 3] + '...'}"


def split_tool_calls(text: str) -> list[TextSpan]:
    """The text in parts: what an agent writes, and the results of its calls."""
    found, at = list[TextSpan](), 0
    for done in _DONE.finditer(text):
        if done[3]:
            found += [TextSpan(text[at : done.end(1)], False), TextSpan(done[3], True)]
            at = done.end()
    return [*found, TextSpan(text[at:], False)] if text[at:] or not found else found


def remove_tool_calls(text: str, kept: Collection[str] = ()) -> str:
    """The text for those who have no tools but the `kept`: ``12 * 34 = 408`` for a call and its result."""

    def written(done: re.Match[str]) -> str:
        if done[1][2:].partition(":")[0] in kept:
            return done[0]
        return f"{done[2].strip()} ={done[3]}" if done[3] else done[2].strip()

    return _DONE.sub(written, text)


def add_calculator_calls(question: str, solution: str, calls: int) -> str:
    """A worked solution by calculator: one call where the question is an expression, else one for each of the last
    `calls` steps that the calculator confirms.

    The solution itself where there is nothing to calculate.
    """
    *steps, last = solution.split("\n")
    for asked in _ASKED.findall(question) if len(question) <= _READABLE else ():
        if last.startswith("Answer: ") and _right(asked, last.removeprefix("Answer: ")):
            return f"<<calculator: {asked}>>{last.removeprefix('Answer:')}\n{last}"
    above = "\n".join(steps)
    confirmed = (
        [s for s in _STEP.finditer(above) if _right(s[1], s[2])]
        if len(above) <= _READABLE
        else []
    )
    for step in reversed(confirmed[-calls:]):
        above = f"{above[: step.start()]}<<calculator: {step[1]}>> {step[2]}{above[step.end() :]}"
    return "\n".join([above, last]) if steps else last


def _right(asked: str, value: str) -> bool:
    return run_call(Call("calculator", asked), {"calculator": calculate}) == (
        f" {value}",
        True,
    )


def render_tool_calls(question: str, text: str, own: Toolset | None) -> str:
    """A worked solution as an agent with these tools would write it: without calls of those that it has not."""
    text = remove_tool_calls(text, own.tools if own else ())
    called = any(piece.from_tool for piece in split_tool_calls(text))
    return (
        add_calculator_calls(question, text, own.max_calls)
        if own and "calculator" in own.tools and not called
        else text
    )


def make_tools(
    names: Collection[str], words: Callable[[], dict[str, str]] = read_words
) -> dict[str, Tool]:
    """The tools of these names, which are of `TOOLS`."""
    every: dict[str, Callable[[], Tool]] = {
        "calculator": lambda: calculate,
        "python": Interpreter,
        "units": lambda: convert,
        "dictionary": lambda: look_up(words()),
    }
    return {name: every[name]() for name in names}
