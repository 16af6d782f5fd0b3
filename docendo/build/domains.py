"""From the settings of a domain to its own source: a program, a file, or a user's own part."""

from docendo.build.own_answers import explain_wrong_answers
from docendo.build.people import build_person
from docendo.config.load import Config
from docendo.datasets.columns import Columns
from docendo.datasets.file_source import FileAskerConfig, FileSource
from docendo.datasets.files import BadRow
from docendo.errors import UserError, suggestion
from docendo.interfaces import Source
from docendo.parts import PartConfig, parse_part
from docendo.problems.sources import SourceContext, build_source
from docendo.registry import PARTS

__all__ = ["build_member", "open_own_source"]


def open_own_source(config: Config, name: str) -> tuple[Source, tuple[BadRow, ...]]:
    """A domain's program or file without its askers, and the rows that were left out.

    Raises UserError for an unknown domain, and for a file that cannot be read.
    """
    domain = config.domains[name]
    where = f"[domains.{name}]"
    if domain.file is not None:
        if domain.source is not None:
            raise UserError(f"{where}: a file and a source; expected one of them")
        part: PartConfig = FileAskerConfig(
            file=domain.file,
            columns=domain.columns,
            held_out=domain.held_out,
            split=domain.split,
        )
        return build_member(config, part, domain=name, own_source=None, where=where)

    if domain.source is None and name not in PARTS["domain"]:
        hint = suggestion(name, PARTS["domain"])
        raise UserError(
            f"{where}: no domain {name!r}{hint} (or give it a file or a source)"
        )
    if domain.columns != Columns() or domain.held_out or domain.split:
        raise UserError(
            f"{where}: columns, held_out and split belong to a domain with a file"
        )
    part = domain.source or parse_part("domain", name)
    return build_member(config, part, domain=name, own_source=None, where=where)


def build_member(
    config: Config, part: PartConfig, *, domain: str, own_source: Source | None, where: str
) -> tuple[Source, tuple[BadRow, ...]]:
    """The source that a part builds, and the rows of its file that were left out."""
    context = SourceContext(
        domain=domain,
        own_source=own_source,
        find_person=lambda name: build_person(config, name, "person"),
        seed=config.seed,
    )
    try:
        source = build_source(part, context)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    if not isinstance(source, FileSource):
        return source, ()

    wrong = explain_wrong_answers(config, domain, source.problems)
    source = source.without(wrong, where)
    return source, source.quarantined
