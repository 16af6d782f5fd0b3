"""The elements of every page: sections, tables, figures, keys of charts, tiles."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from docendo.formatting import DASH, interval_text, percent
from docendo.report.render.markup import Markup, tag
from docendo.statistics import Estimate

__all__ = [
    "Section",
    "change_text",
    "empty_note",
    "figure",
    "number_cell",
    "page_main",
    "row_head",
    "scroll_box",
    "share_text",
    "swatch",
    "swatch_key",
    "table",
    "text_cell",
    "tile",
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


def tile(title: str, value: str, notes: Iterable[str]) -> Markup:
    """A number that matters, with its name above and notes below."""
    note_tags = [tag("dd", note, class_="note") for note in notes]
    return tag("div", tag("dt", title), tag("dd", value), *note_tags)


def table(heads: Iterable[str], rows: Iterable[Iterable[Markup]], words: int = 1) -> Markup:
    """A table of cells that scrolls sideways.

    The first `words` columns are text, the others numbers.
    """
    titles = []
    for place, text in enumerate(heads):
        titles.append(
            tag("th", text, scope="col", class_="words" if place < words else None)
        )
    head = tag("thead", tag("tr", *titles))
    body = tag("tbody", *(tag("tr", *cells) for cells in rows))
    return scroll_box(tag("table", head, body), "Table")


def row_head(text: str) -> Markup:
    """The first cell of a row."""
    return tag("th", text, scope="row")


def text_cell(text: str, note: str = "") -> Markup:
    """A cell with text, and a smaller note below it."""
    return tag("td", text, *_cell_note(note))


def number_cell(value: str, note: str = "") -> Markup:
    """A cell with a number, and a smaller note below it."""
    return tag("td", value, *_cell_note(note), class_="number")


def _cell_note(note: str) -> list[Markup]:
    return [tag("small", note)] if note else []


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


def swatch(kind: str, text: str) -> Markup:
    """One entry of a chart's key: a mark of the class `kind` and what it means."""
    return tag("span", tag("i", class_=f"swatch {kind}"), text)


def swatch_key(swatches: Sequence[Markup]) -> Markup:
    """The key of a chart."""
    return tag("p", *swatches, class_="key")


def empty_note(text: str) -> Markup:
    """What stands where there is nothing to show."""
    return tag("p", text, class_="empty")


def change_text(start: Estimate | None, end: Estimate | None) -> str:
    """``31 → 81%``, or the one share there is; a dash if there is none."""
    if start and end:
        return f"{100 * start.mean:.0f} → {percent(end.mean)}"

    last = end or start
    return percent(last.mean if last else None)


def share_text(estimate: Estimate | None) -> str:
    """``46% (30 to 61)``; a dash for None."""
    if estimate is None:
        return DASH
    return f"{percent(estimate.mean)} ({interval_text(estimate, share=True)})"
