"""Every write, fsync, rename, creation and truncation of a small run made to fail, one after the other.

python -m tests.crash.faults [--step 1] [--runs 0] [--json]

A run of three rounds, with checkpoints of a real engine, is written with the k-th call failing, for each k that there
is: once, from then on, and (writes) after half of the bytes. It must end with an error that a person can read; what is
then found is the state before the round or after it, whole; and once the disk works again the run goes on, to the
same bits as an undisturbed one. `--step 7` takes every seventh k; `--runs` adds so many of `docendo run` itself.

Linux with a C compiler: the calls are caught by a library that is loaded before the C library.
"""

import argparse
import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from docendo.errors import RunError, UserError
from docendo.store import RunDirectory
from tests.crash.same import differences, fingerprint
from tests.store.toys import record

KINDS = ("write", "fsync", "rename", "create", "truncate")
LIBRARY = "DOCENDO_FAULTY"
_ROUNDS = 3
_SOURCE = Path(__file__).with_name("faulty.c")


class Fault(NamedTuple):
    kind: str
    k: int
    """The call that fails, from 1."""
    error: int
    stays: bool
    """Whether all later calls fail too."""
    brief: bool = False
    """Whether half of the bytes are written first."""

    def __str__(self) -> str:
        lasting = " from then on" * self.stays
        return f"{self.kind} {self.k}, {errno.errorcode[self.error]}{lasting}{' half' * self.brief}"


@dataclass
class Tally:
    trials: Counter[str] = field(default_factory=Counter)
    """Faults that struck, by kind."""
    unnoticed: Counter[str] = field(default_factory=Counter)
    """Those that changed nothing: the writing went on, and ended as it should."""
    wrong: list[str] = field(default_factory=list)


class Disk:
    """The library that makes calls fail."""

    def __init__(self, library: str, below: Path) -> None:
        self._library, self._below = ctypes.CDLL(library), str(below).encode()

    def arm(self, fault: Fault) -> None:
        numbers = KINDS.index(fault.kind), fault.k, fault.error, fault.stays, fault.brief
        self._library.fault_arm(
            self._below, numbers[0], ctypes.c_long(numbers[1]), *numbers[2:]
        )

    def disarm(self) -> int:
        """How many calls failed."""
        self._library.fault_disarm.restype = ctypes.c_long
        return int(self._library.fault_disarm())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    quick = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with TemporaryDirectory(prefix="docendo-faults-", dir=quick) as name:
        if LIBRARY not in os.environ:
            sys.exit(_again_with_library(Path(name)))
        disk, folder = Disk(os.environ[LIBRARY], Path(name).resolve()), Path(name).resolve()
        found = trials(disk, folder, given.step)
        ran = runs(disk, folder, given.runs) if given.runs else Tally()
    told = {"store": _told(found), "runs": _told(ran)}
    print(json.dumps(told, indent=None if given.json else 1))
    sys.exit(bool(found.wrong or ran.wrong))


def trials(disk: Disk, folder: Path, step: int) -> Tally:
    """The run directory alone, every `step`-th call of each kind."""
    write, tally = _checkpoints(), Tally()
    states = list(_states(folder / "clean", write))
    for fault in _faults(step):
        while True:
            struck = _trial(disk, folder / "run", fault, states, write, tally)
            shutil.rmtree(folder / "run", ignore_errors=True)
            if not struck:
                break
            fault = fault._replace(k=fault.k + step)
    return tally


def runs(disk: Disk, folder: Path, count: int) -> Tally:
    """Whole runs of the command line, each with a fault somewhere, then resumed."""
    from tests.cli.toys import docendo, tiny_config

    rng, tally, config = Random(count), Tally(), tiny_config(folder)
    assert docendo("run", config, "--out", folder / "clean-run").code == 0
    whole = fingerprint(folder / "clean-run")
    while tally.trials.total() < count:
        kind = rng.choice(KINDS)
        fault = Fault(
            kind,
            rng.randint(1, 60),
            rng.choice([errno.ENOSPC, errno.EIO]),
            rng.random() < 0.5,
        )
        run = folder / "run"
        disk.arm(fault)
        done = docendo("run", config, "--out", run)
        if disk.disarm():
            tally.trials[kind] += 1
            tally.unnoticed[kind] += done.code == 0
            if done.code not in {0, 1, 2} or (
                done.code and not done.err.strip().splitlines()[-1].startswith("docendo:")
            ):
                tally.wrong.append(f"{fault}: exit code {done.code}, {done.err!r}")
            again = (
                ["resume", run]
                if (run / "run.db").exists()
                else ["run", config, "--out", run]
            )
            done = docendo(*again)
            if done.code:
                tally.wrong.append(
                    f"{fault}: afterwards exit code {done.code}: {done.err!r}"
                )
            elif different := differences(whole, fingerprint(run)):
                tally.wrong.append(f"{fault}: {different}")
        shutil.rmtree(run, ignore_errors=True)
    return tally


