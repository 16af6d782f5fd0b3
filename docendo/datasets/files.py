"""Problems from a user's own file: a row becomes a problem, or is set aside with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import NamedTuple, TypeGuard

from docendo.datasets.arrow_rows import HUB
from docendo.datasets.delimited import MAX_FIELD, is_text
from docendo.datasets.readers import read_rows
from docendo.datasets.rows import ColumnNames, FileRow
from docendo.errors import UserError, suggestion
from docendo.records import Problem

__all__ = [
    "BadRow",
    "Columns",
    "FileProblems",
    "parse_columns",
    "read_problems",
]

_SOLUTION_COLUMN = "solution"
_GSM8K_MARKER = "####"
_MAX_EXPLAINED = 3
"""Bad rows that an error names."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns to read.

    A file must have each, except a solution under its default name.
    """

    question: str = "question"
    answer: str = "answer"
    solution: str | None = _SOLUTION_COLUMN
    family: str | None = None
    """None puts all problems in one family, called like the domain."""
    level: str | None = None
    """Whole numbers from 1 to 9; None makes every problem level 1."""
    answer_marker: str | None = None
    """Where set, the solution stands before its last occurrence and the answer after it;
    ``####`` in GSM8K."""

    def __post_init__(self) -> None:
        for column in fields(self):
            name = getattr(self, column.name)
            if name is not None and not name.strip():
                raise UserError(f"{name!r} is blank; expected a name")

    @property
    def names(self) -> ColumnNames:
        """Required and optional names, in the order in which they are checked."""
        columns = [self.question, self.answer, self.family, self.level]
        if self.solution == _SOLUTION_COLUMN:
            optional: tuple[str, ...] = (_SOLUTION_COLUMN,)
        else:
            optional = ()
            columns.append(self.solution)
        required = tuple(name for name in columns if name is not None)
        return ColumnNames(required, optional)


def parse_columns(roles: Mapping[str, str], where: str) -> Columns:
    """The columns that a config names by their roles.

    Raises UserError, saying `where`, for an unknown role.
    """
    known_roles = [column.name for column in fields(Columns)]
    for role in roles:
        if role not in known_roles:
            hint = suggestion(role, known_roles)
            raise UserError(f"{where}: no column role {role!r}{hint}")
    try:
        return Columns(**roles)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


class BadRow(NamedTuple):
    """A row that was set aside."""

    file: str
    line: int
    """From 1: the physical line it starts on, or the row number where the format has no
    lines."""
    reason: str


@dataclass(frozen=True, slots=True)
class FileProblems:
    problems: tuple[Problem, ...]
    """In the order of the file, with different keys."""
    quarantined: tuple[BadRow, ...]


def read_problems(
    path: str | Path, domain: str, columns: Columns | None = None
) -> FileProblems:
    """The problems of a file, and the rows that are none.

    `path` is a .jsonl, .ndjson, .csv, .tsv or .parquet file, a dataset directory, or
    ``hub:owner/name[/subset]``. Text is stripped, and its line ends become LF. Raises
    UserError for a file that cannot be read, lacks a column, or has no usable row.
    """
    columns = columns or Columns()
    file = str(path)
    name = file if file.startswith(HUB) else Path(path).name
    problems: dict[str, Problem] = {}
    lines: dict[str, int] = {}
    quarantined: list[BadRow] = []
    try:
        for row in read_rows(path, columns.names):
            try:
                problem = _parse_problem(row, domain, columns, f"{name}:{row.line}")
                # Twice the same would be in a test twice, and count twice.
                if problem.key in problems:
                    raise _RowError(f"the same problem as in line {lines[problem.key]}")
            except _RowError as error:
                quarantined.append(BadRow(file, row.line, str(error)))
                continue
            problems[problem.key] = problem
            lines[problem.key] = row.line
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error

    if not problems:
        raise UserError(_explain_no_rows(file, columns, quarantined))
    return FileProblems(tuple(problems.values()), tuple(quarantined))


