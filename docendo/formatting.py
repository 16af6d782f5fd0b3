"""Numbers and other people's text, made fit to be read."""

import re

from docendo.statistics import Estimate

__all__ = [
    "DASH",
    "clip",
    "compact",
    "duration",
    "interval_text",
    "percent",
    "signed",
    "visible",
]

DASH = "\N{EN DASH}"
"""What stands for a number that cannot be had."""
_MINUS = "\N{MINUS SIGN}"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, marks of direction, and what Unicode says is not to be seen, less the selectors between forms of emoji."""
_STEPS = (
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
    """`text` with a picture for every character that could drive a terminal, turn the line round or hide.

    Newlines and tabs stay; ``\\x1b`` becomes ``␛``, what has no picture becomes its number, ``[U+202E]``.
    """
    return _HIDDEN.sub(lambda found: _picture(ord(found[0])), text.replace("\r\n", "\n"))


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"[U+{code:04X}]"


def clip(text: str, length: int) -> str:
    """At most `length` characters, the last an ellipsis where some were cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def percent(share: float | None) -> str:
    """``46%``; a dash for None."""
    return DASH if share is None else f"{100 * share:.0f}%"


def signed(value: float | None, digits: int = 2) -> str:
    """``+0.12`` or a true minus for what is below zero, never minus zero; a dash for None."""
    if value is None:
        return DASH
    text = f"{value:+.{digits}f}"
    return (text if float(text) else text.replace("-", "+")).replace("-", _MINUS)


def interval_text(estimate: Estimate, *, share: bool) -> str:
    """``30 to 61`` for a share, ``+0.01 to +0.20`` for a gain; empty where there is no interval."""
    if estimate.low is None or estimate.high is None:
        return ""
    if share:
        return f"{100 * estimate.low:.0f} to {100 * estimate.high:.0f}"
    return f"{signed(estimate.low)} to {signed(estimate.high)}"


def compact(number: float, unit: str = "") -> str:
    """``1.2M``, or ``1.2 MFLOP``: three digits and a step of a thousand."""
    name, step = next(
        ((name, step) for name, step in _STEPS if abs(number) >= 0.9995 * step), ("", 1)
    )
    digits = f"{number / step:.3g}" if step > 1 else f"{number:.0f}"
    return f"{digits} {name}{unit}" if unit else f"{digits}{name}"


def duration(seconds: float) -> str:
    """``2 h 05 min``, ``3 min 10 s`` or ``12 s``."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
