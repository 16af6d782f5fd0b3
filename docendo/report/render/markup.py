"""HTML and SVG that cannot be broken out of: every text is escaped unless `tag` made it."""

import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from docendo.formatting import visible

__all__ = ["Markup", "document", "embed", "join", "tag"]

_VOID = {"meta", "input", "br", "hr"}


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """One element. Plain text is escaped, `Markup` is not; an attribute of None is left out.

    ``class_`` stands for ``class`` and other underscores for hyphens; there is no way to write a ``style`` attribute,
    which the page's policy forbids.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(
        f"<{name}{written}>"
        if name in _VOID
        else f"<{name}{written}>{join(children)}</{name}>"
    )


def join(parts: Iterable[str | Markup]) -> Markup:
    """The parts one after the other, plain text escaped."""
    return Markup(
        "".join(
            part if isinstance(part, Markup) else escape(visible(part)) for part in parts
        )
    )


def embed(value: object, id: str) -> Markup:
    """`value` as JSON inside a script element that no browser runs; readable with ``JSON.parse`` alone."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return tag("script", Markup(text), type="application/json", id=id)


def document(title: str, style: str, script: str, body: Markup) -> str:
    """A whole page whose policy allows this style and this script, and nothing from anywhere else."""
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = (
        tag("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    page = join(
        (tag("head", *head), tag("body", body, Markup(f"<script>{script}</script>")))
    )
    return f'<!doctype html>\n<html lang="en">{page}</html>\n'


def _attribute(value: str | float) -> str:
    return (
        escape(visible(value))
        if isinstance(value, str)
        else f"{value:.2f}".rstrip("0").rstrip(".")
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
