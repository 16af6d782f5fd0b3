"""Checkpoints that rot: every damage is noticed, and the newest one that is whole is gone on from.

python -m tests.crash.rot [--trials 1000] [--seed 0] [--json]

In one trial of five the older checkpoint is damaged too: then there is an error and no guess.
"""

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from docendo.errors import RunError
from docendo.store import RunDirectory
from tests.engines.toys import ANN, BOB, fresh
from tests.store.toys import record


@dataclass
class Tally:
    trials: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="docendo-rot-") as folder:
        found = trials(Path(folder), given.trials, given.seed)
    told = {
        "trials": dict(found.trials),
        "failures": len(found.wrong),
        "wrong": found.wrong,
    }
    print(json.dumps(told, indent=None if given.json else 1))
    sys.exit(bool(found.wrong))


def trials(folder: Path, count: int, seed: int) -> Tally:
    """Each time the newest of two checkpoints, or both, with one damage each."""
    engine, tally, run = fresh(ANN, BOB), Tally(), folder / "run"
    with RunDirectory.create(run, "") as made:
        for index in range(2):
            made.commit(record(index), lambda path: engine.save(path))
        kept = folder / "kept"
        shutil.copytree(run / "checkpoints", kept)
        for trial in range(count):
            rng = Random(f"{seed} {trial}")
            both = rng.random() < 0.2
            done = [
                _damage(run / "checkpoints" / name, rng)
                for name in (["000002", "000001"] if both else ["000002"])
            ]
            tally.trials.update(done)
            if wrong := _found(made, both):
                tally.wrong.append(
                    f"trial {trial} of seed {seed}, {' and '.join(done)}: {wrong}"
                )
            shutil.rmtree(run / "checkpoints")
            shutil.copytree(kept, run / "checkpoints")
    return tally


def _found(run: RunDirectory, both: bool) -> str:
    """What is wrong with what the run directory says; empty where nothing is."""
    try:
        found = run.latest_checkpoint()
    except RunError as error:
        return "" if both and "no older one is left" in str(error) else f"it said {error}"
    if both:
        return f"it believed {found}"
    whole = found is not None and found.round == 0 and found.state == record(0).state
    return (
        ""
        if whole and found and "000002 is damaged" in found.warnings[0]
        else f"it found {found}"
    )


def _damage(checkpoint: Path, rng: Random) -> str:
    """Does one thing to it, and says what."""
    how = rng.choice(list(_DAMAGES))
    files = sorted(p for p in checkpoint.rglob("*") if p.is_file())
    _DAMAGES[how](rng.choice(files), rng)
    return how


def _flip(file: Path, rng: Random) -> None:
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def _truncate(file: Path, rng: Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(len(content))])


def _extend(file: Path, rng: Random) -> None:
    file.write_bytes(file.read_bytes() + rng.randbytes(rng.randint(1, 5000)))


def _overwrite(file: Path, rng: Random) -> None:
    content = bytearray(file.read_bytes())
    start = rng.randrange(len(content))
    page = content[start : start + 4096]
    content[start : start + 4096] = bytes(b ^ 0xFF for b in page)
    file.write_bytes(content)


def _other(file: Path, rng: Random) -> None:
    """The content of another file, as after a mix-up of blocks."""
    others = sorted(
        p
        for p in file.parent.parent.rglob("*")
        if p.is_file() and p.read_bytes() != file.read_bytes()
    )
    file.write_bytes(rng.choice(others).read_bytes())


def _folder(file: Path, _rng: Random) -> None:
    file.unlink()
    file.mkdir()


def _whole(file: Path, _rng: Random) -> None:
    """The checkpoint's folder itself."""
    shutil.rmtree(next(p for p in file.parents if p.parent.name == "checkpoints"))


_DAMAGES: dict[str, Callable[[Path, Random], None]] = {
    "a bit flipped": _flip,
    "truncated": _truncate,
    "extended": _extend,
    "a page overwritten": _overwrite,
    "another file's content": _other,
    "a file deleted": lambda file, _rng: file.unlink(),
    "a folder in its place": _folder,
    "the checkpoint deleted": _whole,
}


if __name__ == "__main__":
    main()
