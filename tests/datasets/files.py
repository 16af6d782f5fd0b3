"""Files of questions and answers for the tests of datasets, and what was read from them."""

import json
from pathlib import Path

import pytest

from docendo.datasets.files import FileProblems

Pairs = list[tuple[str, str]]
CAPITALS = [
    ("Capital of France?", "Paris"),
    ("Capital of Peru?", "Lima"),
    ("Capital of Mali?", "Bamako"),
]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def json_lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def qa(question: object, answer: object, **others: object) -> dict[str, object]:
    return {"question": question, "answer": answer, **others}


def pairs(found: FileProblems) -> Pairs:
    return [(p.prompt, p.answer) for p in found.problems]


def reasons(found: FileProblems) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in found.quarantined]


def capitals(folder: Path, name: str) -> Path:
    """The three capitals in the format that the extension names."""
    delimiter = {".csv": ",", ".tsv": "\t"}.get(Path(name).suffix.lower())
    if delimiter:
        rows = [("question", "answer"), *CAPITALS]
        return written(folder, name, "".join(f"{q}{delimiter}{a}\n" for q, a in rows))
    if name.endswith(".parquet"):
        return parquet(
            folder, name, question=[q for q, _ in CAPITALS], answer=[a for _, a in CAPITALS]
        )
    return written(folder, name, json_lines(*(qa(q, a) for q, a in CAPITALS)))


def parquet(folder: Path, name: str, **columns: object) -> Path:
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    writer.write_table(arrow.table(columns), folder / name)
    return folder / name
