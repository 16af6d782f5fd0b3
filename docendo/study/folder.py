"""A study's folder: what is compared in it stays the same from the first training to the last."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from docendo.config import WITHOUT_GPU, StudyConfig
from docendo.config.load import parse_config, to_toml
from docendo.errors import RunError, UserError
from docendo.run.provenance import files_below, named_paths
from docendo.store.atomic import nearest_existing, write_atomically
from docendo.store.checkpoints import hash_file
from docendo.store.lock import WriterLock
from docendo.study.plan import StudyPlan
from docendo.study.result_files import STUDY_FILE

__all__ = ["check_folder", "lock_run", "write_study_file"]

_FREE = (
    "seeds",
    "arms",
    "custom_arms",
    "regimes",
    "search_space",
    "earlier",
    "seed_deviation",
)
"""Settings that may grow; what is there already may not change."""


@contextmanager
def lock_run(folder: Path, name: Path) -> Iterator[Path]:
    """The run directory of that name, locked. Raises TakenError where another process has it."""
    run = folder / "runs" / name
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{run.parent}: {error.strerror}") from error

    lock = WriterLock(run.with_name(f".{run.name}.lock"))
    try:
        yield run
    finally:
        lock.release()


def write_study_file(folder: Path, plan: StudyPlan, file: Path) -> None:
    """Write what is compared, and which file says so, into the folder.

    Raises UserError where something else was compared there before.
    """
    content = check_folder(folder, plan)
    name = file.name if file.is_absolute() else file.as_posix()
    document = json.dumps({"file": name, **content}, indent=1)
    write_atomically(folder / STUDY_FILE, document.encode() + b"\n")


def check_folder(folder: Path, plan: StudyPlan) -> dict[str, Any]:
    """What is to be written into the folder. Raises UserError where something else is there."""
    path = folder / STUDY_FILE
    content: dict[str, Any] = {
        "study": plan.study.model_dump(mode="json", exclude={"config"}),
        "config": to_toml(plan.config),
        "files": _hash_files(plan),
    }
    if path.exists():
        before = _read_study_file(path)
        if change := _find_change(before, content):
            raise UserError(f"{folder} holds another study: {change}; choose another --out")
        content["files"] = {**before["files"], **content["files"]}
    elif folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty and holds no study; choose another --out")
    elif not (parent := nearest_existing(folder)).is_dir():
        raise UserError(f"{parent} is a file; choose another --out")
    return content


def _hash_files(plan: StudyPlan) -> dict[str, str]:
    """A hash of every file and folder that the settings of some training name."""
    paths = set()
    # All seeds of an arm have the same files.
    pairs = {(task.regime, task.arm): task for task in plan.tasks()}
    for task in pairs.values():
        # without choices, the settings as they are
        for chosen in plan.search_space(task.arm) or ((),):
            paths.update(named_paths(plan.configure(task, chosen)))
    return {path.as_posix(): _hash(path) for path in sorted(paths) if path.exists()}


def _hash(path: Path) -> str:
    lines = []
    for file in files_below(path):
        # With its name: a file that was renamed may be read as something else.
        lines.append(f"{file.relative_to(path).as_posix()} {hash_file(file)}")
    return sha256("\n".join(lines).encode()).hexdigest()


def _read_study_file(path: Path) -> dict[str, Any]:
    """What was compared before. Settings that are new since then have their defaults."""
    try:
        document = json.loads(path.read_text())
        files = document.get("files", {})
        return {
            "study": _fill_study(dict(document["study"])),
            "config": _fill_defaults(tomllib.loads(document["config"])),
            "files": dict(files),
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: is not what a study wrote: {error}; remove it to begin anew"
        ) from error


def _fill_study(study: dict[str, Any]) -> dict[str, Any]:
    try:
        filled = StudyConfig.model_validate({**study, "config": ""})
    except ValidationError:  # as in `_fill_defaults`
        return study
    return filled.model_dump(mode="json", exclude={"config"})


def _fill_defaults(league: dict[str, Any]) -> dict[str, Any]:
    try:
        return tomllib.loads(to_toml(parse_config(league, STUDY_FILE)))
    except UserError:
        # The settings of another version: `_find_change` names the first that differs.
        return league


def _find_change(before: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    """The first thing that is no longer as it was; None where there is none."""
    old, new = before["study"], content["study"]
    for name, value in new.items():
        if name not in _FREE and (change := _difference(old.get(name), value, name)):
            return change

    old_free, new_free = _shared_entries(old, new)
    if change := _difference(old_free, new_free):
        return change
    old_league = _with_limits(before["config"])
    new_league = _with_limits(tomllib.loads(content["config"]))
    if change := _difference({"config": old_league}, {"config": new_league}):
        return change
    # A file that no training names any more may be what it likes.
    for name, value in before["files"].items():
        if content["files"].get(name, value) != value:
            return f"{name} is not what it was"
    return None


def _with_limits(league: dict[str, Any]) -> dict[str, Any]:
    """With the numbers that a processor's run has where the engine's limits are left open."""
    engine = dict(league.get("engine", {}))
    for name, number in WITHOUT_GPU.items():
        engine[name] = engine.get(name) or number
    return {**league, "engine": engine}


def _shared_entries(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables that may grow: as they were, and as they are without what was added."""
    old_tables = {}
    new_tables = {}
    for name in new:
        if name not in _FREE or not isinstance(old.get(name), dict):
            continue
        old_tables[name] = old[name]
        shared = {key: value for key, value in new[name].items() if key in old[name]}
        if name == "search_space":  # an arm's choices may grow at their end
            shared = {arm: grid[: len(old[name][arm])] for arm, grid in shared.items()}
        if name == "regimes":  # and a regime's arms
            shared = {r: {**shared[r], "only": old[name][r].get("only")} for r in shared}
        new_tables[name] = shared
    return old_tables, new_tables


def _difference(old: Any, new: Any, name: str = "") -> str | None:
    """Where two tables first differ, and how."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            place = f"{name}.{key}" if name else str(key)
            if change := _difference(old.get(key), new.get(key), place):
                return change
        return None
    return None if old == new else f"{name} was {_shorten(old)}, is now {_shorten(new)}"


def _shorten(value: Any) -> str:
    return "nothing" if value is None else f"{value!r}"[:80]
