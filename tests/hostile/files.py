"""A mutated file of each sort that people hand in, and what must become of it: a function per sort, a seed per trial.

Each returns ``refused`` or ``taken``, and raises AssertionError, or whatever the code raised, where it is neither a
clear refusal nor what an independent reading of the same file gives.
"""

import csv
import io
import json
import math
import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import tomli_w

from docendo.analysis.tournament import read_tournament
from docendo.asking.personas import Persona, read_personas
from docendo.build.school import build_school
from docendo.cli.runs import load_catalog
from docendo.config.load import load_config, to_toml
from docendo.datasets.files import read_problems
from docendo.errors import UserError
from docendo.graders.spelling import SpellingGrader
from docendo.tools.dictionary import read_words
from tests.cli.toys import TINY, Done, docendo
from tests.hostile.mutate import TEXTS, VALUES, mutated_bytes, mutated_text, mutated_value
from tests.toys import RecordingBackend

__all__ = [
    "ROOT",
    "config",
    "dataset",
    "personas",
    "plain",
    "refused",
    "tournament",
    "words",
]

ROOT = Path(__file__).parents[2]
_RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
_CONTROL = {chr(i) for i in range(32)} - {"\n", "\t"} | {chr(i) for i in range(127, 160)}


def plain(done: Done) -> str:
    """Standard error of a refusal: one line without a control character, and code 2, or 1 for damage to a run."""
    assert done.code in {1, 2}, done
    assert "Traceback" not in done.err
    assert done.err.startswith("docendo: "), done.err
    assert done.err.count("\n") == 1, done.err
    assert not _CONTROL & set(done.err), done.err
    return done.err


def refused(error: UserError, path: Path) -> str:
    """Of a refusal that names the file and is not as long as it."""
    assert str(path) in str(error)
    assert len(str(error)) < 2000
    return "refused"


def config(seed: int, folder: Path) -> str:
    """A config is refused in one line, or comes back equal after it was written out, and builds or is refused."""
    rng = Random(seed)
    text = rng.choice([TINY, *(p.read_text() for p in _RECIPES)])
    path = folder / "league.toml"
    for name in ("capitals.csv", "safety.jsonl", "tariff.py", "tastes.py"):
        (folder / name).write_bytes((ROOT / "recipes" / name).read_bytes())
    if rng.random() < 0.7:
        path.write_bytes(_toml(mutated_value(tomllib.loads(text), rng)))
    else:
        path.write_bytes(mutated_bytes(text.encode(), rng))
    try:
        read = load_config(path)
        again = folder / "again.toml"
        again.write_bytes(to_toml(read).encode())
        assert load_config(again) == read
        found = load_catalog(read.model_copy(update={"model": "tiny"}))
        build_school(read, found, RecordingBackend())
    except UserError:
        assert plain(
            docendo("run", path, "--set", "model=/none/", "--out", folder / "run")
        ).startswith("docendo: ")
        assert not (folder / "run").exists()
        return "refused"
    return "taken"


def _toml(value: Any) -> bytes:
    """The mutant as TOML, without what TOML cannot say."""
    if isinstance(value, dict):
        value = {k: v for k, v in value.items() if k and v is not None}
    try:
        return tomli_w.dumps(value).encode("utf-8", "surrogatepass")
    except (TypeError, AttributeError, RecursionError):
        return b"model = [" * 2000


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
    wanted, seen = dict[int, tuple[str, str, str]](), set[tuple[str, str]]()
    for line, row in expected.items():
        made = _row(row)
        if made and made[:2] not in seen:
            wanted[line] = made
            seen.add(made[:2])
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
            value = json.loads(line.decode())
        except (ValueError, RecursionError):
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


def _row(row: Any) -> tuple[str, str, str] | None:
    """(question, answer, solution) by the rules of docs/own-domain.md, in other words than the product's."""
    if row is None:
        return None
    texts = []
    for name in ("question", "answer", "solution"):
        value = row.get(name)
        if name == "answer" and type(value) in (int, float) and math.isfinite(value):
            value = (
                str(int(value))
                if type(value) is int or (value == int(value) and abs(value) < 1e15)
                else repr(value)
            )
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


