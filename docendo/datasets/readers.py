"""Rows of a user's file, whatever its format: JSON lines, CSV, Parquet, or a Hugging Face dataset."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from docendo.datasets.delimited import MAX_LINE, is_text, read_lines, read_records
from docendo.errors import UserError, suggestion

__all__ = ["HUB", "ColumnNames", "FileRow", "read_rows"]

HUB = "hub:"
"""What a file name starts with that is a dataset of the Hugging Face hub."""

_ROWS_PER_BATCH = 1000
_NAMES_KEPT = 100
_NAME_SHOWN = 60


class FileRow(NamedTuple):
    line: int
    """From 1: the physical line it starts on, or the row number where the format has no lines."""
    values: Mapping[str, object]
    fault: str = ""
    """Why the row could not be read; empty where `values` holds."""


class ColumnNames(NamedTuple):
    """Names of columns."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def among(self, names: Iterable[str], file: str) -> list[str]:
        """Those that a file has. Raises UseError for a needed one it lacks, or one it has twice."""
        known = list(names)
        for name in self.needed:
            if name not in known:
                raise UserError(
                    f"{file}: no column {name!r}{suggestion(name, {k[:_NAME_SHOWN] for k in known[:_NAMES_KEPT]})}"
                )
        found = [
            name for name in dict.fromkeys((*self.needed, *self.optional)) if name in known
        ]
        if twice := [name for name in found if known.count(name) > 1]:
            raise UserError(f"{file}: two columns are called {twice[0]!r}; wanted one")
        return found


def read_rows(path: str | Path, wanted: ColumnNames) -> Iterator[FileRow]:
    """One row after another; a row that cannot be read has a fault. Raises UseError for a file that cannot."""
    file = str(path)
    if file.startswith(HUB):
        return _dataset_rows(_from_hub, wanted, file)
    path = Path(path)
    if path.is_dir():
        if not (
            (path / "dataset_dict.json").is_file() or (path / "dataset_info.json").is_file()
        ):
            raise UserError(
                f"{file}: a directory, but no dataset in it; wanted what save_to_disk of datasets writes"
            )
        return _dataset_rows(_from_disk, wanted, file)
    if not path.is_file():
        raise UserError(f"{file}: no such file")
    if path.suffix.lower() not in _READERS:
        known = ", ".join(_READERS)
        raise UserError(
            f"{file}: extension {path.suffix!r} says no format; known: {known}, or a dataset directory"
        )
    return _READERS[path.suffix.lower()](path, wanted)


def _json_rows(path: Path, wanted: ColumnNames) -> Iterator[FileRow]:
    names: set[str] = set()
    for number, text, _ in read_lines(path):
        if text is not None and text.isspace():
            continue
        row = _json_row(number, text)
        names.update(
            row.values
            if len(names) < _NAMES_KEPT
            else row.values.keys() & (wanted.needed + wanted.optional)
        )
        yield row
    if names:
        wanted.among(names, str(path))


def _json_row(number: int, text: str | None) -> FileRow:
    if text is None:
        return FileRow(number, {}, f"a line over {MAX_LINE:,} characters")
    if not is_text(text):
        return FileRow(number, {}, "not UTF-8")
    try:
        value = json.loads(text)
    except RecursionError:
        return FileRow(number, {}, "JSON nested too deeply")
    except json.JSONDecodeError as error:
        return FileRow(number, {}, f"not JSON: {error.msg} at column {error.colno}")
    except ValueError:
        return FileRow(number, {}, "a number with too many digits")
    if not isinstance(value, dict):
        return FileRow(number, {}, f"a JSON {type(value).__name__}, wanted an object")
    return FileRow(number, value)


