"""A small run is killed at random moments, resumed until it ends, and compared bit by bit with an unbroken one.

python -m tests.crash.kill [--kills 200] [--seed 0] [--config FILE] [--json]

More than half of the kills are aimed at the writing of a checkpoint and its transaction; whether one fell into it is
told by the process itself, which says when it begins and when it has committed. The others fall anywhere: while the
run directory is made, in a round, while a resumed run is being read.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from tests.crash.same import differences, fingerprint

LEAGUE = Path(__file__).with_name("league.toml")
_SERVER = multiprocessing.get_context("forkserver")
_PRELOADED = [
    "docendo.run.session",
    "docendo.cli.run",
    "docendo.report",
    "transformers.models.llama.modeling_llama",
]
"""What takes seconds to import and starts no thread."""
_BEGUN, _ENDED = b"(", b")"
_AIMED = 0.6
_LONGEST = 300
"""Seconds that a process may take."""


@dataclass
class Tally:
    kills: int = 0
    inside: int = 0
    """Kills while a checkpoint was written or its transaction ran."""
    before: int = 0
    """Kills before the run directory was there: nothing to resume, the run is begun anew."""
    runs: int = 0
    """Runs that were killed at least once, resumed to their end and compared."""
    different: list[str] = field(default_factory=list)
    """What differed from the unbroken run, run by run."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=LEAGUE)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    start = time.monotonic()
    with TemporaryDirectory(prefix="docendo-crash-") as folder:
        found = trials(Path(folder), given.kills, given.seed, given.config)
    told = {**asdict(found), "minutes": round((time.monotonic() - start) / 60, 1)}
    print(
        json.dumps(told)
        if given.json
        else "\n".join(f"{name}: {value}" for name, value in told.items())
    )
    sys.exit(bool(found.different) or found.inside < given.kills // 4)


def trials(folder: Path, kills: int, seed: int, config: Path = LEAGUE) -> Tally:
    """Runs with up to four kills each, until there were `kills` of them; every run is compared."""
    _SERVER.set_forkserver_preload(_PRELOADED)
    unbroken, *lengths = _unbroken(League(config, folder / "unbroken"))
    rng, tally, league = Random(seed), Tally(), League(config, folder / "run")
    while tally.kills < kills:
        before = tally.kills
        for _ in range(min(rng.randint(1, 4), kills - tally.kills)):
            if not _killed(league, rng, lengths, tally):
                break
        _finish(league)
        tally.runs += tally.kills > before
        if wrong := differences(unbroken, fingerprint(league.run)):
            tally.different.append(
                f"after kill {tally.kills} of seed {seed}: {', '.join(wrong)}"
            )
        shutil.rmtree(league.run)
    return tally


class League(NamedTuple):
    config: Path
    run: Path


def _unbroken(league: League) -> tuple[dict[str, str], float, float]:
    """What an unbroken run comes to, how long it takes, and how long the writing of a checkpoint."""
    start, going, times = time.monotonic(), Going.start(league), list[float]()
    while going.heard():
        times.append(time.monotonic())
    assert going.ended() == 0, f"the unbroken run ended with {going.ended()}"
    assert bytes(going.marks) == (_BEGUN + _ENDED) * (len(times) // 2)
    return (
        fingerprint(league.run),
        time.monotonic() - start,
        median(b - a for a, b in zip(times[::2], times[1::2], strict=True)),
    )


def _killed(league: League, rng: Random, lengths: Sequence[float], tally: Tally) -> bool:
    """Start or resume the run and kill it; False where it ended before."""
    going = Going.start(league)
    seconds, checkpoint = lengths
    if rng.random() < _AIMED:
        aim = rng.randint(1, 3)
        while going.marks.count(_BEGUN) < aim and going.heard():
            pass
        time.sleep(rng.uniform(0, checkpoint))
    else:
        wait([going.process.sentinel], rng.uniform(0, seconds))
    going.process.kill()
    code = going.ended()
    if code == 0:
        return False
    assert code == -signal.SIGKILL, f"the run ended with {code}"
    while going.heard():
        pass
    tally.kills += 1
    tally.inside += going.marks.endswith(_BEGUN)
    tally.before += not (league.run / "run.db").exists()
    return True


def _finish(league: League) -> None:
    code = Going.start(league).ended()
    assert code == 0, f"the resumed run ended with {code}"


@dataclass
class Going:
    """A process that runs docendo, and what it has said."""

    process: BaseProcess
    pipe: Connection
    marks: bytearray = field(default_factory=bytearray)

    @classmethod
    def start(cls, league: League) -> Self:
        ours, theirs = _SERVER.Pipe(duplex=False)
        process = _SERVER.Process(target=_docendo, args=(*map(str, league), theirs))
        process.start()
        theirs.close()
        return cls(process, ours)

    def heard(self) -> bool:
        """Whether it said one more mark; waits for it, or for the end."""
        try:
            self.marks += self.pipe.recv_bytes()
        except EOFError:
            return False
        return True

    def ended(self) -> int | None:
        """Its exit code, once it has ended."""
        self.process.join(_LONGEST)
        return self.process.exitcode


def _docendo(config: str, run: str, pipe: Connection) -> None:
    """In the process: `docendo run`, or `docendo resume` where there is a run, which says when it writes."""
    from docendo.cli import main as docendo
    from docendo.store import run as store

    write, commit = store.write_checkpoint_folder, store.RunDirectory.commit

    def writing(*given: object) -> str:
        pipe.send_bytes(_BEGUN)
        return write(*given)  # type: ignore[arg-type]

    def committing(*given: object) -> None:
        commit(*given)  # type: ignore[arg-type]
        pipe.send_bytes(_ENDED)

    store.write_checkpoint_folder = writing
    store.RunDirectory.commit = committing  # type: ignore[method-assign, assignment]
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    going_on = Path(run, "run.db").exists()
    sys.argv = (
        ["docendo", "resume", run] if going_on else ["docendo", "run", config, "--out", run]
    )
    docendo()


if __name__ == "__main__":
    main()
