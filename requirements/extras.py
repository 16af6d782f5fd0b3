"""Tries every extra alone, and the README's own lines, each in a new environment.

    python requirements/extras.py                 all of them: `make extras`
    python requirements/extras.py readme league   some of them

For each extra: with the wheel alone, something that needs it must end in one line that names a pip command. That
command is run as it is. Then the same thing must work. Versions are those that pip chooses today, other than in
`make test`. PyTorch alone is the one that requirements/cpu.txt names; it is installed once and shown to each
environment that needs it. Environments are removed as soon as they were tried.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PIP_COMMAND = re.compile(r"pip install (.*)$")


class Trial(NamedTuple):
    """What an extra is for."""

    words: Sequence[str]
    """After ``python``: ends in an error without the extra, and works with it."""
    files: str = "pass"
    """Python that writes the files which that needs, with and without the extra."""
    needs_torch: bool = False
    works: str = ""
    """The message of an error that only something else than the extra explains; empty: no error."""


def require(module: str, extra: str, imports: str) -> tuple[str, str]:
    """For extras that only studies and benchmarks use."""
    code = f"from docendo.errors import require_package\nrequire_package({module!r}, 'this', {extra!r})\n"
    return "-c", code + imports


DOCENDO = ("-m", "docendo")
CAST = 'agents = { emmy = { domain = "mathematics" }, ada = { domain = "mathematics" } }\n'
ROWS = "rows = {'question': [f'{i}+1' for i in range(40)], 'answer': [str(i + 1) for i in range(40)]}\n"
READ = """
from docendo.build.catalog import read_catalog
from docendo.config.load import load_config
read_catalog(load_config('league.toml'))
"""
ENDPOINT = """
from docendo.engines.remote.openai import Endpoint, Service
from docendo.records import AgentId, Message, Request
hub = Endpoint('hub', Service('http://127.0.0.1:9/v1', 'm', timeout=5, retries=0, concurrency=1))
hub.sample([Request(AgentId('a'), (Message('user', 'hi'),), 0)])
assert hub.counts['failed/connection'], hub.counts
"""


def write(name: str, text: str) -> str:
    """Python that writes a file."""
    return f"open({name!r}, 'w').write({text!r})\n"


TRIALS = {
    "local": Trial(
        (*DOCENDO, "bench", "--quick", "--set", "model=tiny"),
        needs_torch=True,
    ),
    "league": Trial(
        (*DOCENDO, "analyse", "games.csv", "--win-rates", "--games", "9"),
        write("games.csv", ",a,b,c\na,0.5,0.7,0.3\nb,0.3,0.5,0.7\nc,0.7,0.3,0.5\n"),
    ),
    "judging": Trial(
        (*DOCENDO, "audit", "mathematics", "--config", "league.toml", "--n", "2"),
        write(
            "league.toml",
            f'{CAST}[domains.mathematics]\nevaluator = "formula"\n'
            '[evaluators]\nformula.type = "symbolic"\n',
        ),
    ),
    "gym": Trial(
        ("-c", READ),
        write(
            "league.toml",
            f"{CAST}[domains.mathematics]\naskers = {{ gym = 1 }}\n"
            '[askers.gym]\ntype = "gym"\ntasks = ["leg_counting"]\n',
        ),
    ),
    "grammar": Trial(
        ("-c", READ),
        write(
            "league.toml",
            CAST.replace("ada = {", 'ada = { grammar = { regex = "[0-9]" },')
            + "[domains.mathematics]\n",
        ),
    ),
    "sandbox": Trial((*DOCENDO, "audit", "programming", "--n", "2")),
    "endpoint": Trial(("-c", ENDPOINT)),
    "serve": Trial(
        (
            "-c",
            "import sys\nfrom docendo.cli import main\n"
            "sys.argv = ['docendo', 'serve', 'nothing']\n"
            "import importlib.util as u\n"
            "u.find_spec('uvicorn') and __import__('docendo.serving.server')\nmain()",
        ),
        works="nothing: no such run directory",
    ),
    "data": Trial(
        ("-c", READ),
        write("league.toml", f'{CAST}[domains.mathematics]\nfile = "a.parquet"\n')
        + write("a.parquet", "")
        + "import importlib.util as u\n"
        + ROWS
        + "if u.find_spec('pyarrow'):\n import pyarrow, pyarrow.parquet as p\n"
        + " p.write_table(pyarrow.table(rows), 'a.parquet')\n",
    ),
    "hub": Trial(
        ("-c", READ),
        write("league.toml", f'{CAST}[domains.mathematics]\nfile = "rows"\n')
        + "import os, importlib.util as u\nos.makedirs('rows', exist_ok=True)\n"
        + write("rows/dataset_info.json", "{}")
        + ROWS
        + "if u.find_spec('datasets'):\n import datasets\n"
        + " datasets.Dataset.from_dict(rows).save_to_disk('rows')\n",
    ),
    "study": Trial(
        require(
            "peft", "study", "import docendo.study.merging\nfrom peft import PeftModel"
        ),
        needs_torch=True,
    ),
    "peers": Trial(
        require("trl", "peers", "from trl import GRPOConfig, GRPOTrainer"),
        needs_torch=True,
    ),
}


class Workshop:
    """The folder where everything is made, and removed again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = folder / "bare"
        run(
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps",
            "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT),
        )  # fmt: skip
        (self.wheel,) = folder.glob("docendo-*.whl")
        run(sys.executable, "-m", "venv", str(self.bare))
        self.pip(self.bare, str(self.wheel))

    @staticmethod
    def pip(environment: Path, *words: str) -> None:
        run(str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *words)

    def torch(self) -> Path:
        """An environment with nothing but PyTorch."""
        environment = self.folder / "torch"
        if not environment.exists():
            run(sys.executable, "-m", "venv", str(environment))
            pins = (ROOT / "requirements" / "cpu.txt").read_text()
            self.pip(environment, re.findall(r"^torch==\S+", pins, re.MULTILINE)[0])
        return environment

    def copy(self, name: str) -> Path:
        """A new environment with nothing but the wheel and what it needs."""
        environment = self.folder / name
        shutil.copytree(self.bare, environment, symlinks=True)
        return environment

    def show_torch(self, environment: Path) -> None:
        (packages,) = self.torch().glob("lib/python*/site-packages")
        target = environment / packages.relative_to(self.torch())
        (target / "torch.pth").write_text(f"{packages}\n")


