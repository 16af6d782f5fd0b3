"""From the settings of domains to the catalog of a run: sources, task types and refused rows."""

from collections.abc import Mapping

from docendo.build.askers import OWN, build_pool
from docendo.build.checks import check_config, check_roles
from docendo.build.domains import open_own_source
from docendo.config import DomainConfig
from docendo.config.load import Config
from docendo.datasets.files import BadRow
from docendo.errors import UserError, suggestion
from docendo.interfaces import Source
from docendo.problems.catalog import Catalog

__all__ = ["read_catalog"]


def read_catalog(config: Config, sources: Mapping[str, Source] | None = None) -> Catalog:
    """Reads and checks the domains. `sources` are domains that exist in Python only, by name.

    Raises UserError for what is unknown, and for a domain without a teacher or a student.
    """
    check_config(config)
    given_sources = dict(sources or {})
    opened: dict[str, Source] = {}
    bad_rows: list[BadRow] = []

    for name, domain in config.domains.items():
        source, bad = _open_domain(config, name, domain, given_sources.get(name))
        bad_rows += bad
        if source is not None:
            opened[name] = source

    levels = {
        name: _choose_levels(opened[name], domain, name)
        for name, domain in config.domains.items()
    }
    check_roles(config)
    return Catalog(opened, levels, tuple(bad_rows))


def _open_domain(
    config: Config, name: str, domain: DomainConfig, python_source: Source | None
) -> tuple[Source | None, tuple[BadRow, ...]]:
    """The source of a domain, with its askers, and the rows that were refused."""
    if "/" in name:
        raise UserError(f"[domains.{name!r}]: expected a name without '/'")

    # A source from Python stands in for the domain's own, but not for its askers.
    own_source = python_source
    bad_rows: tuple[BadRow, ...] = ()
    if python_source is None and (not domain.askers or OWN in domain.askers):
        own_source, bad_rows = open_own_source(config, name)
    if not domain.askers:
        return own_source, bad_rows

    pool, more_bad_rows = build_pool(config, name, own_source)
    return pool, (*bad_rows, *more_bad_rows)


def _choose_levels(
    source: Source, domain: DomainConfig, name: str
) -> tuple[tuple[str, int], ...]:
    """The (family, level) pairs that the settings ask for; without any, all families at their lowest level."""
    families = domain.families
    if not families:
        families = {family: list(levels)[:1] for family, levels in source.levels.items()}

    chosen: list[tuple[str, int]] = []
    for family, levels in families.items():
        known_levels = source.levels.get(family)
        if known_levels is None:
            hint = suggestion(family, source.levels)
            raise UserError(f"[domains.{name}.families]: no family {family!r}{hint}")
        for level in levels or known_levels:
            if level not in known_levels:
                level_list = ", ".join(map(str, known_levels))
                raise UserError(
                    f"[domains.{name}.families] {family}: no level {level}; it has {level_list}"
                )
            chosen.append((family, level))
    return tuple(chosen)
