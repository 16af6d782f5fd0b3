"""HTML and SVG that no text can break out of: all but tags is escaped."""

import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from docendo.formatting import visible

__all__ = ["Markup", "document", "embed", "join", "tag"]

_VOID = {"meta", "input", "br", "hr"}
"""Elements that have no content and no closing tag."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """One element.

    Plain text is escaped, `Markup` is not; an attribute of None is left out.

    ``class_`` stands for ``class``, and other underscores for hyphens. There is no use in a
    ``style`` attribute: the page's policy forbids it.
    """
    written = []
    for key, value in attributes.items():
        if value is not None:
            attribute = key.rstrip("_").replace("_", "-")
            written.append(f' {attribute}="{_attribute_value(value)}"')

    opening = f"<{name}{''.join(written)}>"
    if name in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{join(children)}</{name}>")


def join(parts: Iterable[str | Markup]) -> Markup:
    """The parts one after the other, plain text escaped."""
    texts = []
    for part in parts:
        texts.append(part if isinstance(part, Markup) else escape(visible(part)))

    return Markup("".join(texts))


def embed(value: object, id: str) -> Markup:
    """`value` as JSON in a script element that no browser runs."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    # Inside a script element nothing is unescaped, but "</script>" and "<!--" still end or
    # change it. In JSON these characters can be written as numbers.
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")

    return tag("script", Markup(text), type="application/json", id=id)


def document(title: str, style: str, script: str, body: Markup) -> str:
    """A whole page. Its policy allows this style and this script, and nothing else."""
    # The second wall: should a text ever get through the escaping, the browser runs nothing
    # of it.
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    policy_tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Markup(policy_tag),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    page = join((head, tag("body", body, Markup(f"<script>{script}</script>"))))
    return f'<!doctype html>\n<html lang="en">{page}</html>\n'


def _attribute_value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(visible(value))

    # A page has thousands of coordinates: two digits and no zeros behind them keep it
    # small.
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