def run(*words: str, folder: Path | None = None, must_work: bool = True) -> str:
    """What a command says on standard error."""
    environment = {
        **os.environ,
        "DOCENDO_CACHE": str((folder or Path.cwd()) / "cache"),
        "HF_HUB_OFFLINE": "1",
    }
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(  # noqa: S603
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if must_work and done.returncode:
        raise RuntimeError(f"{shlex.join(words)[:300]}\n{done.stdout[-2000:]}{done.stderr}")
    if not must_work and not done.returncode:
        raise RuntimeError(f"works without the extra: {shlex.join(words)[:300]}")
    return done.stderr


def try_extra(shop: Workshop, name: str) -> Path:
    """Without the extra, its pip command, and with it."""
    trial = TRIALS[name]
    environment = shop.copy(name)
    python, folder = str(environment / "bin" / "python"), environment / "work"
    folder.mkdir()

    run(python, "-c", trial.files, folder=folder)
    *before, last = run(python, *trial.words, folder=folder, must_work=False).splitlines()
    command = PIP_COMMAND.search(last)
    if command is None or (before and trial.words[:2] == DOCENDO):
        raise RuntimeError(f"{name}: no single line with a pip command: {[*before, last]}")
    if trial.needs_torch:
        shop.show_torch(environment)
    # the extra's own name, whatever package was missed first
    shop.pip(environment, *shlex.split(command[1]))

    run(python, "-c", trial.files, folder=folder)
    said = run(python, *trial.words, folder=folder, must_work=not trial.works)
    if trial.works not in said:
        raise RuntimeError(f"{name}: {said}")
    return environment


def try_readme(shop: Workshop) -> Path:
    """The README's own lines into an empty environment; then the demo's model is loaded."""
    environment = shop.folder / "readme"
    run(sys.executable, "-m", "venv", str(environment))
    shop.show_torch(environment)
    lines = re.findall(
        r"^pip install ([^#\n]*)", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    for line in lines:
        words = shlex.split(line)
        if words[0].startswith(".["):
            words[0] = str(shop.wheel) + words[0][1:]
        shop.pip(environment, *words)
    run(str(environment / "bin" / "docendo"), "doctor", folder=environment)
    return environment


def try_dev(shop: Workshop) -> Path:
    """What the tests need, besides the extras."""
    environment = shop.copy("dev")
    shop.show_torch(environment)
    shop.pip(environment, "docendo[dev]")
    for tool in ("pytest", "mypy", "ruff"):
        run(str(environment / "bin" / "python"), "-m", tool, "--version")
    return environment


def report(shop: Workshop, name: str) -> bool:
    """Whether it works; what it took, or what went wrong, is printed."""
    start = time.monotonic()
    try:
        special = {"readme": try_readme, "dev": try_dev}.get(name)
        environment = special(shop) if special else try_extra(shop, name)
    except RuntimeError as error:
        print(f"{name}: {error}", flush=True)
        return False
    finally:
        seconds = time.monotonic() - start
    listed = subprocess.run(  # noqa: S603
        [str(environment / "bin" / "python"), "-m", "pip", "list", "--format=json"],
        capture_output=True,
        check=True,
    ).stdout
    print(
        f"{name}: works, with {len(json.loads(listed))} packages ({seconds:.0f} s)",
        flush=True,
    )
    shutil.rmtree(environment)
    return True


def main() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    if missing := extras.keys() ^ {*TRIALS, "dev"}:
        raise SystemExit(f"TRIALS and pyproject.toml differ: {sorted(missing)}")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=["readme", *extras])
    names = parser.parse_args().names

    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder))
        failures = [name for name in names if not report(shop, name)]
    if failures:
        raise SystemExit(f"does not work: {', '.join(failures)}")


if __name__ == "__main__":
    main()
