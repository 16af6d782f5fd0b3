"""Rows of Parquet files and of Hugging Face datasets, on disk or on the hub."""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from docendo.datasets.rows import ColumnNames, FileRow
from docendo.errors import UserError

__all__ = ["HUB", "read_dataset_folder", "read_hub_dataset", "read_parquet"]

HUB = "hub:"
"""The prefix of a file name that is a dataset of the Hugging Face hub."""

_ROWS_PER_BATCH = 1000
_MIN_DATASETS_VERSION = 4
"""The first version of datasets that runs no Python that comes with data."""


def read_parquet(path: Path, columns: ColumnNames) -> Iterator[FileRow]:
    """The rows of a Parquet file. Raises UserError where it cannot be read."""
    file = str(path)
    parquet = _import_library("pyarrow.parquet", file)

    def batches() -> Iterator[Any]:
        with parquet.ParquetFile(path) as source:
            names = columns.select(source.schema_arrow.names, file)
            yield from source.iter_batches(_ROWS_PER_BATCH, columns=names)

    return _read_tables(_guard(batches, file), columns, file)


def read_dataset_folder(path: Path, columns: ColumnNames) -> Iterator[FileRow]:
    """The rows of what ``save_to_disk`` of datasets wrote."""
    file = str(path)
    if not any((path / f"dataset_{kind}.json").is_file() for kind in ("dict", "info")):
        raise UserError(
            f"{file}: a directory, but no dataset in it; "
            "expected what save_to_disk of datasets writes"
        )
    return _read_dataset(lambda datasets: datasets.load_from_disk(file), columns, file)


def read_hub_dataset(file: str, columns: ColumnNames) -> Iterator[FileRow]:
    """The rows of ``hub:owner/name`` or ``hub:owner/name/subset``, streamed."""

    def load(datasets: Any) -> Any:
        parts = file.removeprefix(HUB).split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise UserError(f"{file}: expected {HUB}owner/name or {HUB}owner/name/subset")
        version = datasets.__version__
        if int(version.partition(".")[0]) < _MIN_DATASETS_VERSION:
            raise UserError(
                f"{file}: datasets {version} runs scripts that come with data; "
                f"expected {_MIN_DATASETS_VERSION} or newer"
            )
        return datasets.load_dataset("/".join(parts[:2]), *parts[2:], streaming=True)

    return _read_dataset(load, columns, file)


def _read_dataset(
    load: Callable[[Any], Any], columns: ColumnNames, file: str
) -> Iterator[FileRow]:
    datasets = _import_library("datasets", file)

    def batches() -> Iterator[Any]:
        loaded = load(datasets)
        # Several splits: training problems are drawn from one, and docendo holds out its own.
        if isinstance(loaded, dict):
            loaded = _train_split(loaded, file)
        yield from loaded.with_format("arrow").iter(_ROWS_PER_BATCH)

    return _read_tables(_guard(batches, file), columns, file)


def _train_split(splits: dict[str, Any], file: str) -> Any:
    if "train" in splits:
        return splits["train"]
    if len(splits) != 1:
        names = ", ".join(splits)
        raise UserError(f"{file}: splits {names}; expected only one, or one called 'train'")
    return next(iter(splits.values()))


def _guard(batches: Callable[[], Iterator[Any]], file: str) -> Iterator[Any]:
    """The batches; whatever a library cannot read is a UserError."""
    arrow = _import_library("pyarrow", file)
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
    return values


def _read_cell(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError) as error:
        return error


def _import_library(module: str, file: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise UserError(
            f"{file}: needs {library}; install it with: pip install {library}"
        ) from error
