"""A mutated file of each sort that people hand in, and what must become of it: a function per sort, a seed per trial.

Each returns ``refused`` or ``taken``, and raises AssertionError, or whatever the code raised, where it is neither a
clear refusal nor what an independent reading of the same file gives.
"""

import csv
import io
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
from docendo.errors import UserError
from docendo.graders.spelling import SpellingGrader
from docendo.tools.dictionary import read_words
from tests.cli.toys import TINY, Done, docendo
from tests.hostile.mutate import TEXTS, VALUES, mutated_bytes, mutated_text, mutated_value
from tests.toys import RecordingBackend

__all__ = [
    "ROOT",
    "config",
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
        SpellingGrader("en", extra_words=path)
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
