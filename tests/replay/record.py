"""What small runs of everything come to, as hashes: equal where not a bit of the behaviour differs.

python -m tests.replay.record [--write] [--out FILE]

Without an option it says what differs from expected.json. Nothing is hashed but values: names of settings, metrics,
tables and classes may change, and then names.py is to be changed with them.
"""

import argparse
import json
import math
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file

from tests.cli.toys import docendo
from tests.replay.machine import machine
from tests.replay.names import (
    COLUMNS,
    COMMANDS,
    DATABASE,
    HUB,
    MET,
    METRICS,
    PROBLEMS,
    SHORT,
    STATE,
    STATES,
    STOPPED_BY_AN_ALARM,
    UNTIMED,
    VARIANTS,
    WHOLE,
    adapters,
    attempt,
    checkpoints,
    lesson,
    move,
    optimizer,
    question,
    results,
)
from tests.replay.server import sage

__all__ = ["EXPECTED", "differences", "replay"]

HERE = Path(__file__).parent
EXPECTED = HERE / "expected.json"

Items = dict[str, Any]
"""By ``run/round/what``: a hash, or a sorted list of numbers to which others may be added."""


def replay(folder: Path) -> Items:
    """Everything, in a folder that is empty."""
    torch.set_num_threads(1)

    found: Items = {}
    with sage() as url:
        found |= _played(
            folder, "league", "league.toml", [HUB.format(url=url)], shown=COMMANDS
        )
    found |= _played(folder, "lessons", "lessons.toml", [], shown=COMMANDS)
    found |= _played(folder, "duels", "duels.toml", [], shown=("report", "league"))
    for name, settings in VARIANTS.items():
        found |= _played(folder, name, "small.toml", [SHORT, MET, *settings])

    found |= _played(folder, "whole", "small.toml", [WHOLE])
    found |= _played(folder, "stopped", "small.toml", [SHORT])
    found |= _resumed(folder)
    return found | _compared(folder)


def _played(
    folder: Path,
    name: str,
    file: str,
    settings: Sequence[str],
    *,
    shown: Iterable[str] = (),
) -> Items:
    """A run from its beginning, and what three commands tell of it."""
    run = folder / name
    code = _call("run", HERE / file, "--out", run, *_each("--set", settings))
    told = {command: _told(command, run) for command in shown}
    return _prefixed(name, {"exit code": [float(code)], **_read_run(run), **told})


def _resumed(folder: Path) -> Items:
    """The run that was stopped goes on, and ends as the one that was not."""
    run = folder / "stopped"
    _call("resume", run, "--set", WHOLE)
    whole, resumed = _read_run(folder / "whole"), _read_run(run)
    if different := [what for what in whole if whole[what] != resumed.get(what)]:
        raise AssertionError(
            f"a run that was stopped and resumed differs from a whole one: {', '.join(different)}"
        )
    return _prefixed("resumed", resumed)


def _compared(folder: Path) -> Items:
    study = folder / "study"
    _call("compare", HERE / "study.toml", "--out", study)
    contents = {
        path.relative_to(study).as_posix(): json.loads(path.read_text())
        for path in results(study)
    }
    found = {name: _hash(_leaves(content)) for name, content in contents.items()}
    return _prefixed("study", found | {"report": _told("report", study)})


def _call(*words: object) -> int:
    done = docendo(*words)
    if done.code not in {0, STOPPED_BY_AN_ALARM}:
        raise RuntimeError(
            f"docendo {' '.join(map(str, words))} ended with {done.code}: {done.err[-2000:]}"
        )
    return done.code


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _told(command: str, run: Path) -> list[float]:
    """The numbers that a command says of a run."""
    done = docendo(command, run, "--json", *COMMANDS[command])
    if done.code:
        raise RuntimeError(f"docendo {command} ended with {done.code}: {done.err[-2000:]}")
    return _numbers(_leaves(done.json))


def _read_run(run: Path) -> Items:
    found: Items = {}
    with closing(sqlite3.connect(run / DATABASE)) as database:
        problems = dict(database.execute(f"SELECT {PROBLEMS}"))
        for what, query in COLUMNS.items():
            read = _readers(problems).get(what, list)
            found |= {
                _place(i, what): _hash(map(read, rows))
                for i, rows in _by_round(database, query).items()
            }
        for index, rows in _by_round(database, METRICS).items():
            found[_place(index, "metrics")] = _numbers(value for (value,) in rows)
        for index, rows in _by_round(database, STATES).items():
            state = json.loads(rows[0][0])
            found |= {
                _place(index, f"state of {what}"): _hash(_leaves(state[key]))
                for what, key in STATE.items()
            }
    return found | _read_checkpoints(run)


