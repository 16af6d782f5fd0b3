"""Hours of a small league: does memory grow, do file handles, and is the database as large as `docendo plan` says?

python benchmarks/soak.py OUT [--minutes 120] [--config FILE] [--set KEY=VALUE]... [--json]

Runs `docendo run` in a process of its own, looks at it after every committed round (Linux's /proc), ends it with
Ctrl-C, and writes what was seen to OUT/soak.json. The run is in OUT/run.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import NamedTuple

ENDLESS = 100_000
SMALL = [
    "experts.steps=14",
    "teaching.matches=4",
    "teaching.max_tokens=40",
    "evaluation.problems=6",
    "evaluation.eval_every=10",
]
WARM = 0.25
"""The share of the rounds, at the beginning, in which caches fill: the slope is of the rest."""


class Look(NamedTuple):
    round: int
    seconds: float
    resident: int
    """Bytes: the least since the round before, which is what is kept from round to round. A round takes more while it
    trains, and gives it back."""
    handles: int
    threads: int
    database: int
    """Bytes of run.db, without what waits in its log."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--config", default=None)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        given.out.mkdir(parents=True)
    except OSError as error:
        parser.error(f"{given.out}: {error.strerror}; OUT is made by the soak")
    settings = [*([] if given.config else SMALL), *given.settings]
    config = [given.config] if given.config else []
    sets = [word for setting in settings for word in ("--set", setting)]
    command = [*config, *sets, "--set", f"teaching.rounds={ENDLESS}"]
    looks = watch(
        ["run", *command, "--out", str(given.out / "run")], given.out, given.minutes * 60
    )
    rounds = looks[-1].round
    planned = json.loads(
        docendo(
            "plan", *config, *sets, "--set", f"teaching.rounds={max(1, rounds)}", "--json"
        )
    )
    found = summary(looks, planned, given.out / "run")
    (given.out / "soak.json").write_text(
        json.dumps({**found, "looks": looks}, indent=1) + "\n"
    )
    print(
        json.dumps(found, indent=1)
        if given.json
        else "\n".join(f"{name}: {value}" for name, value in found.items())
    )


def watch(arguments: list[str], out: Path, seconds: float) -> list[Look]:
    """One look after each committed round of teaching, until the time is over; then the run is asked to end."""
    looks, start, least = list[Look](), time.monotonic(), sys.maxsize
    with (out / "log.txt").open("w") as log:
        run = subprocess.Popen(
            [sys.executable, "-m", "docendo", *arguments], stdout=log, stderr=log
        )
        while run.poll() is None and time.monotonic() - start < seconds:
            time.sleep(0.5)
            done, least = (
                taught(out / "run" / "run.db"),
                min(least, status(run.pid)["VmRSS"] * 1024),
            )
            if done > (looks[-1].round if looks else 0):
                looks.append(
                    look(
                        run.pid,
                        done,
                        time.monotonic() - start,
                        least,
                        out / "run" / "run.db",
                    )
                )
                least = sys.maxsize
        run.send_signal(signal.SIGINT)
        code = run.wait(timeout=900)
    if code != 130 or len(looks) < 8:
        sys.exit(
            f"the run ended with {code} after {len(looks)} rounds; see {out / 'log.txt'}"
        )
    return looks


def taught(database: Path) -> int:
    """Rounds of teaching that are committed."""
    if not database.exists():
        return 0
    with closing(
        sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    ) as connection:
        found: int = connection.execute(
            "SELECT COUNT(*) FROM rounds WHERE stage = 'teaching'"
        ).fetchone()[0]
        return found


def look(process: int, done: int, seconds: float, resident: int, database: Path) -> Look:
    handles = len(os.listdir(f"/proc/{process}/fd"))
    return Look(
        done,
        seconds,
        resident,
        handles,
        status(process)["Threads"],
        database.stat().st_size,
    )


def status(process: int) -> dict[str, int]:
    """What the kernel says of a process, in KiB where it has a unit; only what is a number."""
    rows = (
        line.split(":", 1)
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    return {
        name: int(value.split()[0])
        for name, value in rows
        if value.split() and value.split()[0].isdigit()
    }


def summary(looks: list[Look], planned: dict, run: Path) -> dict:
    late = [seen for seen in looks if seen.round >= WARM * looks[-1].round]
    size = (run / "run.db").stat().st_size
    return {
        "rounds": looks[-1].round,
        "minutes": round(looks[-1].seconds / 60, 1),
        "resident MiB, first and last late round": [
            round(seen.resident / 2**20, 1) for seen in (late[0], late[-1])
        ],
        "resident MB per 100 rounds": round(
            slope([(s.round, s.resident / 1e6) for s in late]) * 100, 3
        ),
        "handles per 100 rounds": round(
            slope([(s.round, s.handles) for s in late]) * 100, 3
        ),
        "handles, least and most": [
            min(s.handles for s in late),
            max(s.handles for s in late),
        ],
        "threads, least and most": [
            min(s.threads for s in late),
            max(s.threads for s in late),
        ],
        "database bytes": size,
        "database bytes planned": planned.get("database"),
        "database, planned over real": round(planned["database"] / size, 3)
        if "database" in planned
        else None,
    }


def slope(points: list[tuple[float, float]]) -> float:
    """The median of the slopes of all pairs that are at least a quarter of the range apart (Theil 1950, Sen 1968)."""
    least = (points[-1][0] - points[0][0]) / 4
    return median(
        (y - v) / (x - u)
        for i, (u, v) in enumerate(points)
        for x, y in points[i + 1 :]
        if x - u >= least
    )


def docendo(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "docendo", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


if __name__ == "__main__":
    main()
