"""The catalog of a run: its domains, and the task types that are taught of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from docendo.datasets.files import BadRow
from docendo.interfaces import Source
from docendo.records import TaskType

__all__ = ["Catalog"]


@dataclass(frozen=True)
class Catalog:
    """The domains of a run, by name."""

    sources: Mapping[str, Source]
    levels: Mapping[str, tuple[tuple[str, int], ...]]
    """(family, level) pairs that are taught, by domain."""
    quarantined: tuple[BadRow, ...] = ()
    """Rows of the user's files that were left out, with the reason."""

    @property
    def task_types(self) -> dict[str, tuple[TaskType, ...]]:
        """The task types that are taught, by domain."""
        by_domain = {}
        for domain, levels in self.levels.items():
            by_domain[domain] = tuple(
                TaskType(domain, family, level) for family, level in levels
            )
        return by_domain
