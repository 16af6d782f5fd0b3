"""A row of a user's file, and the names of the columns that are read."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from docendo.errors import UserError, suggestion

__all__ = ["MAX_NAMES", "ColumnNames", "FileRow"]

MAX_NAMES = 100
"""Column names that are remembered for an error; a JSON file may have a new one in every
row."""
_NAME_LENGTH = 60


class FileRow(NamedTuple):
    line: int
    """From 1: the physical line it starts on, or the row number where the format has no
    lines."""
    values: Mapping[str, object]
    fault: str = ""
    """Why the row could not be read; empty where `values` holds."""


class ColumnNames(NamedTuple):
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def select(self, file_columns: Iterable[str], file: str) -> list[str]:
        """Those that a file has.

        Raises UserError where it lacks a required one, or has one twice.
        """
        columns = list(file_columns)
        for name in self.required:
            if name not in columns:
                candidates = {column[:_NAME_LENGTH] for column in columns[:MAX_NAMES]}
                raise UserError(f"{file}: no column {name!r}{suggestion(name, candidates)}")

        unique = dict.fromkeys((*self.required, *self.optional))
        selected = [name for name in unique if name in columns]
        for name in selected:
            if columns.count(name) > 1:
                raise UserError(f"{file}: two columns are called {name!r}; expected one")
        return selected
