"""A domain from a user's own file: every row becomes a problem, or is set aside with the reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cached_property
from math import isfinite
from pathlib import Path
from random import Random
from typing import NamedTuple

from docendo.datasets.delimited import MAX_FIELD, is_text
from docendo.datasets.readers import HUB, ColumnNames, FileRow, read_rows
from docendo.datasets.split import split_of
from docendo.errors import UserError, suggestion
from docendo.interfaces import Split
from docendo.records import Problem

__all__ = [
    "BadRow",
    "Columns",
    "FileProblems",
    "FileSource",
    "parse_columns",
    "read_problems",
]

_OWN_SOLUTION = "solution"
_GSM8K_MARKER = "####"


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns to read. A file must have each, except a solution under its default name."""

    question: str = "question"
    answer: str = "answer"
    solution: str | None = _OWN_SOLUTION
    family: str | None = None
    """None puts all problems in one family, called like the domain."""
    level: str | None = None
    """Whole numbers from 1 to 9; None makes every problem level 1."""
    answer_marker: str | None = None
    """Where set, the answer is what follows its last occurrence and the solution what precedes; ``####`` in GSM8K."""

    def __post_init__(self) -> None:
        for name in (
            self.question,
            self.answer,
            self.solution,
            self.family,
            self.level,
            self.answer_marker,
        ):
            if name is not None and not name.strip():
                raise UserError(f"{name!r} is blank; wanted a name")

    @property
    def wanted(self) -> ColumnNames:
        needed = [self.question, self.answer, self.family, self.level]
        optional = (_OWN_SOLUTION,) if self.solution == _OWN_SOLUTION else ()
        if not optional:
            needed.append(self.solution)
        return ColumnNames(tuple(name for name in needed if name is not None), optional)


def parse_columns(roles: Mapping[str, str], where: str) -> Columns:
    """The columns that a config names by their roles. Raises UseError, saying `where`, for a role that there is not."""
    known = [f.name for f in fields(Columns)]
    for role in roles:
        if role not in known:
            raise UserError(f"{where}: no column role {role!r}{suggestion(role, known)}")
    try:
        return Columns(**roles)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


class BadRow(NamedTuple):
    """A row that was set aside."""

    file: str
    line: int
    """From 1: the physical line it starts on, or the row number where the format has no lines."""
    reason: str


@dataclass(frozen=True, slots=True)
class FileProblems:
    problems: tuple[Problem, ...]
    """In the order of the file, with different keys."""
    quarantined: tuple[BadRow, ...]


