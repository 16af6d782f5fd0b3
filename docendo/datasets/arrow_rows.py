"""Rows of Parquet files and of Hugging Face datasets, on disk or on the hub."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from docendo.datasets.rows import ColumnNames, FileRow
from docendo.errors import UserError, require_package, suggestion

__all__ = ["HUB", "read_dataset_folder", "read_hub_dataset", "read_parquet"]

HUB = "hub:"
"""The prefix of a file name that is a dataset of the Hugging Face hub."""

_ROWS_PER_BATCH = 1000
_MIN_DATASETS_VERSION = 4
"""The first version of datasets that runs no Python that comes with data."""


def read_parquet(path: Path, columns: ColumnNames) -> Iterator[FileRow]:
    """The rows of a Parquet file. Raises UserError where it cannot be read."""
    file = str(path)
    require_package("pyarrow", file, "data")
    from pyarrow import parquet

    def batches() -> Iterator[Any]:
        with parquet.ParquetFile(path) as source:
            names = columns.select(source.schema_arrow.names, file)
            yield from source.iter_batches(_ROWS_PER_BATCH, columns=names)

    return _read_tables(_guard(batches, file), columns, file)


def read_dataset_folder(
    path: Path, columns: ColumnNames, split: str, is_named: bool
) -> Iterator[FileRow]:
    """The rows of what ``save_to_disk`` of datasets wrote; `split` as in `read_hub_dataset`."""
    file = str(path)
    if not any((path / f"dataset_{kind}.json").is_file() for kind in ("dict", "info")):
        raise UserError(
            f"{file}: a directory, but no dataset in it; "
            "expected what save_to_disk of datasets writes"
        )

    def load(datasets: Any) -> Any:
        return _choose_split(datasets.load_from_disk(file), split, is_named, file)

    return _read_dataset(load, columns, file)


def read_hub_dataset(
    file: str, columns: ColumnNames, split: str, is_named: bool
) -> Iterator[FileRow]:
    """The rows of ``hub:owner/name[/subset][@revision]``, streamed.

    They are those of `split`, or of the only one unless the split is named.
    """

    def load(datasets: Any) -> Any:
        name, at, revision = file.removeprefix(HUB).partition("@")
        parts = name.split("/")
        if len(parts) not in (2, 3) or not all((*parts, revision or not at)):
            raise UserError(f"{file}: expected {HUB}owner/name[/subset][@revision]")
        version = datasets.__version__
        if int(version.partition(".")[0]) < _MIN_DATASETS_VERSION:
            raise UserError(
                f"{file}: datasets {version} runs scripts that come with data; "
                f"expected {_MIN_DATASETS_VERSION} or newer"
            )
        loaded = datasets.load_dataset(
            "/".join(parts[:2]), *parts[2:], revision=revision or None, streaming=True
        )
        return _choose_split(loaded, split, is_named, file)

    return _read_dataset(load, columns, file)


def _read_dataset(
    load: Callable[[Any], Any], columns: ColumnNames, file: str
) -> Iterator[FileRow]:
    require_package("datasets", file, "hub")
    import datasets

    def batches() -> Iterator[Any]:
        yield from load(datasets).with_format("arrow").iter(_ROWS_PER_BATCH)

    return _read_tables(_guard(batches, file), columns, file)


def _choose_split(loaded: Any, split: str, is_named: bool, file: str) -> Any:
    """The rows of a split, or of the only one. Raises UserError where there is no such one."""
    if not isinstance(loaded, dict):
        if is_named:
            raise UserError(f"{file}: has no splits; expected one called {split!r}")
        return loaded
    if split in loaded:
        return loaded[split]
    names = ", ".join(loaded)
    if is_named:
        raise UserError(f"{file}: no split {split!r}{suggestion(split, loaded)}")
    if len(loaded) != 1:
        raise UserError(
            f"{file}: splits {names}; expected only one, or one called {split!r}"
        )
    return next(iter(loaded.values()))


def _guard(batches: Callable[[], Iterator[Any]], file: str) -> Iterator[Any]:
    """The batches; whatever a library cannot read is a UserError."""
    import pyarrow as arrow

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


def _read_tables(
    tables: Iterator[Any], columns: ColumnNames, file: str
) -> Iterator[FileRow]:
    number = 0
    for table in tables:
        # Streamed tables have all columns; those of Parquet only the selected ones.
        names = columns.select(table.schema.names, file)
        cells_by_column = [_read_column(table.column(name)) for name in names]
        for cells in zip(*cells_by_column, strict=True):
            number += 1
            values = dict(zip(names, cells, strict=True))
            yield _row(number, values)


def _row(number: int, values: dict[str, object]) -> FileRow:
    for name, cell in values.items():
        if isinstance(cell, Exception):
            return FileRow(number, {}, f"{name!r} cannot be decoded")
    return FileRow(number, values)


def _read_column(column: Any) -> Sequence[object]:
    """One value per row; the exception itself where a cell cannot be turned into a value."""
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_read_cell(scalar) for scalar in column]
    if str(column.type) not in ("float", "halffloat"):
        return values
    # A narrow float prints other digits once it is a wide one: 0.1 as 0.10000000149.
    narrow = np.dtype(column.type.to_pandas_dtype()).type
    return [None if value is None else Decimal(str(narrow(value))) for value in values]


def _read_cell(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError) as error:
        return error