def _told(tally: Tally) -> dict[str, object]:
    return {
        "trials": dict(tally.trials),
        "unnoticed": dict(+tally.unnoticed),
        "failures": len(tally.wrong),
        "wrong": tally.wrong,
    }


def _faults(step: int) -> Iterator[Fault]:
    """The first of each row of faults."""
    for stays in (False, True):
        for error in (errno.ENOSPC, errno.EIO):
            for kind in KINDS:
                yield Fault(
                    kind, 1 + (stays + 2 * (error == errno.EIO)) % step, error, stays
                )
            yield Fault("write", 1 + stays % step, error, stays, brief=True)


def _trial(
    disk: Disk,
    run: Path,
    fault: Fault,
    states: list[dict[str, str]],
    write: Callable[[Path], None],
    tally: Tally,
) -> bool:
    """Whether the fault struck at all."""
    disk.arm(fault)
    done, said = -1, ""
    try:
        for index in _written(run, write, range(_ROUNDS)):
            done = index
    except (RunError, UserError) as error:
        said = str(error)
    except Exception as error:  # noqa: BLE001
        said = ""
        tally.wrong.append(f"{fault}: {type(error).__name__}: {error}")
    struck = disk.disarm()
    if not struck:
        return False
    tally.trials[fault.kind] += 1
    tally.unnoticed[fault.kind] += done == _ROUNDS - 1
    if done < _ROUNDS - 1 and not (
        str(run.parent) in said and any(word in said for word in _words(fault))
    ):
        tally.wrong.append(f"{fault}: it said {said!r}")
    if wrong := _afterwards(run, done, states, write):
        tally.wrong.append(f"{fault} after round {done}: {wrong}")
    return True


def _words(fault: Fault) -> list[str]:
    """One of these says what the matter is; the last two are SQLite's."""
    return [
        os.strerror(fault.error),
        "disk I/O error",
        "disk is full",
        "unable to open database file",
    ]


def _afterwards(
    run: Path, done: int, states: list[dict[str, str]], write: Callable[[Path], None]
) -> str:
    """What is wrong with what is left, and with going on from it; empty where nothing is."""
    if not run.exists():
        list(_written(run, write, range(_ROUNDS)))
        return ", ".join(differences(states[-1], fingerprint(run)))
    with RunDirectory.open(run, write=True) as opened:
        last = max((row.round for row in opened.rounds()), default=-1)
        if last not in {done, done + 1}:
            return f"the last round is {last}"
        found = opened.latest_checkpoint()
        if (found.round if found else -1) != last or (found and found.warnings):
            return f"the newest checkpoint is {found}, the last round {last}"
    if last >= 0 and (wrong := differences(states[last], fingerprint(run))):
        return f"round {last}: {', '.join(wrong)}"
    list(_written(run, write, range(last + 1, _ROUNDS)))
    return ", ".join(differences(states[-1], fingerprint(run)))


def _written(run: Path, write: Callable[[Path], None], rounds: range) -> Iterator[int]:
    """Each round that was committed; before that -1, once the run directory is there."""
    opened = (
        RunDirectory.open(run, write=True)
        if run.exists()
        else RunDirectory.create(run, "seed = 1\n")
    )
    with opened:
        for index in rounds:
            opened.commit(record(index), write)
            yield index


def _states(run: Path, write: Callable[[Path], None]) -> Iterator[dict[str, str]]:
    """What there is after each round, undisturbed."""
    for _ in _written(run, write, range(_ROUNDS)):
        yield fingerprint(run)


def _checkpoints() -> Callable[[Path], None]:
    from tests.engines.toys import ANN, BOB, fresh

    engine = fresh(ANN, BOB)
    return lambda folder: engine.save(folder)


def _again_with_library(folder: Path) -> int:
    """This program once more, with the library before all others."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        sys.exit("the faults need Linux and a C compiler")
    library = folder / "faulty.so"
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"],
        check=True,
    )
    inside = {**os.environ, "LD_PRELOAD": str(library), LIBRARY: str(library)}
    return subprocess.run(
        [sys.executable, "-m", "tests.crash.faults", *sys.argv[1:]], env=inside, check=False
    ).returncode


if __name__ == "__main__":
    main()
