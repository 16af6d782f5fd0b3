"""A mutated file of problems: what is read of it is what an independent reader finds."""

import csv
import io
import json
import math
import re
import unicodedata
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from docendo.datasets.files import read_problems
from docendo.errors import UserError
from tests.cli.toys import TINY, docendo
from tests.hostile.files import plain, refused
from tests.hostile.mutate import TEXTS, VALUES, mutated_bytes

__all__ = ["dataset"]

_ROWS = [
    {
        "question": f"What is {i} plus {i}?",
        "answer": i + i if i % 3 else str(i + i),
        "solution": f"Twice {i}.",
    }
    for i in range(8)
]


def dataset(seed: int, folder: Path) -> str:
    """Rows that are taken are those of an independent reading, and all others are set aside with a reason."""
    rng = Random(seed)
    form = rng.choice((".jsonl", ".csv", ".tsv", ".parquet"))
    path = folder / f"rows{form}"
    rows = [dict(r) for r in _ROWS]
    for _ in range(rng.randrange(4)):
        row = rng.choice(rows)
        row[rng.choice(list(row))] = rng.choice((*TEXTS, *VALUES))
    writing = {
        ".jsonl": _as_jsonl,
        ".csv": _as_csv,
        ".tsv": _as_csv,
        ".parquet": _as_parquet,
    }[form]
    data = writing(rows, rng, "\t" if form == ".tsv" else ",")
    path.write_bytes(mutated_bytes(data, rng) if rng.random() < 0.7 else data)
    try:
        found = read_problems(path, "d")
    except UserError as error:
        refused(error, path)
        config = folder / "league.toml"
        config.write_text(
            f'{TINY}\n[domains.d]\nfile = "{path.name}"\n[agents.ann]\ndomain = "d"\n[agents.bob]\n'
        )
        assert path.name in plain(docendo("run", config, "--out", folder / "run"))
        return "refused"
    expected = {
        ".jsonl": _read_jsonl,
        ".csv": _read_csv,
        ".tsv": _read_tsv,
        ".parquet": _read_parquet,
    }[form](path)
    wanted, seen = dict[int, tuple[str, str, str]](), set[str]()
    for line, row in expected.items():
        made = _row(row)
        if made and _spelling(made[0]) not in seen:
            wanted[line] = made
            seen.add(_spelling(made[0]))
    got = {
        int(p.source.rpartition(":")[2]): (p.prompt, p.answer, p.solution)
        for p in found.problems
    }
    assert got == wanted
    assert {b.line for b in found.quarantined} == set(expected) - set(got)
    assert all(b.reason and b.file == str(path) for b in found.quarantined)
    assert not found.quarantined or len(
        {(b.line, b.reason) for b in found.quarantined}
    ) == len(found.quarantined)
    return "taken"


def _as_jsonl(rows: list[dict[str, Any]], rng: Random, _: str) -> bytes:
    end = rng.choice(("\n", "\r\n", "\r"))
    lines = [json.dumps(r, ensure_ascii=rng.random() < 0.5) for r in rows]
    if rng.random() < 0.2:
        lines.insert(
            rng.randrange(len(lines)),
            rng.choice(("[" * 20_000, "{}", "[1]", "null", "", '{"question":' * 99)),
        )
    mixed = "".join(line + rng.choice((end, end, "\n")) for line in lines)
    return (rng.choice(("", "", "\ufeff")) + mixed).encode("utf-8", "surrogatepass")


def _as_csv(rows: list[dict[str, Any]], rng: Random, delimiter: str) -> bytes:
    out = io.StringIO(newline="")
    quoting = rng.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=quoting,
        lineterminator=rng.choice(("\n", "\r\n", "\r")),
    )
    writer.writerow(_ROWS[0])
    writer.writerows(r.values() for r in rows)
    return (rng.choice(("", "", "\ufeff")) + out.getvalue()).encode(
        rng.choice(("utf-8",) * 6 + ("utf-16", "latin-1")), "replace"
    )


