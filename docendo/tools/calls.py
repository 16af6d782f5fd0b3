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
    """The text behind a space, in one line of 200 characters at the most, which any tokenizer takes."""
    line = " ".join(text.encode(errors="replace").decode().split())
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 3] + "..."
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
    if last.startswith("Answer: ") and len(question) <= _READABLE:
        for expression in _ASKED.findall(question):
            if _confirms(expression, answer.removeprefix(" ")):
                return f"<<calculator: {expression}>>{answer}\n{last}"
    if not steps:
        return last

    working = "\n".join(steps)
    confirmed: list[re.Match[str]] = []
    if len(working) <= _READABLE:
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
    names: Collection[str], words: Callable[[], dict[str, str]] = read_words
) -> dict[str, Tool]:
    """The tools of these names, which are of `TOOLS`."""
    makers: dict[str, Callable[[], Tool]] = {
        "calculator": lambda: calculate,
        "python": Interpreter,
        "units": lambda: convert,
        "dictionary": lambda: look_up(words()),
    }
    return {name: makers[name]() for name in names}
