"""Rows of a user's file of any format: JSON lines, CSV, Parquet, Hugging Face datasets."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from docendo.datasets.arrow_rows import (
    HUB,
    read_dataset_folder,
    read_hub_dataset,
    read_parquet,
)
from docendo.datasets.delimited import MAX_LINE, is_text, read_lines, read_records
from docendo.datasets.rows import MAX_NAMES, ColumnNames, FileRow
from docendo.errors import UserError

__all__ = ["has_splits", "read_rows"]

_JSON = json.JSONDecoder(parse_float=Decimal)


def has_splits(file: str) -> bool:
    """Whether it is a dataset, which may have several splits."""
    return file.startswith(HUB) or Path(file).is_dir()


def read_rows(
    file: str, columns: ColumnNames, split: str, is_named: bool
) -> Iterator[FileRow]:
    """One row after another; a row that cannot be read has a fault.

    Of a dataset with several splits they are those of `split`; with `is_named` it must have that
    one. Raises UserError for a file that cannot be read.
    """
    if file.startswith(HUB):
        return read_hub_dataset(file, columns, split, is_named)
    path = Path(file)
    if path.is_dir():
        return read_dataset_folder(path, columns, split, is_named)
    if not path.is_file():
        raise UserError(f"{file}: no such file")

    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        formats = ", ".join(_READERS)
        raise UserError(
            f"{file}: extension {path.suffix!r} says no format; known: {formats}, "
            "or a dataset directory"
        )
    return reader(path, columns)


def _read_json(path: Path, columns: ColumnNames) -> Iterator[FileRow]:
    names: set[str] = set()
    for number, text, _ in read_lines(path):
        if text is not None and text.isspace():
            continue

        row = _parse_json(number, text)
        # A hostile file may have new names in every row: past a limit, only those looked for count.
        if len(names) < MAX_NAMES:
            names.update(row.values)
        else:
            names.update(row.values.keys() & (columns.required + columns.optional))
        yield row

    # Only at the end: no single row of JSON has to have every column.
    if names:
        columns.select(names, str(path))


def _parse_json(number: int, text: str | None) -> FileRow:
    if text is None:
        return FileRow(number, {}, f"a line over {MAX_LINE:,} characters")
    if not is_text(text):
        return FileRow(number, {}, "not UTF-8")
    try:
        value = _JSON.decode(text)
    except RecursionError:
        return FileRow(number, {}, "JSON nested too deeply")
    except json.JSONDecodeError as error:
        return FileRow(number, {}, f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, ArithmeticError):
        return FileRow(number, {}, "a number with too many digits")
    if not isinstance(value, dict):
        return FileRow(number, {}, f"a JSON {type(value).__name__}, expected an object")
    return FileRow(number, value)


def _read_csv(path: Path, columns: ColumnNames) -> Iterator[FileRow]:
    # Spreadsheets of countries with a decimal comma separate by semicolons.
    headers = [next(read_records(path, delimiter), None) for delimiter in ",;"]
    comma, semicolon = (len(header.cells) if header else 0 for header in headers)
    return _read_delimited(path, columns, ";" if semicolon > comma else ",")


def _read_tsv(path: Path, columns: ColumnNames) -> Iterator[FileRow]:
    return _read_delimited(path, columns, "\t")


def _read_delimited(path: Path, columns: ColumnNames, delimiter: str) -> Iterator[FileRow]:
    records = read_records(path, delimiter)
    header = next(records, None)
    if header is None:
        return
    if header.fault:
        raise UserError(f"{path}:{header.line}: the header cannot be read: {header.fault}")

    names = [cell.strip() for cell in header.cells]
    selected = columns.select(names, str(path))
    for record in records:
        fault = record.fault
        if not fault and len(record.cells) != len(names):
            fault = f"{len(record.cells)} cells, the header has {len(names)}"
        if fault:
            yield FileRow(record.line, {}, fault)
            continue

        cells = dict(zip(names, record.cells, strict=True))
        yield FileRow(record.line, {name: cells[name] for name in selected})


_READERS: dict[str, Callable[[Path, ColumnNames], Iterator[FileRow]]] = {
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": read_parquet,
}