def _as_parquet(rows: list[dict[str, Any]], rng: Random, _: str) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    texts = [
        {
            k: v if isinstance(v, str) else None if v is None else str(v)
            for k, v in r.items()
        }
        for r in rows
    ]
    out = pa.BufferOutputStream()
    parquet.write_table(
        pa.Table.from_pylist(texts), out, compression=rng.choice(("none", "snappy", "zstd"))
    )
    return bytes(out.getvalue())


def _read_jsonl(path: Path) -> dict[int, Any]:
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    found = dict[int, Any]()
    for number, line in enumerate(
        data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1
    ):
        if not line.decode("utf-8", "surrogateescape").strip():
            continue
        try:
            value = json.loads(line.decode(), parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError):
            value = None
        found[number] = value if isinstance(value, dict) else None
    return found


def _read_csv(path: Path, delimiter: str = ",") -> dict[int, Any]:
    """Where records end the csv module says; whether one is well-formed, the grammar of RFC 4180 in one expression."""
    before = csv.field_size_limit(10**9)
    try:
        return _records(path, delimiter)
    finally:
        csv.field_size_limit(before)


def _records(path: Path, delimiter: str) -> dict[int, Any]:
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    reader, start, found, names = (
        csv.reader(lines, delimiter=delimiter),
        0,
        dict[int, Any](),
        list[str](),
    )
    cell = f'(?:"(?:[^"]|"")*"|(?!")[^{delimiter}\r\n]*)'
    sound = re.compile(f"{cell}(?:{delimiter}{cell})*(?:\r\n|\r|\n)?")
    for cells in reader:
        begin, start = start, reader.line_num
        raw = "".join(lines[begin:start])
        if not raw.strip():
            continue
        good = sound.fullmatch(raw) and _encodes(raw)
        if not names:
            names = [c.strip() for c in cells]
        else:
            found[begin + 1] = (
                dict(zip(names, cells, strict=False))
                if good and len(cells) == len(names)
                else None
            )
    return found


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_tsv(path: Path) -> dict[int, Any]:
    return _read_csv(path, "\t")


def _read_parquet(path: Path) -> dict[int, Any]:
    from pyarrow import parquet

    return dict(enumerate(parquet.read_table(path).to_pylist(), 1))


def _spelling(question: str) -> str:
    plain = unicodedata.normalize("NFKC", question).casefold()
    return re.sub(r"\s+", " ", plain).strip().rstrip(" .?:;\u3002")


def _digits(value: Decimal) -> str:
    if len(str(abs(value))) > 999 or (not 1e-21 <= abs(value) < 1e21 and value):
        return str(value).replace("E+", "e").replace("E", "e")
    text = f"{value:f}"
    return text.split(".")[0] if not text.partition(".")[2].strip("0") else text


def _row(row: Any) -> tuple[str, str, str] | None:
    """(question, answer, solution) by the rules of docs/own-domain.md, in other words than the product's."""
    if row is None:
        return None
    texts = []
    for name in ("question", "answer", "solution"):
        value = row.get(name)
        if (
            name == "answer"
            and type(value) in (int, float, Decimal)
            and math.isfinite(value)
        ):
            value = _digits(Decimal(str(value)))
        if name == "solution" and value is None:
            value = ""
        if (
            not isinstance(value, str)
            or len(value) > 100_000
            or "\0" in value
            or not _encodes(value)
        ):
            return None
        texts.append("\n".join(value.replace("\r\n", "\n").split("\r")).strip())
    question, answer, solution = texts
    if not question or not answer:
        return None
    *before, last = solution.split("\n")
    if last.strip().startswith("####") and (before or solution):
        solution = "\n".join(before).rstrip()
    if solution and f"\n{solution}".endswith(f"\nAnswer: {answer}"):
        return question, answer, solution
    return question, answer, f"{solution}\nAnswer: {answer}" if solution else ""
