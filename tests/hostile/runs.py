"""A run directory that was tampered with, and every command that reads one.

A tampered checkpoint or state is refused, passed over with a warning, or makes no difference: a run that goes on to its
end ends byte for byte where the untampered one ends. Rows of the database that nobody can check are shown as text or
refused; in no case is there a traceback.
"""

import atexit
import json
import re
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from docendo.build.backend import resolve_config
from docendo.config.load import load_config, to_toml
from docendo.humans.votes import VoteStore
from docendo.records import AgentId, Opinion
from docendo.run.opening import begin, open_session
from docendo.store import RunDirectory
from tests.cli.toys import TINY, Done, docendo, hashes
from tests.hostile.files import plain
from tests.hostile.mutate import TEXTS, VALUES, mutated_bytes, mutated_value

__all__ = [
    "Silent",
    "checkpoint",
    "copied",
    "database",
    "interrupted",
    "last",
    "opinions",
    "values",
]

_LEARNING = """[learning]
practice_curriculum = "learnability"
imitation_sampling = "error_rate"
"""
_CONFIG = f"""{TINY.replace("rounds = 2", "rounds = 3").replace("[learning]", _LEARNING)}
[domains.mathematics]
families = {{ sums = [1] }}

[agents.ann]
domain = "mathematics"
[agents.bob]

[duels]
pairings = 1
deals = 1
repeats = 2
style_samples = 1
max_tokens = 4

[league]
snapshot_every = 1
curriculum = "learnability"
replay_fraction = 0.5
"""
_CONTROL = {chr(i) for i in range(32)} - {"\n", "\t"} | {chr(i) for i in range(127, 160)}


class Silent:
    """A watcher that shows nothing."""

    def work(self, purpose: str, tokens: int) -> None: ...

    def stage(self, name: str, index: int, of: int) -> None: ...


def _kept(name: str) -> Path:
    """A folder that lives as long as this process."""
    folder = Path(mkdtemp(prefix=name))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def interrupted() -> Path:
    """A run that lacks its last round, with two checkpoints and what people said; nobody may change it."""
    folder = _kept("hostile-run-")
    (folder / "tiny.toml").write_text(_CONFIG)
    config = resolve_config(load_config(folder / "tiny.toml"))
    session = open_session(config, Silent())
    with RunDirectory.create(folder / "run", to_toml(config)) as made:
        begin(session, made)
        for record in session.rounds():
            if record.index == session.expert_rounds + 1:
                break
    with VoteStore(folder / "run") as told:
        for choice in ("first", "second", "tie", "first"):
            told.record(
                Opinion(
                    "eve", "1 + 1?", AgentId("ann"), AgentId("bob"), ("2", "3"), choice, "2"
                ),
                0,
            )
    return folder / "run"


@cache
def _end() -> dict[str, str]:
    """The hashes of the last checkpoint of the untampered run, and what its last round recorded."""
    whole = copied(interrupted(), _kept("hostile-end-"))
    done = docendo("resume", whole)
    assert done.code == 0, done.err
    return last(whole)


def last(run: Path) -> dict[str, str]:
    """The hashes of the newest checkpoint's files, and what the last round recorded."""
    newest = max((run / "checkpoints").iterdir())
    found = hashes(newest) | {"name": newest.name}
    with RunDirectory.open(run) as read:
        last = read.rounds()[-1].round
        rows = [*read.episodes(round=last), *read.duels(round=last)]
        seen = [
            (e.agent, e.problem.key, e.text, e.verdict)
            for e in read.evaluations(round=last)
        ]
        return found | {"rows": repr(rows), "evaluations": repr(seen)}


def copied(run: Path, folder: Path) -> Path:
    """The run once more, to be spoilt."""
    return Path(shutil.copytree(run, folder / "run"))


def checkpoint(seed: int, folder: Path) -> str:
    """A mutated checkpoint is refused, or passed over with a warning, or it makes no difference."""
    rng, run = Random(seed), copied(interrupted(), folder)
    folders = sorted((run / "checkpoints").iterdir())
    both = rng.random() < 0.2
    for place in folders if both else [folders[-1]]:
        _spoil(place, rng)
    return _commanded(run, rng, ("resume", "resume", "export", "eval", "report", "league"))


def _spoil(place: Path, rng: Random) -> None:
    """Changes one file of a checkpoint, or the folder itself."""
    files = sorted(p for p in place.rglob("*") if p.is_file())
    path = rng.choice([*files, place / "manifest.json", place / "engine.json"])
    match rng.randrange(8):
        case 0:
            path.unlink()
        case 1 if path.suffix == ".json":
            path.write_text(json.dumps(mutated_value(json.loads(path.read_text()), rng)))
        case 2:
            path.unlink()
            path.mkdir()
        case 3:
            shutil.rmtree(place)
        case 4:
            shutil.copyfile(rng.choice(files), place / "more.safetensors")
        case 5:
            path.unlink()
            path.symlink_to(rng.choice((Path("/dev/null"), Path("/nowhere"), path)))
        case _:
            path.write_bytes(mutated_bytes(path.read_bytes(), rng))


