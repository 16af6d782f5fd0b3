"""The elements of every page: header, sections, figures, keys of charts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from docendo.formatting import percent
from docendo.report.render.markup import Markup, tag
from docendo.statistics import Estimate

__all__ = [
    "Section",
    "change_text",
    "empty_note",
    "figure",
    "page_header",
    "page_main",
    "scroll_box",
    "swatch_key",
]


class Section(NamedTuple):
    """One section of a page."""

    id: str
    title: str
    content: Markup
    link: str = ""
    """Its name in the navigation; the title if empty."""


def page_main(header: Markup, sections: Sequence[Section]) -> Markup:
    """The main element of a page: header, navigation, sections."""
    links = []
    contents = []
    for section in sections:
        links.append(tag("a", section.link or section.title, href=f"#{section.id}"))
        heading = tag("h2", section.title)
        contents.append(tag("section", heading, section.content, id=section.id))
    navigation = tag("nav", *links, aria_label="Sections")
    return tag("main", header, navigation, *contents)


def page_header(
    kicker: str,
    title: str,
    facts: Iterable[str],
    tiles: Iterable[tuple[str, str, Iterable[str]]],
) -> Markup:
    """The head of a page: what it is of, facts in one line, and the numbers that matter.

    A tile has the number's name, its value and notes on it.
    """
    boxes = []
    for name, value, notes in tiles:
        note_tags = [tag("dd", note, class_="note") for note in notes]
        boxes.append(tag("div", tag("dt", name), tag("dd", value), *note_tags))

    return tag(
        "header",
        tag("p", kicker, class_="kicker"),
        tag("h1", title),
        tag("p", " · ".join(filter(None, facts)), class_="facts"),
        tag("dl", *boxes, class_="tiles"),
    )


def scroll_box(content: Markup, label: str, kind: str = "scroll") -> Markup:
    """A box that scrolls sideways, with the keyboard too.

    `label` names it to screen readers.
    """
    return tag(
        "div",
        content,
        class_=kind,
        tabindex="0",
        role="group",
        aria_label=label,
    )


def figure(title: str, picture: Markup) -> Markup:
    """A picture under its title."""
    return tag("figure", tag("figcaption", title), picture)


def swatch_key(meanings: Mapping[str, str]) -> Markup:
    """The key of a chart: what the marks of each class mean."""
    entries = []
    for kind, meaning in meanings.items():
        entries.append(tag("span", tag("i", class_=f"swatch {kind}"), meaning))
    return tag("p", *entries, class_="key")


def empty_note(text: str) -> Markup:
    """What stands where there is nothing to show."""
    return tag("p", text, class_="empty")


def change_text(start: Estimate | None, end: Estimate | None) -> str:
    """``31 → 81%``, or the one share there is; a dash if there is none."""
    if start and end:
        return f"{100 * start.mean:.0f} → {percent(end.mean)}"

    # A run that goes on has a start and no end yet.
    last = end or start
    return percent(last.mean if last else None)
