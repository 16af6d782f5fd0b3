"""A study's folder: what is being compared in it stays the same from the first training to the last."""

import json
from pathlib import Path
from typing import Any

from docendo.config import to_toml
from docendo.errors import UseError
from docendo.store.whole import write_whole
from docendo.study.plan import Plan

__all__ = ["settle"]

_FILE = "study.json"
_FREE = {"seeds", "arms", "own", "regimes", "grids"}
"""May grow; what is there already may not change."""


def settle(folder: Path, plan: Plan) -> None:
    """Keeps what is compared in the folder. Raises UseError where it is not what was compared there before."""
    path = folder / _FILE
    wanted = {"study": plan.study.model_dump(mode="json", exclude={"config"}), "config": to_toml(plan.config)}
    if path.exists():
        _check(path, wanted)
    elif folder.is_dir() and any(folder.iterdir()):
        raise UseError(f"{folder} is not empty and holds no study; choose another --out")
    write_whole(path, json.dumps(wanted, indent=1).encode() + b"\n")


def _check(path: Path, wanted: dict[str, Any]) -> None:
    try:
        before = json.loads(path.read_text())
        study, config = dict(before["study"]), before["config"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UseError(f"{path}: is not what a study wrote: {error}") from error
    if config != wanted["config"]:
        raise UseError(f"{path.parent} holds a study of another league; choose another --out")
    for name, now in wanted["study"].items():
        then = study.get(name)
        if name in _FREE and isinstance(then, dict):
            lost = [key for key, value in then.items() if now.get(key) != value]
            if lost:
                raise UseError(f"{path.parent} holds a study with another {name}.{lost[0]}; choose another --out")
        elif name not in _FREE and now != then:
            raise UseError(f"{path.parent} holds a study with {name} = {then}, got {now}; choose another --out")
