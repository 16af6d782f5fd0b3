"""Numbers and texts of models and files, formatted for people."""

import re

from docendo.statistics import Estimate

__all__ = [
    "DASH",
    "clip",
    "compact",
    "duration",
    "escape_markdown",
    "interval_text",
    "percent",
    "signed",
    "visible",
]

DASH = "\N{EN DASH}"
"""Stands for a number that does not exist."""
_MINUS = "\N{MINUS SIGN}"
# Control characters, marks of direction, and what Unicode says is invisible, except for the
# selectors between forms of emoji.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|~#&])")
"""Characters that mean something in Markdown or HTML."""
_UNITS = (
    ("Y", 1e24),
    ("Z", 1e21),
    ("E", 1e18),
    ("P", 1e15),
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
)


def visible(text: str) -> str:
    """`text` with pictures for characters that drive a terminal, reorder a line or hide.

    Newlines and tabs stay. ``\\x1b`` becomes ``␛``; a character without a picture becomes
    its number, ``[U+202E]``.
    """
    return _INVISIBLE.sub(lambda match: _picture(ord(match[0])), text.replace("\r\n", "\n"))


def escape_markdown(text: str) -> str:
    """The text on one line, without an active mark of Markdown or HTML."""
    # On one line: a line break would end a row of a table.
    return _ACTIVE.sub(r"\\\1", " ".join(visible(text).split()))


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"[U+{code:04X}]"


def clip(text: str, length: int) -> str:
    """At most `length` characters, the last an ellipsis if some were cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def percent(share: float | None) -> str:
    """``46%``; a dash for None."""
    return DASH if share is None else f"{100 * share:.0f}%"


def signed(value: float | None, digits: int = 2) -> str:
    """``+0.12``, or a true minus below zero, but never minus zero; a dash for None."""
    if value is None:
        return DASH

    text = f"{value:+.{digits}f}"
    if float(text) == 0:
        text = text.replace("-", "+")
    return text.replace("-", _MINUS)


def interval_text(estimate: Estimate, *, share: bool) -> str:
    """``30 to 61`` for a share, ``+0.01 to +0.20`` for a gain.

    Empty without an interval.
    """
    if estimate.low is None or estimate.high is None:
        return ""
    if share:
        return f"{100 * estimate.low:.0f} to {100 * estimate.high:.0f}"
    return f"{signed(estimate.low)} to {signed(estimate.high)}"


def compact(number: float, unit: str = "") -> str:
    """``1.2M`` or ``1.2 MFLOP``: three digits and a prefix."""
    # From 999.5 on, three digits are those of the next prefix: 1M, not 1000k.
    fitting = [(prefix, size) for prefix, size in _UNITS if abs(number) >= 0.9995 * size]
    prefix, size = fitting[0] if fitting else ("", 1.0)
    digits = f"{number / size:.3g}" if prefix else f"{number:.0f}"
    return f"{digits} {prefix}{unit}" if unit else f"{digits}{prefix}"


def duration(seconds: float) -> str:
    """``2 h 05 min``, ``3 min 10 s`` or ``12 s``."""
    minutes, remaining_seconds = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    if minutes:
        return f"{minutes} min {remaining_seconds:02d} s"
    return f"{remaining_seconds} s"