def _read_checkpoints(run: Path) -> Items:
    found: Items = {}
    for number, folder in enumerate(checkpoints(run)):
        for file in adapters(folder):
            found[f"checkpoint {number}/weights of {file.parent.name}"] = _hash(
                _tensors(file)
            )
        found[f"checkpoint {number}/optimizer"] = _hash(sorted(_tensors(optimizer(folder))))
    return found


def _readers(problems: Mapping[str, str]) -> dict[str, Callable[[Sequence[Any]], Any]]:
    """How a row becomes what is hashed, where it is not hashed as it is."""
    return {
        "tests": lambda row: question(row[0]),
        "lessons": lambda row: lesson(json.loads(row[0]), problems),
        "controls": lambda row: [attempt(one) for one in json.loads(row[0])],
        "attempts": lambda row: [attempt(one) for one in json.loads(row[0])],
        "moves": lambda row: [move(one) for one in json.loads(row[0])],
        "admitted": lambda row: question(row[0]),
        "examined": lambda row: question(row[0]),
    }


def _by_round(database: sqlite3.Connection, query: str) -> dict[int, list[Sequence[Any]]]:
    found: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for index, *cells in database.execute(f"SELECT {query}"):
        found[index].append([_text(cell) for cell in cells])
    return found


def _text(cell: Any) -> Any:
    """Bytes are texts that UTF-8 cannot write."""
    return cell.decode("utf-8", "surrogatepass") if isinstance(cell, bytes) else cell


def _place(index: int, what: str) -> str:
    return f"round {index}/{what}"


def _tensors(file: Path) -> list[str]:
    """A hash of each tensor's values, in the order of their names."""
    return [
        sha256(tensor.numpy().tobytes()).hexdigest()
        for _, tensor in sorted(load_file(file).items())
    ]


def _leaves(value: Any) -> list[Any]:
    """Numbers and texts of more than one word, or of digits alone, in a nested value, sorted; no names."""
    numbers = [float(leaf) for leaf in _walk(value) if isinstance(leaf, int | float)]
    texts = [
        leaf
        for leaf in _walk(value)
        if isinstance(leaf, str) and (leaf.isdigit() or len(leaf.split()) > 1)
    ]
    return [*sorted(numbers), *sorted(texts)]


def _walk(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNTIMED:
                yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
    else:
        yield value


def _numbers(values: Iterable[Any]) -> list[float]:
    """Sorted; those that are none are left out."""
    return sorted(
        float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)
    )


def _hash(rows: Iterable[Any]) -> str:
    found = sha256()
    for row in rows:
        found.update(json.dumps(row).encode() + b"\n")
    return found.hexdigest()


def _prefixed(name: str, items: Items) -> Items:
    return {f"{name}/{what}": value for what, value in items.items()}


def differences(expected: Items, found: Items) -> list[str]:
    """Sentences, the first thing that differs first; what is new is no difference."""
    return [
        f"{name} differs{_lost(expected[name], found[name])}"
        if name in found
        else f"{name} is missing"
        for name in _unlike(expected, found)
    ]


def _unlike(expected: Items, found: Items) -> list[str]:
    """Names of the items that are not the same."""
    return [
        name
        for name, value in expected.items()
        if name not in found or not _same(value, found[name])
    ]


def _same(expected: Any, found: Any) -> bool:
    """Hashes are equal; of numbers none is lost."""
    if isinstance(expected, list):
        return not Counter(expected) - Counter(found)
    return bool(expected == found)


def _lost(expected: Any, found: Any) -> str:
    """Which numbers are not there any more, where it is about numbers."""
    if not isinstance(expected, list):
        return ""
    lost = sorted((Counter(expected) - Counter(found)).elements())
    return f": {len(lost)} of {len(expected)} numbers are gone, {lost[0]!r} for one"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="make it what is expected")
    parser.add_argument(
        "--out", type=Path, help="write what was found there, and compare nothing"
    )
    given = parser.parse_args()

    with TemporaryDirectory(prefix="docendo-replay-") as folder:
        found = {"machine": machine(), "items": replay(Path(folder))}

    if out := EXPECTED if given.write else given.out:
        out.write_text(_written(found))
        return
    expected = json.loads(EXPECTED.read_text())
    told = (
        [f"another machine: {found['machine']}"]
        if found["machine"] != expected["machine"]
        else []
    )
    different = differences(expected["items"], found["items"])
    sys.stdout.write(
        "\n".join(
            [*told, *different] or [f"all {len(expected['items'])} items are the same"]
        )
        + "\n"
    )
    sys.exit(bool(different))


def _written(found: Mapping[str, Any]) -> str:
    """One item a line, so that a diff shows which differ."""
    items = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(value)}"
        for name, value in found["items"].items()
    )
    return (
        f'{{\n "machine": {json.dumps(found["machine"])},\n "items": {{\n{items}\n }}\n}}\n'
    )


if __name__ == "__main__":
    main()
