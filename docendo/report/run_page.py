"""A run's page: one HTML file that loads nothing, no fonts, no libraries."""

from importlib.resources import files
from pathlib import Path

from docendo.report.facts.run import collect
from docendo.report.render.components import Section, empty_note, page_main
from docendo.report.render.markup import Markup, document, embed, join, tag
from docendo.report.render.sections import (
    compute,
    header,
    knowledge,
    learning,
    lessons_matrix,
    lessons_table,
)
from docendo.report.render.tables import html_table
from docendo.report.render.text_tables import text_tables
from docendo.report.render.viewer import SHOWN, viewer_data
from docendo.store import RunDirectory
from docendo.store.atomic import write_atomically

__all__ = ["asset", "html_page", "save_page", "write_page"]


def write_page(run: RunDirectory, path: Path) -> Path:
    """Write the run's page to `path`, as `save_page` does."""
    return save_page(html_page(run), path)


def save_page(page: str, path: Path) -> Path:
    """Write a page to `path`, whole or not at all, and return the path.

    Raises RunError if it cannot be written.
    """
    write_atomically(path, page.encode(), make_parents=False)
    return path


def html_page(run: RunDirectory) -> str:
    """The whole page.

    Model text is in it only as JSON that the script shows with ``textContent``.
    """
    # One moment of the run for all parts: a round may be committed meanwhile.
    with run.snapshot():
        facts = collect(run)
        tables = text_tables(run, facts)
        episodes = viewer_data(run, SHOWN)

    sections = (
        Section("knows", "What each agent knows", knowledge(facts)),
        Section("curves", "How they learned", learning(facts)),
        Section("gains", "What a lesson is worth", lessons_matrix(facts)),
        Section("taught", "Who taught whom what", lessons_table(facts)),
        *(Section(table.id, table.title, html_table(table)) for table in tables),
        Section("compute", "What it cost", compute(facts)),
        Section("lessons", "Lessons and attempts", _viewer(len(facts.lessons))),
    )
    body = join(
        (
            tag("a", "Skip to the lessons", href="#lessons", class_="skip"),
            page_main(header(facts), sections),
            embed(episodes, "episodes"),
        )
    )
    return document(f"{facts.name} · docendo", asset("page.css"), asset("viewer.js"), body)


def _viewer(episodes: int) -> Markup:
    note = f"All {episodes:,} episodes are here."
    if episodes > SHOWN:
        note = f"The newest {SHOWN:,} of {episodes:,} episodes are here."
    without_script = "The viewer needs JavaScript; everything above does not."
    return join(
        (
            tag("p", note),
            tag("form", id="filters", aria_label="Filter the episodes"),
            tag("p", id="found", role="status"),
            tag("div", id="cards"),
            tag("nav", id="pages", aria_label="Pages"),
            tag("noscript", empty_note(without_script)),
        )
    )


def asset(name: str) -> str:
    """A file that the pages are made with, as text."""
    return files("docendo.report").joinpath(name).read_text(encoding="utf-8")
