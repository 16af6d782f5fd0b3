"""What every page is made of: tables, figures, the keys of charts, the numbers of a heading."""

from collections.abc import Iterable

from docendo.report.render.markup import Markup, tag

__all__ = ["empty_note", "figure", "swatch", "table", "tile"]


def tile(title: str, value: str, notes: Iterable[str]) -> Markup:
    """A number that matters, its name above and notes below."""
    return tag(
        "div",
        tag("dt", title),
        tag("dd", value),
        *(tag("dd", note, class_="note") for note in notes),
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[Markup]], words: int = 1) -> Markup:
    """A table of cells in a box that scrolls sideways; the first columns are `words`, the others numbers."""
    titles = (
        tag("th", text, scope="col", class_="words" if i < words else None)
        for i, text in enumerate(heads)
    )
    head = tag("thead", tag("tr", *titles))
    body = tag("tbody", *(tag("tr", *cells) for cells in rows))
    return tag(
        "div",
        tag("table", head, body),
        class_="scroll",
        tabindex="0",
        role="group",
        aria_label="Table",
    )


def figure(title: str, picture: Markup) -> Markup:
    """A picture under its title."""
    return tag("figure", tag("figcaption", title), picture)


def swatch(kind: str, text: str) -> Markup:
    """One entry of a chart's key."""
    return tag("span", tag("i", class_=kind), text)


def empty_note(text: str) -> Markup:
    """What stands where there is nothing to show."""
    return tag("p", text, class_="empty")
