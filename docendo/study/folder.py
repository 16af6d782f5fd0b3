"""A study's folder: what is being compared in it stays the same from the first training to the last."""

import json
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from docendo.config.load import parse_config, to_toml
from docendo.errors import UserError
from docendo.run.provenance import below, named_in
from docendo.store.atomic import standing, write_whole
from docendo.store.checkpoints import digest
from docendo.study.plan import StudyPlan
from docendo.study.results import STUDY_FILE

__all__ = ["check_folder", "write_study_file"]

_FREE = {"seeds", "arms", "own", "regimes", "grids"}
"""May grow; what is there already may not change. An arm's grid may grow at its end."""


def write_study_file(folder: Path, plan: StudyPlan, file: Path) -> None:
    """Keeps what is compared in the folder, and which file says so. Raises UseError where it is not what was compared
    there before.
    """
    wanted, named = (
        check_folder(folder, plan),
        file.name if file.is_absolute() else file.as_posix(),
    )
    write_whole(
        folder / STUDY_FILE,
        json.dumps({"file": named, **wanted}, indent=1).encode() + b"\n",
    )


def check_folder(folder: Path, plan: StudyPlan) -> dict[str, Any]:
    """What is to be kept in the folder. Raises UseError where there is something else."""
    path = folder / STUDY_FILE
    wanted: dict[str, Any] = {
        "study": plan.study.model_dump(mode="json", exclude={"config"}),
        "config": to_toml(plan.config),
        "files": _files(plan),
    }
    if path.exists():
        before = _read(path)
        if (lost := _lost(before, wanted)) is not None:
            raise UserError(f"{folder} holds another study: {lost}; choose another --out")
        wanted["files"] = {**before["files"], **wanted["files"]}
    elif folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty and holds no study; choose another --out")
    elif not (there := standing(folder)).is_dir():
        raise UserError(f"{there} is a file; choose another --out")
    return wanted


def _files(plan: StudyPlan) -> dict[str, str]:
    """A hash of every file that the settings of any training name, and of all that is in such a folder."""
    tasks = {(task.regime, task.arm): task for task in plan.tasks()}.values()
    paths = {
        p
        for t in tasks
        for chosen in plan.grid(t.arm) or ((),)
        for p in named_in(plan.settings(t, chosen))
    }
    return {path.as_posix(): _hash(path) for path in sorted(paths) if path.exists()}


def _hash(path: Path) -> str:
    files = [f"{file.relative_to(path).as_posix()} {digest(file)}" for file in below(path)]
    return sha256("\n".join(files).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """What was compared before, the settings of its league as a table: those that are new since then have defaults."""
    try:
        before = json.loads(path.read_text())
        files = {str(name): str(hashed) for name, hashed in before.get("files", {}).items()}
        return {
            "study": dict(before["study"]),
            "config": _filled(tomllib.loads(before["config"])),
            "files": files,
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: is not what a study wrote: {error}; remove it to begin anew"
        ) from error


def _filled(league: dict[str, Any]) -> dict[str, Any]:
    try:
        return tomllib.loads(to_toml(parse_config(league, STUDY_FILE)))
    except UserError:  # of a docendo whose settings were others: the difference is told
        return league


def _lost(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """The first thing that was and is no longer as it was; None where there is none."""
    then, now = before["study"], {**wanted["study"], "grids": _as_before(before, wanted)}
    bound = [name for name in now if name not in _FREE]
    grown = [name for name in now if isinstance(then.get(name), dict) and name in _FREE]
    return (
        _difference(
            {name: then.get(name) for name in bound}, {name: now[name] for name in bound}
        )
        or _difference(
            {name: then[name] for name in grown},
            {
                name: {key: value for key, value in now[name].items() if key in then[name]}
                for name in grown
            },
        )
        or _difference(
            {"config": before["config"]}, {"config": tomllib.loads(wanted["config"])}
        )
        or _other(before["files"], wanted["files"])
    )


def _other(then: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """The first file that is not what it was."""
    return next(
        (
            f"{name} is not what it was"
            for name in then
            if name in now and then[name] != now[name]
        ),
        None,
    )


def _as_before(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The grids without the settings that were added to those that there were."""
    then = before["study"].get("grids", {})
    return {
        arm: grid[: len(then.get(arm, grid))]
        for arm, grid in wanted["study"]["grids"].items()
    }


def _difference(then: Any, now: Any, name: str = "") -> str | None:
    """Where two tables first differ, and how."""
    if isinstance(then, dict) and isinstance(now, dict):
        keys = [*then, *(key for key in now if key not in then)]
        found = (
            _difference(then.get(key), now.get(key), f"{name}.{key}" if name else str(key))
            for key in keys
        )
        return next((one for one in found if one), None)
    return None if then == now else f"{name} was {_short(then)}, is now {_short(now)}"


def _short(value: Any) -> str:
    return "nothing" if value is None else f"{value!r}"[:80]