def _explain_no_rows(file: str, columns: Columns, quarantined: list[BadRow]) -> str:
    message = (
        f"{file}: no usable row, {len(quarantined)} bad; "
        f"expected rows with {columns.question!r} and {columns.answer!r}"
    )
    for row in quarantined[:_MAX_EXPLAINED]:
        message += f"; line {row.line}: {row.reason}"
    if len(quarantined) > _MAX_EXPLAINED:
        message += f"; and {len(quarantined) - _MAX_EXPLAINED} more"
    return message


class _RowError(ValueError):
    """Why a row is no problem."""


def _parse_problem(row: FileRow, domain: str, columns: Columns, source: str) -> Problem:
    if row.fault:
        raise _RowError(row.fault)
    question = _parse_text(row, columns.question)
    answer = _parse_text(row, columns.answer, accept_numbers=True)
    solution = ""
    if columns.solution:
        solution = _parse_text(row, columns.solution, accept_empty=True)
    if columns.answer_marker:
        before, marker, after = answer.rpartition(columns.answer_marker)
        answer = after.strip()
        if not marker or not answer:
            raise _RowError(
                f"{columns.answer!r} has no answer after {columns.answer_marker!r}"
            )
        solution = before.strip() or solution

    family = domain
    if columns.family:
        family = _parse_text(row, columns.family, accept_numbers=True)
    return Problem(
        domain=domain,
        family=family,
        level=_parse_level(row, columns.level) if columns.level else 1,
        prompt=question,
        answer=answer,
        solution=_end_with_answer(solution, answer),
        source=source,
    )


def _parse_text(
    row: FileRow, name: str, *, accept_numbers: bool = False, accept_empty: bool = False
) -> str:
    """The stripped text of a column.

    A whole number has no decimal point: 42.0 is ``42``.
    """
    value = row.values.get(name)
    if value is None:
        if accept_empty:
            return ""
        raise _RowError(f"no {name!r}")
    if accept_numbers and _is_number(value):
        return _format_number(value, name)
    if not isinstance(value, str):
        expected = "text or a number" if accept_numbers else "text"
        raise _RowError(f"{name!r} is of type {type(value).__name__}, expected {expected}")

    if len(value) > MAX_FIELD:
        raise _RowError(f"{name!r} has over {MAX_FIELD:,} characters")
    if "\0" in value:
        raise _RowError(f"{name!r} has a NUL character")
    if not is_text(value):
        raise _RowError(f"{name!r} has half of a surrogate pair")
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text and not accept_empty:
        raise _RowError(f"{name!r} is empty")
    return text


def _is_number(value: object) -> TypeGuard[int | float | Decimal]:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _format_number(value: int | float | Decimal, name: str) -> str:
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        raise _RowError(f"{name!r} is {value}, expected a finite number")
    # Parquet has decimals; "f" writes no exponent.
    if isinstance(value, Decimal):
        return format(value, "f")
    # From 1e15 on, floats are not exact enough to say which whole number was meant.
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _parse_level(row: FileRow, name: str) -> int:
    value = row.values.get(name)
    expected = "expected a whole number from 1 to 9"
    if isinstance(value, str):
        if len(value) <= MAX_FIELD and value.strip() in set("123456789"):
            return int(value)
    elif _is_number(value):
        if value in range(1, 10):
            return int(value)
    else:
        raise _RowError(f"{name!r} is of type {type(value).__name__}, {expected}")
    raise _RowError(f"{name!r} is {str(value)[:40]!r}, {expected}")


def _end_with_answer(solution: str, answer: str) -> str:
    """The solution with a last line ``Answer: ...`` instead of ``#### ...``.

    An empty one stays empty.
    """
    # The graders read the last "Answer:" line, and agents learn from solutions to write one.
    reasoning, _, last_line = solution.rpartition("\n")
    if last_line.strip().startswith(_GSM8K_MARKER):
        solution = reasoning.rstrip()
    ending = f"Answer: {answer}"
    if not solution or solution == ending or solution.endswith(f"\n{ending}"):
        return solution
    return f"{solution}\n{ending}"
