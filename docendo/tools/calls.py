"""How a tool is called in an answer, and what an answer looks like without calls.

A call is ``<<calculator: 12 * 34>>``; its result follows it, as in ``<<calculator: 12 * 34>> 408``.
The two signs are rare in text and programs. A model only has to learn to copy, and a call ends at a
text that sampling can stop at.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from docendo.errors import UserError, suggestion
from docendo.interfaces import Sandbox
from docendo.sandbox.monty import build_strict_monty
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
"""From a query to its result; UserError where there is none."""
END = ">>"
TOOLS = ("calculator", "python", "units", "dictionary")
_QUERY = r"((?:(?!<<|>>).){0,1000})>>"
"""Up to 1,000 characters without the signs of a call, and the end of the call."""
_CALL = re.compile(r"<<(\w{1,20}): ?" + _QUERY, re.DOTALL)
_DONE = re.compile(
    rf"(<<(?:{'|'.join(TOOLS)}): ?{_QUERY}(?:\n(?= ))?)( [^\n]*)?", re.DOTALL
)
"""A call, with its result where it has one."""
_STEP = re.compile(r"(?m)(?<![^ \n])(\d[\d.]*(?: [-+*/] \d[\d.]*)+) = (-?\d[\d./]*)$")
"""``12 * 34 = 408`` at the end of a line of a worked solution."""
_EXPRESSION = re.compile(r"(?<![\w./])-?\d[\d.]*(?: ?[-+*/] ?-?\d[\d.]*)+(?![\w/])")
_MAX_RESULT = 200
_MAX_SEARCHED = 4000
"""Characters of a text in which something to calculate is looked for."""


class Call(NamedTuple):
    tool: str
    query: str


class Toolset(NamedTuple):
    """What one agent may call."""

    tools: Mapping[str, Tool]
    max_calls: int = 2
    """In one answer; further calls are answered by an error."""


class TextSpan(NamedTuple):
    text: str
    from_tool: bool
    """Whether a tool wrote it: it is read, and nothing is learned from it."""


def open_call(text: str) -> Call | None:
    """The call that ends with the last ``>>`` of the text; None where there is none."""
    # The last "<<" before it: a shift or an earlier, unfinished call is no part of the call.
    head, end, _ = text.rpartition(END)
    start = head.rfind("<<")
    match = _CALL.fullmatch(head[start:] + end) if start >= 0 else None
    return Call(match[1], match[2]) if match else None


def run_call(call: Call, tools: Mapping[str, Tool]) -> tuple[str, bool]:
    """What follows a call, a space and one line; and whether it is no error."""
    if call.tool not in tools:
        hint = suggestion(call.tool, tools)
        return _write_line(f"error: no tool {call.tool!r}{hint}"), False
    try:
        return _write_line(tools[call.tool](call.query.strip())), True
    except UserError as error:
        return _write_line(f"error: {error}"), False


def _write_line(text: str) -> str:
    """The text behind a space, in one line of up to 200 characters."""
    # A lone surrogate, which Python's repr may hold, is taken by no tokenizer.
    line = " ".join(text.encode(errors="replace").decode().split())
    if len(line) > _MAX_RESULT:
        line = line[: _MAX_RESULT - 3] + "..."
    return f" {line}"


def split_tool_calls(text: str) -> list[TextSpan]:
    """The text in parts: what an agent writes, and the results of its calls."""
    spans: list[TextSpan] = []
    end = 0
    for match in _DONE.finditer(text):
        result = match[3]
        if result:
            spans.append(TextSpan(text[end : match.end(1)], from_tool=False))
            spans.append(TextSpan(result, from_tool=True))
            end = match.end()
    if text[end:] or not spans:
        spans.append(TextSpan(text[end:], from_tool=False))
    return spans


def remove_tool_calls(text: str, keep: Collection[str] = ()) -> str:
    """The text for those who have no tools but these: ``12 * 34 = 408`` for a call and its result."""

    def rewrite(match: re.Match[str]) -> str:
        call, query, result = match[1], match[2].strip(), match[3]
        tool = call.removeprefix("<<").partition(":")[0]
        if tool in keep:
            return match[0]
        return f"{query} ={result}" if result else query

    return _DONE.sub(rewrite, text)


def add_calculator_calls(question: str, solution: str, max_calls: int) -> str:
    """A worked solution by calculator.

    One call where the question is an expression; else one for each of the last `max_calls` steps
    that the calculator confirms. The solution itself where there is nothing to calculate.
    """
    *steps, last = solution.split("\n")
    answer = last.removeprefix("Answer:")
    if last.startswith("Answer: ") and len(question) <= _MAX_SEARCHED:
        for expression in _EXPRESSION.findall(question):
            if _confirms(expression, answer.removeprefix(" ")):
                return f"<<calculator: {expression}>>{answer}\n{last}"
    if not steps:
        return last

    working = "\n".join(steps)
    confirmed: list[re.Match[str]] = []
    if len(working) <= _MAX_SEARCHED:
        confirmed = [
            step for step in _STEP.finditer(working) if _confirms(step[1], step[2])
        ]
    # From the last to the first, so that the places of earlier steps stay right.
    for step in reversed(confirmed[-max_calls:]):
        call = f"<<calculator: {step[1]}>> {step[2]}"
        working = working[: step.start()] + call + working[step.end() :]
    return "\n".join([working, last])


def _confirms(expression: str, value: str) -> bool:
    result = run_call(Call("calculator", expression), {"calculator": calculate})
    return result == (f" {value}", True)


def render_tool_calls(question: str, text: str, toolset: Toolset | None) -> str:
    """A worked solution as an agent with these tools would write it, without calls of other tools."""
    text = remove_tool_calls(text, toolset.tools if toolset else ())
    if toolset is None or "calculator" not in toolset.tools:
        return text
    if any(span.from_tool for span in split_tool_calls(text)):
        return text
    return add_calculator_calls(question, text, toolset.max_calls)


def make_tools(
    names: Collection[str],
    words: Callable[[], dict[str, str]] = read_words,
    build_sandbox: Callable[[], Sandbox] = build_strict_monty,
) -> dict[str, Tool]:
    """The tools of these names, which are of `TOOLS`. Only these are made: the others may not be installed."""
    makers: dict[str, Callable[[], Tool]] = {
        "calculator": lambda: calculate,
        "python": lambda: Interpreter(build_sandbox()),
        "units": lambda: convert,
        "dictionary": lambda: look_up(words()),
    }
    return {name: makers[name]() for name in names}