def tournament(seed: int, folder: Path) -> str:
    """A payoff matrix is refused in one line, or has the numbers of an independent reading."""
    rng = Random(seed)
    path, size = folder / "payoff.csv", rng.randint(2, 5)
    names = [f"p{i}" if rng.random() < 0.9 else rng.choice(TEXTS) for i in range(size)]
    table = [["", *names]] + [[n, *("0" for _ in names)] for n in names]
    for i in range(size):
        for j in range(i):
            x = rng.choice((0.5, -1, 2, 1e-3, 1e5))
            table[i + 1][j + 1], table[j + 1][i + 1] = str(x), str(-x)
    if rng.random() < 0.5:
        table[rng.randrange(size + 1)][rng.randrange(size + 1)] = rng.choice(
            (*TEXTS, *map(str, VALUES))
        )
    out = io.StringIO(newline="")
    delimiter = rng.choice(",;\t")
    csv.writer(
        out, delimiter=delimiter, lineterminator=rng.choice(("\n", "\r\n"))
    ).writerows(table)
    data = out.getvalue().encode("utf-8", "surrogatepass")
    path.write_bytes(mutated_bytes(data, rng) if rng.random() < 0.6 else data)
    done = docendo("analyse", path, "--html", folder / "page.html")
    if done.code:
        assert str(path) in plain(done)
        return "refused"
    read = read_tournament(path)
    assert not _CONTROL & set(done.out + done.err)
    text = path.read_bytes().decode("utf-8-sig")
    first = next(filter(str.strip, text.splitlines()))
    by = next((d for d in ",;\t" if d in first), ",")
    rows = [
        [c.strip() for c in r]
        for r in csv.reader(io.StringIO(text, newline=""), delimiter=by)
    ]
    header, *body = [r for r in rows if any(r)]
    cells = {(r[0], c): v for r in body for c, v in zip(header[1:], r[1:], strict=False)}
    for i, a in enumerate(read.names):
        for j, b in enumerate(read.names):
            assert abs(read.payoff[i, j] - float(cells.get((a, b)) or 0)) <= 1e-6 * max(
                1, abs(read.payoff).max()
            )
    return "taken"


def words(seed: int, folder: Path) -> str:
    """A dictionary or a list of known words is refused by name, or read as its lines say."""
    rng = Random(seed)
    path = folder / "words.tsv"
    lines = [f"word{i}\tmeaning {i}" for i in range(5)]
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(lines))
        lines[at] = mutated_text(lines[at], rng)
    path.write_bytes(
        mutated_bytes("\n".join(lines).encode("utf-8", "surrogatepass"), rng, 2)
    )
    spelled = _spelled(path) if seed % 10 == 0 else "taken"  # it reads a dictionary first
    try:
        found = read_words(path)
    except UserError as error:
        return refused(error, path)
    text = path.read_bytes().decode()
    pairs = [
        line.split("\t", 1)
        for line in text.splitlines()
        if line.strip() and not line.startswith("#")
    ]
    assert found == {
        " ".join(w.casefold().split()): " ".join(m.split())[:300] for w, m in pairs
    }
    return spelled


def _spelled(path: Path) -> str:
    try:
        SpellingGrader(extra_words=path)
    except UserError as error:
        return refused(error, path)
    return "taken"


def personas(seed: int, folder: Path) -> str:
    """A file of personas is refused by name, or gives what TOML says."""
    rng = Random(seed)
    path = folder / "people.toml"
    table = {
        f"p{i}": {
            "who": f"Ann {i}",
            "expertise": "sums",
            "interest": "change",
            "manner": "quick",
        }
        for i in range(3)
    }
    data = (
        _toml(mutated_value(table, rng))
        if rng.random() < 0.6
        else mutated_bytes(tomli_w.dumps(table).encode(), rng)
    )
    path.write_bytes(data)
    try:
        found = read_personas((), path)
    except UserError as error:
        return refused(error, path)
    read = tomllib.loads(path.read_bytes().decode())
    assert found == [Persona(name, **fields) for name, fields in read.items()]
    return "taken"
