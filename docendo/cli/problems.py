"""`docendo domains` and `docendo audit`: what is taught, and whether its evaluator can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import AsJson, DomainFile
from docendo.cli.output import notice, safe, show, show_json, table, title
from docendo.errors import UserError, suggestion
from docendo.records import Problem

if TYPE_CHECKING:
    from docendo.datasets.file_source import FileSource
    from docendo.graders.audit import AuditReport
    from docendo.interfaces import Evaluator, Source, Split

__all__ = ["audit", "domains", "load_sources"]

_SPLITS: tuple["Split", ...] = ("train", "held-out")
_MAX_TESTS = 3
_LEVEL_HELP = "Level of the example; families without it show their lowest."


def domains(
    domain: Annotated[
        str | None, typer.Argument(metavar="DOMAIN", help="Only this one.")
    ] = None,
    level: Annotated[int, typer.Option(min=1, help=_LEVEL_HELP)] = 1,
    config: DomainFile = None,
) -> None:
    """List domains and families, with examples.

    Each family comes with one problem and its worked solution.
    """
    sources = load_sources(config)
    names = [_check_domain(domain, sources)] if domain else list(sources)
    for name in names:
        show(title(name))
        _show_families(sources[name], level)
        show("")


def _show_families(source: "Source", level: int) -> None:
    for family, levels in source.levels.items():
        example_level = level if level in levels else min(levels)
        example = _draw_example(source, family, example_level)
        known_levels = ", ".join(map(str, levels))
        sizes = _describe_sizes(source, family, example_level)
        show(
            safe(f"\n  {family}", "cyan"),
            f"  levels {known_levels}; level {example_level}:{sizes}",
            safe(_indent(example.prompt)),
            safe(_indent(example.worked), "green"),
            *(safe(f"    test: {test}") for test in example.tests[:_MAX_TESTS]),
        )


def _describe_sizes(source: "Source", family: str, level: int) -> str:
    """How many problems a file has of a family and level; empty for other sources."""
    from docendo.datasets.file_source import FileSource

    if not isinstance(source, FileSource):
        return ""
    train, held_out = (source.size(family, level, split) for split in _SPLITS)
    return f" {train:,} train, {held_out:,} held out"


def audit(
    domain: Annotated[
        str,
        typer.Argument(metavar="DOMAIN", help="The domain to audit.", show_default=False),
    ],
    config: DomainFile = None,
    n: Annotated[
        int, typer.Option(min=1, help="Problems of each family, level and split.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Picks the problems.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check a domain's evaluator.

    Right answers must score 1, and neither near misses nor what knows no answer may. A file
    with fewer rows than --n gives all it has. Exits with 1 where a check fails.
    """
    sources = load_sources(config)
    source = sources[_check_domain(domain, sources)]

    from docendo.datasets.file_source import FileSource
    from docendo.graders.audit import audit as run_audit

    if isinstance(source, FileSource):
        _tell_shortage(source, n)
        # only a file has a fixed number of rows
        source = _AvailableProblems(source)
    report = run_audit(source, _load_evaluator(config, domain), n, seed)
    if as_json:
        _print_json(domain, report)
    else:
        _show_report(domain, report)
    if not report.passed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _AvailableProblems:
    """A file's problems; it gives as many as it has where more are asked for."""

    source: "FileSource"

    @property
    def domain(self) -> str:
        return self.source.domain

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        return self.source.levels

    def draw(
        self, family: str, level: int, count: int, seed: int, split: "Split"
    ) -> "list[Problem]":
        count = min(count, self.source.size(family, level, split))
        return self.source.draw(family, level, count, seed, split) if count else []


def _tell_shortage(source: "FileSource", count: int) -> None:
    for family, levels in source.levels.items():
        for level in levels:
            for split in _SPLITS:
                size = source.size(family, level, split)
                if size < count:
                    notice(f"{family} level {level}: {size} {split} problems, not {count}")


def _print_json(domain: str, report: "AuditReport") -> None:
    show_json(
        {
            "domain": domain,
            "problems": report.problems,
            "passed": report.passed,
            "checks": [check._asdict() for check in report.checks],
        }
    )


def _show_report(domain: str, report: "AuditReport") -> None:
    rows = table(["graded text"], ["expected score", "tried", "failed"])
    failures = []
    for check in report.checks:
        failed = safe(f"{check.failures:,}", "red" if check.failures else "green")
        rows.add_row(safe(check.name), f"{check.want}", f"{check.trials:,}", failed)
        if check.failures:
            failures.append(f"failed: {check.name}: {check.first}")

    show(title(f"{domain}: {report.problems:,} problems"), rows, *failures)
    show("passed" if report.passed else "failed")


def load_sources(config: Path | None) -> Mapping[str, "Source"]:
    """The procedural domains, and those of a configuration if one is given."""
    from docendo.problems.registry import built_in_domains

    if config is None:
        return built_in_domains()

    from docendo.build.catalog import read_catalog
    from docendo.cli.runs import report_bad_rows
    from docendo.config.load import load_config

    catalog = read_catalog(load_config(config))
    report_bad_rows(catalog.quarantined)
    return {**built_in_domains(), **catalog.sources}


def _load_evaluator(config: Path | None, domain: str) -> "Evaluator":
    """That of the domain in a configuration; else the ground truth."""
    from docendo.build.evaluators import build_panel
    from docendo.config.load import load_config
    from docendo.graders.ground_truth import ground_truth_evaluator

    loaded = load_config(config) if config else None
    if loaded is None or domain not in loaded.domains:
        return ground_truth_evaluator()
    # of this domain alone: another's may need an engine
    domains = {domain: loaded.domains[domain]}
    return build_panel(loaded.model_copy(update={"domains": domains})).by_domain[domain]


def _check_domain(name: str, sources: Mapping[str, "Source"]) -> str:
    if name not in sources:
        hint = suggestion(name, sources)
        raise UserError(
            f"no domain {name!r}{hint}; name a domain of your own with --config"
        )
    return name


def _draw_example(source: "Source", family: str, level: int) -> "Problem":
    """A training problem; a held-out one where there is no other."""
    try:
        return source.draw(family, level, 1, 0, "train")[0]
    except UserError:
        return source.draw(family, level, 1, 0, "held-out")[0]


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