def database(seed: int, folder: Path) -> str:
    """Mutated bytes of the database, its write-ahead log or the written config."""
    rng, run = Random(seed), copied(interrupted(), folder)
    path = rng.choice(
        [run / "run.db"] * 8 + [run / "run.db-wal", run / "config.toml", run / "run.lock"]
    )
    data = path.read_bytes() if path.exists() else b"7\x7f\x06\x82\0\x2d\xe2\x18" * 9
    if rng.random() < 0.5:
        path.write_bytes(mutated_bytes(data, rng))
    else:  # a page far from the start, where rows are
        at = rng.randrange(len(data)) if data else 0
        path.write_bytes(
            data[:at] + mutated_bytes(data[at : at + 4096], rng) + data[at + 4096 :]
        )
    return _commanded(
        run,
        rng,
        ("resume", "report", "report --json", "league", "eval", "export"),
        path.name,
    )


def values(seed: int, folder: Path) -> str:
    """A well-formed database whose cells hold other types, hostile text, or JSON of another shape."""
    rng, run = Random(seed), copied(interrupted(), folder)
    with closing(sqlite3.connect(run / "run.db", isolation_level=None)) as connection:
        tables = [
            t
            for (t,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]
        for _ in range(rng.randint(1, 3)):
            _put(connection, rng.choice(tables), rng)
    words = (
        "resume",
        "report",
        "report --json",
        "league",
        "league --json",
        "eval",
        "export",
    )
    return _commanded(run, rng, words)


def _put(connection: sqlite3.Connection, table: str, rng: Random) -> None:
    """Another value into a cell of the table, or of all its rows."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    column = rng.choice(columns)
    rows = connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall()  # noqa: S608
    if not rows:
        return
    row, old = rng.choice(rows)
    where = "1" if rng.random() < 0.2 else f"rowid = {row}"
    try:
        update = f"UPDATE {table} SET {column} = ? WHERE {where}"  # noqa: S608
        connection.execute(update, (_cell(old, rng),))
    except sqlite3.IntegrityError:
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))  # noqa: S608


def _cell(old: Any, rng: Random) -> Any:
    if isinstance(old, str) and old[:1] in {"[", "{"} and rng.random() < 0.7:
        return json.dumps(mutated_value(json.loads(old), rng))
    found = rng.choice((*TEXTS, *VALUES, b"\xff\xfe", b"\xed\xa0\x80", b"", b"{}"))
    if isinstance(found, list | dict):
        return json.dumps(found)
    return found if not isinstance(found, int) or abs(found) < 2**63 else str(found)


def opinions(seed: int, folder: Path) -> str:
    """A mutated database of what people said: exported as it is, or refused."""
    rng, run = Random(seed), copied(interrupted(), folder)
    if rng.random() < 0.5:
        (run / "people.db").write_bytes(
            mutated_bytes((run / "people.db").read_bytes(), rng)
        )
    else:
        with closing(
            sqlite3.connect(run / "people.db", isolation_level=None)
        ) as connection:
            _put(connection, "opinions", rng)
    done = docendo(
        "preferences",
        run,
        "--out",
        folder / "said.jsonl",
        *rng.choice(((), ("--unpaired",), ("--payoffs",), ("--league",))),
    )
    return _judged(done)


def _commanded(run: Path, rng: Random, commands: tuple[str, ...], spoilt: str = "") -> str:
    """What one of the commands said of the run."""
    command, *more = rng.choice(commands).split()
    if command == "export":
        more = ["ann", str(run.parent / "adapter")]
    elif command == "eval":
        more = ["--n", "1", "--agent", "ann"]
    elif command == "report" and not more:
        more = ["--html", str(run.parent / "page.html")]
    done = docendo(command, run, *more)
    told = _judged(done)
    if (
        command == "resume"
        and done.code == 0
        and "is finished" not in done.out
        and spoilt != "config.toml"
    ):
        assert last(run) == _end(), "the run ended elsewhere than the untampered one"
        return "same end"
    if command == "export" and done.code == 0:
        adapter = hashes(run.parent / "adapter")["adapter_model.safetensors"]
        told_round = re.search(r"after round (-?\d+)", done.out)
        assert told_round
        place = interrupted() / "checkpoints" / f"{int(told_round[1]) + 1:06d}"
        assert adapter == hashes(place / "ann")["adapter_model.safetensors"]
        return "same adapter"
    return told


def _judged(done: Done) -> str:
    if done.code:
        assert done.out == "" or done.code == 1
        lines = done.err.splitlines()
        plain(Done(done.code, done.out, f"{lines[-1]}\n"))
        assert not any("Traceback" in line for line in lines)
        return "refused"
    assert not _CONTROL & set(done.out + done.err)
    return "shown"
