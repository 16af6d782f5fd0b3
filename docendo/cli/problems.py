"""`docendo domains` and `docendo audit`: what is taught, and whether its graders can be trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import AsJson, DomainFile
from docendo.cli.output import safe, show, show_json, table, title
from docendo.errors import UserError, suggestion

if TYPE_CHECKING:
    from docendo.interfaces import Source
    from docendo.records import Problem

__all__ = ["audit", "domains", "sources_of"]


def domains(
    domain: Annotated[
        str | None, typer.Argument(metavar="DOMAIN", help="Only this one.")
    ] = None,
    level: Annotated[
        int,
        typer.Option(min=1, help="Of the example; families without it show their lowest."),
    ] = 1,
    config: DomainFile = None,
) -> None:
    """List domains and families, with examples.

    Each family with one problem and its worked solution.
    """
    known = sources_of(config)
    for name in [_known(domain, known)] if domain else known:
        source = known[name]
        show(title(name))
        for family, levels in source.levels.items():
            chosen = level if level in levels else min(levels)
            show(
                safe(f"\n  {family}", "cyan"),
                f"  levels {', '.join(map(str, levels))}; level {chosen}:",
            )
            example = _example(source, family, chosen)
            show(
                safe(_indented(example.prompt)),
                safe(_indented(example.worked), "green"),
            )
        show("")


def audit(
    domain: Annotated[
        str,
        typer.Argument(metavar="DOMAIN", help="The domain to audit.", show_default=False),
    ],
    config: DomainFile = None,
    n: Annotated[
        int, typer.Option(min=1, help="Problems of each family, level and stream.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Picks the problems.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Prove a domain's grader.

    Right answers must score 1, and nothing that knows no answer may. Exits with 1 where a check fails.
    """
    source = sources_of(config)[_known(domain, sources_of(config))]
    from docendo.build.evaluators import ground_truth
    from docendo.graders import audit as auditing

    found = auditing.audit(source, ground_truth(), n, seed)
    if as_json:
        rows = [c._asdict() for c in found.checks]
        show_json(
            {
                "domain": domain,
                "problems": found.problems,
                "passed": found.passed,
                "checks": rows,
            }
        )
    else:
        made = table(["graded text"], ["wanted", "tried", "failed"])
        for check in found.checks:
            failed = safe(f"{check.failures:,}", "red" if check.failures else "green")
            made.add_row(safe(check.name), f"{check.want}", f"{check.trials:,}", failed)
        show(
            title(f"{domain}: {found.problems:,} problems"),
            made,
            *(f"failed: {c.name}: {c.first}" for c in found.checks if c.failures),
        )
        show("passed" if found.passed else "failed")
    if not found.passed:
        raise typer.Exit(1)


def sources_of(config: Path | None) -> Mapping[str, "Source"]:
    """The procedural domains, and those of a configuration where one is given."""
    from docendo.problems.registry import PROCEDURAL

    if config is None:
        return PROCEDURAL
    from docendo.build.school import read_catalog
    from docendo.config.load import load_config

    return {**PROCEDURAL, **read_catalog(load_config(config)).sources}


def _known(domain: str, known: Mapping[str, "Source"]) -> str:
    if domain not in known:
        raise UserError(
            f"no domain {domain!r}{suggestion(domain, known)}; name a domain of your own with --config"
        )
    return domain


def _example(source: "Source", family: str, level: int) -> "Problem":
    """A training problem, or where all are held out one of those."""
    try:
        return source.draw(family, level, 1, 0, "train")[0]
    except UserError:
        return source.draw(family, level, 1, 0, "held-out")[0]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