def _csv_rows(path: Path, wanted: ColumnNames, delimiter: str = ",") -> Iterator[FileRow]:
    found = read_records(path, delimiter)
    header = next(found, None)
    if header is None:
        return
    if header.fault:
        raise UserError(f"{path}:{header.line}: the header cannot be read: {header.fault}")
    names = [cell.strip() for cell in header.cells]
    places = {name: names.index(name) for name in wanted.among(names, str(path))}
    for record in found:
        fault = record.fault
        if not fault and len(record.cells) != len(names):
            fault = f"{len(record.cells)} cells, the header has {len(names)}"
        yield FileRow(
            record.line,
            {} if fault else {name: record.cells[i] for name, i in places.items()},
            fault,
        )


def _tsv_rows(path: Path, wanted: ColumnNames) -> Iterator[FileRow]:
    return _csv_rows(path, wanted, delimiter="\t")


def _parquet_rows(path: Path, wanted: ColumnNames) -> Iterator[FileRow]:
    parquet = _library("pyarrow.parquet", "data", str(path))

    def batches() -> Iterator[Any]:
        with parquet.ParquetFile(path) as source:
            names = wanted.among(source.schema_arrow.names, str(path))
            yield from source.iter_batches(_ROWS_PER_BATCH, columns=names)

    return _table_rows(_guarded(batches, str(path)), wanted, str(path))


def _dataset_rows(
    load: Callable[[Any, str], Any], wanted: ColumnNames, file: str
) -> Iterator[FileRow]:
    datasets = _library("datasets", "hub", file)

    def batches() -> Iterator[Any]:
        found = load(datasets, file)
        if isinstance(found, dict):
            if "train" not in found and len(found) != 1:
                raise UserError(
                    f"{file}: splits {', '.join(found)}; wanted only one, or one called 'train'"
                )
            found = found["train"] if "train" in found else next(iter(found.values()))
        yield from found.with_format("arrow").iter(_ROWS_PER_BATCH)

    return _table_rows(_guarded(batches, file), wanted, file)


_SCRIPTLESS = 4
"""The first version of datasets that runs no Python that comes with data."""


def _from_disk(datasets: Any, file: str) -> Any:
    return datasets.load_from_disk(file)


def _from_hub(datasets: Any, file: str) -> Any:
    parts = file.removeprefix(HUB).split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise UserError(f"{file}: wanted {HUB}owner/name or {HUB}owner/name/subset")
    if int(datasets.__version__.partition(".")[0]) < _SCRIPTLESS:
        raise UserError(
            f"{file}: datasets {datasets.__version__} runs scripts that come with data; wanted 4 or newer"
        )
    return datasets.load_dataset("/".join(parts[:2]), *parts[2:], streaming=True)


def _guarded(batches: Callable[[], Iterator[Any]], file: str) -> Iterator[Any]:
    """The batches; whatever a library cannot read is a UseError."""
    arrow = _library("pyarrow", "data", file)
    try:
        yield from batches()
    except UserError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        RuntimeError,
        MemoryError,
        arrow.ArrowException,
    ) as error:
        raise UserError(f"{file}: cannot be read: {str(error)[:300]}") from error


def _table_rows(tables: Iterator[Any], wanted: ColumnNames, file: str) -> Iterator[FileRow]:
    number = 0
    for table in tables:
        names = wanted.among(table.schema.names, file)
        for cells in zip(*(_cells(table.column(name)) for name in names), strict=True):
            number += 1
            values = dict(zip(names, cells, strict=True))
            bad = [name for name, cell in values.items() if isinstance(cell, Exception)]
            yield (
                FileRow(number, {}, f"{bad[0]!r} cannot be decoded")
                if bad
                else FileRow(number, values)
            )


def _cells(column: Any) -> Sequence[object]:
    """One value per row; the exception itself where a cell cannot be turned into a value."""
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_cell(scalar) for scalar in column]
    return values


def _cell(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError) as error:
        return error


def _library(module: str, extra: str, file: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        missing = module.partition(".")[0]
        raise UserError(
            f"{file}: needs {missing}; install it with: pip install {missing}"
        ) from error


_READERS: dict[str, Callable[[Path, ColumnNames], Iterator[FileRow]]] = {
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".csv": _csv_rows,
    ".tsv": _tsv_rows,
    ".parquet": _parquet_rows,
}