@dataclass(frozen=True)
class FileSource:
    """Problems by family and level, drawn without replacement. The order of `problems` does not matter."""

    domain: str
    problems: tuple[Problem, ...] = field(repr=False)

    @cached_property
    def levels(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for problem in self.problems:
            found[problem.family].add(problem.level)
        return {family: tuple(sorted(levels)) for family, levels in sorted(found.items())}

    @cached_property
    def _pools(self) -> Mapping[tuple[str, int, Split], Sequence[Problem]]:
        pools: dict[tuple[str, int, Split], list[Problem]] = defaultdict(list)
        for problem in sorted(self.problems, key=lambda p: p.key):
            pools[problem.family, problem.level, split_of(problem)].append(problem)
        return dict(pools)

    def size(self, family: str, level: int, split: Split) -> int:
        """How many problems there are to draw from."""
        return len(self._pools.get((family, level, split), ()))

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems. Raises UseError for an unknown family or level, or where there are too few."""
        if family not in self.levels:
            raise UserError(
                f"{self.domain} has no family {family!r}{suggestion(family, self.levels)}"
            )
        if level not in self.levels[family]:
            known = ", ".join(map(str, self.levels[family]))
            raise UserError(f"{self.domain}/{family} has no level {level}; known: {known}")
        pool = self._pools.get((family, level, split), ())
        if len(pool) < count:
            raise UserError(
                f"{self.domain}/{family} level {level} has only {len(pool)} {split} problems, not {count}; "
                "ask for fewer, or add rows to its file (about one in five is held out)"
            )
        return Random(seed).sample(pool, count)


def read_problems(
    path: str | Path, domain: str, columns: Columns | None = None
) -> FileProblems:
    """The problems of a file, and the rows that are none.

    `path` is a .jsonl, .ndjson, .csv, .tsv or .parquet file, a dataset directory, or ``hub:owner/name[/subset]``.
    Text is stripped, and its line ends become LF. Raises UseError for a file that cannot be read, lacks a column,
    or has no usable row.
    """
    columns = columns or Columns()
    name = str(path) if str(path).startswith(HUB) else Path(path).name
    problems: dict[str, Problem] = {}
    lines: dict[str, int] = {}
    quarantined: list[BadRow] = []
    try:
        for row in read_rows(path, columns.wanted):
            try:
                problem = _problem(row, domain, columns, f"{name}:{row.line}")
            except _RowError as error:
                quarantined.append(BadRow(str(path), row.line, str(error)))
                continue
            if problem.key in problems:
                reason = f"the same problem as in line {lines[problem.key]}"
                quarantined.append(BadRow(str(path), row.line, reason))
                continue
            problems[problem.key], lines[problem.key] = problem, row.line
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not problems:
        wanted = f"wanted rows with {columns.question!r} and {columns.answer!r}"
        first = (
            f"; line {quarantined[0].line}: {quarantined[0].reason}" if quarantined else ""
        )
        raise UserError(f"{path}: no usable row, {len(quarantined)} bad; {wanted}{first}")
    return FileProblems(tuple(problems.values()), tuple(quarantined))


class _RowError(ValueError):
    """Why a row is no problem."""


def _problem(row: FileRow, domain: str, columns: Columns, source: str) -> Problem:
    if row.fault:
        raise _RowError(row.fault)
    question = _text(row, columns.question)
    answer = _text(row, columns.answer, numbers=True)
    solution = _text(row, columns.solution, empty=True) if columns.solution else ""
    if columns.answer_marker:
        before, marker, answer = (
            part.strip() for part in answer.rpartition(columns.answer_marker)
        )
        if not marker or not answer:
            raise _RowError(
                f"{columns.answer!r} has no answer after {columns.answer_marker!r}"
            )
        solution = before or solution
    return Problem(
        domain,
        _text(row, columns.family, numbers=True) if columns.family else domain,
        _level(row, columns.level) if columns.level else 1,
        question,
        answer,
        _worked(solution, answer),
        source=source,
    )


def _text(row: FileRow, name: str, *, numbers: bool = False, empty: bool = False) -> str:
    """The stripped text of a column. A whole number has no decimal point: 42.0 is ``42``."""
    value = row.values.get(name)
    if value is None:
        if empty:
            return ""
        raise _RowError(f"no {name!r}")
    if numbers and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _digits(value, name)
    if not isinstance(value, str):
        raise _RowError(
            f"{name!r} is of type {type(value).__name__}, wanted text{' or a number' if numbers else ''}"
        )
    if len(value) > MAX_FIELD:
        raise _RowError(f"{name!r} has over {MAX_FIELD:,} characters")
    if "\0" in value:
        raise _RowError(f"{name!r} has a NUL character")
    if not is_text(value):
        raise _RowError(f"{name!r} has half of a surrogate pair")
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text and not empty:
        raise _RowError(f"{name!r} is empty")
    return text


def _digits(value: int | float | Decimal, name: str) -> str:
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        raise _RowError(f"{name!r} is {value}, wanted a finite number")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _level(row: FileRow, name: str) -> int:
    value = row.values.get(name)
    if (
        isinstance(value, str)
        and len(value) <= MAX_FIELD
        and value.strip() in set("123456789")
    ):
        return int(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if value in range(1, 10):
            return int(value)
    elif not isinstance(value, str):
        raise _RowError(
            f"{name!r} is of type {type(value).__name__}, wanted a whole number from 1 to 9"
        )
    raise _RowError(f"{name!r} is {str(value)[:40]!r}, wanted a whole number from 1 to 9")


def _worked(solution: str, answer: str) -> str:
    """The solution with a last line ``Answer: ...``, in place of a last line ``#### ...``; empty where it is empty."""
    reasoning, _, last = solution.rpartition("\n")
    if last.strip().startswith(_GSM8K_MARKER):
        solution = reasoning.rstrip()
    ending = f"Answer: {answer}"
    if not solution or solution == ending or solution.endswith(f"\n{ending}"):
        return solution
    return f"{solution}\n{ending}"
