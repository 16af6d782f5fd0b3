"""How a tool is called in an answer, and what an answer looks like without calls.

A call is ``<<calculator: 12 * 34>>``; its result follows it, as in ``<<calculator: 12 * 34>> 408``. The two signs are
rare in text and programs, a model need learn only to copy, and the call ends at a text that sampling can stop at.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from docendo.errors import UseError
from docendo.graders.sandbox import Sandbox
from docendo.tools.calculator import calculate
from docendo.tools.units import convert
from docendo.tools.words import look_up, read_words

__all__ = [
    "END",
    "TOOLS",
    "Call",
    "Piece",
    "Tool",
    "make_tools",
    "open_call",
    "pieces",
    "plain",
    "result",
    "tooled",
    "worded",
]

Tool = Callable[[str], str]
"""From what was asked to the answer; UseError where there is none."""
END = ">>"
TOOLS = ("calculator", "python", "units", "dictionary")
_CALL = re.compile(r"<<(\w{1,20}): ?([^<>\n]{0,200})>>")
_DONE = re.compile(rf"(<<(?:{'|'.join(TOOLS)}): ?([^<>\n]{{0,200}})>>)( [^\n]*)?")
_STEP = re.compile(r"^(\d[\d.]*(?: [-+*/] \d[\d.]*)+) = (-?\d[\d./]*)$")
_ASKED = re.compile(r"-?\d[\d.]*(?: [-+*/] -?\d[\d.]*)+")
_LONGEST = 200
"""Characters of a result."""


class Call(NamedTuple):
    tool: str
    asked: str


class Piece(NamedTuple):
    text: str
    given: bool
    """Whether a tool wrote it: it is read, and nothing is learned from it."""


def open_call(text: str) -> Call | None:
    """The call that the text ends with."""
    at = text.rfind("<<")
    found = _CALL.fullmatch(text[at:]) if at >= 0 else None
    return Call(found[1], found[2]) if found else None


def result(call: Call, tools: Mapping[str, Tool]) -> tuple[str, bool]:
    """What follows a call, a space and one line; and whether it is no error."""
    if call.tool not in tools:
        return f" error: no tool {call.tool!r}", False
    try:
        return " " + " ".join(tools[call.tool](call.asked).split())[:_LONGEST], True
    except UseError as error:
        return f" error: {error}"[:_LONGEST], False


def pieces(text: str) -> list[Piece]:
    """The text in parts: what an agent writes, and the results of its calls."""
    found, at = list[Piece](), 0
    for done in _DONE.finditer(text):
        if done[3]:
            found += [Piece(text[at : done.end(1)], False), Piece(done[3], True)]
            at = done.end()
    return [*found, Piece(text[at:], False)] if text[at:] or not found else found


def plain(text: str) -> str:
    """The text for those who have no tools: ``12 * 34 = 408`` for a call and its result."""
    return _DONE.sub(lambda done: f"{done[2].strip()} ={done[3]}" if done[3] else done[2].strip(), text)


def tooled(question: str, solution: str) -> str:
    """A worked solution by calculator: one call where the question is an expression, else one for every step.

    The solution itself where there is nothing to calculate.
    """
    *steps, last = solution.split("\n")
    asked = _ASKED.findall(question)
    if len(asked) == 1 and question.startswith(f"What is {asked[0]}?"):
        value, right = result(Call("calculator", asked[0]), {"calculator": calculate})
        if right and last == f"Answer:{value}":
            return f"<<calculator: {asked[0]}>>{value}\n{last}"
    return "\n".join([*(_STEP.sub(r"<<calculator: \1>> \2", step) for step in steps), last])


def worded(question: str, text: str, tools: Collection[str]) -> str:
    """A worked solution as an agent with these tools would write it: without calls where it has none."""
    if not tools:
        return plain(text)
    return tooled(question, text) if "calculator" in tools and "<<" not in text else text


def _python(sandbox: Sandbox) -> Tool:
    """Values of Python expressions, worked out in the sandbox."""

    def run(text: str) -> str:
        outcome = sandbox(f"value = ({text})", ["value"])
        if not outcome.ok or not outcome.values:
            raise UseError(outcome.reason or "no value")
        return outcome.values[0]

    return run


def make_tools(names: Collection[str], words: Callable[[], dict[str, str]] = read_words) -> dict[str, Tool]:
    """The tools of these names, which are of `TOOLS`."""
    every: dict[str, Callable[[], Tool]] = {
        "calculator": lambda: calculate,
        "python": lambda: _python(Sandbox()),
        "units": lambda: convert,
        "dictionary": lambda: look_up(words()),
    }
    return {name: every[name]() for name in names}
