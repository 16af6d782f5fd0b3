"""Writes the hashes of all pinned packages into the requirement files, with pip and the index that pip is set to.

    python requirements/pin.py                                  for this machine: adds the hashes that are missing
    python requirements/pin.py --python 3.12 --platform linux_x86_64    for another one, of wheels alone
    python requirements/pin.py --fresh                          after a version was changed: forgets all hashes first

Nothing is installed. Hashes that are there stay, so that a file may serve several machines: PyTorch's own index, for
one, has another build of the same version than PyPI. Neither index nor file addresses are written.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
FILES = ("setup.txt", "cpu.txt", "model.txt", "gym.txt", "docs.txt")
PLATFORMS = {
    **{
        f"linux_{cpu}": [f"manylinux_2_{n}_{cpu}" for n in range(39, 4, -1)]
        + [f"manylinux2014_{cpu}"]
        for cpu in ("x86_64", "aarch64")
    },
    "macos_arm64": ["macosx_14_0_arm64", "macosx_14_0_universal2"],
}
PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")


class Pins(NamedTuple):
    comments: list[str]
    hashes: dict[str, set[str]]
    """Of each ``name==version``."""


def read_pins(text: str) -> Pins:
    """Comments, and each pin with its hashes. Raises ValueError for a line that is neither."""
    found = Pins([], {})
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("#"):
            found.comments.append(line)
        elif line.strip():
            pin, *options = line.split()
            hashes = {option.removeprefix("--hash=") for option in options}
            if not PIN.fullmatch(pin) or not all(h.startswith("sha256:") for h in hashes):
                raise ValueError(f"no pin: {line}")
            found.hashes[pin] = hashes
    return found


def written(pins: Pins) -> str:
    """As `read_pins` reads it."""
    lines = [
        " \\\n    ".join([pin, *(f"--hash={h}" for h in sorted(found))])
        for pin, found in pins.hashes.items()
    ]
    return "\n".join([*pins.comments, *lines]) + "\n"


def plain(name: str) -> str:
    """The same for all ways to write a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked(pins: Sequence[str], options: Sequence[str]) -> dict[str, set[str]]:
    """The hashes of what pip would install, by name. Packages that it does not find are told and left out."""
    left, report = list(pins), Path(tempfile.mkdtemp()) / "report.json"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--no-deps",
        "--quiet",
    ]
    while left:
        done = subprocess.run(  # noqa: S603
            [*command, "--report", str(report), *options, *left],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return hashes_in(json.loads(report.read_text()))
        missing = re.findall(r"No matching distribution found for (\S+)", done.stderr)
        if not missing or missing[0] not in left:
            raise SystemExit(done.stderr)
        print(f"not to be had: {missing[0]}")
        left.remove(missing[0])
    return {}


def hashes_in(report: Mapping[str, object]) -> dict[str, set[str]]:
    """The hashes in pip's report, by name."""
    found: dict[str, set[str]] = defaultdict(set)
    items: Iterable[dict[str, dict[str, dict[str, dict[str, str]]]]] = report["install"]  # type: ignore[assignment]
    for item in items:
        name, info = str(item["metadata"]["name"]), item["download_info"]["archive_info"]
        found[plain(name)].add(f"sha256:{info['hashes']['sha256']}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platform", choices=PLATFORMS)
    parser.add_argument("--python")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("files", nargs="*", default=FILES)
    given = parser.parse_args()
    options = (
        [f"--platform={tag}" for tag in PLATFORMS[given.platform]] if given.platform else []
    )
    options += [f"--python-version={given.python}"] if given.python else []
    if options:
        options += ["--only-binary=:all:", f"--target={tempfile.mkdtemp()}"]
    for name in given.files:
        path = HERE / name
        pins = read_pins(path.read_text())
        found = asked(list(pins.hashes), options)
        for pin, hashes in pins.hashes.items():
            if given.fresh:
                hashes.clear()
            hashes |= found.get(plain(PIN.fullmatch(pin)[1]), set())  # type: ignore[index]
        path.write_text(written(pins))
        print(
            f"{name}: {sum(map(bool, pins.hashes.values()))} of {len(pins.hashes)} pins have hashes"
        )


if __name__ == "__main__":
    main()
