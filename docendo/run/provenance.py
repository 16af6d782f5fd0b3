"""What a run was made with, and which of it may be different when it goes on."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from docendo.config.load import Config
from docendo.engines.local.base_model import BaseModel, weights_hash
from docendo.errors import UserError
from docendo.parts import user_part_files
from docendo.store.checkpoints import hash_file
from docendo.version import VERSION

__all__ = [
    "Change",
    "Rule",
    "below",
    "changes",
    "files_of",
    "named_in",
    "provenance",
    "refuse",
]

Rule = Literal["free", "noted", "kept", "refused"]
"""free: it ends as if it had been so from the beginning. noted: it goes on, as another run from there on.

kept: refused unless the user insists. refused: what was learned would not fit to it.
"""

_FREE = [
    "teaching.rounds",
    "evaluation.eval_every",
    "endpoints.*",
    "monitors.*",
    "engine.trust_remote_code",
]
_NOTED = [
    *(
        f"engine.{name}"
        for name in (
            "dtype",
            "kernels",
            "device",
            "max_num_seqs",
            "max_tokens_per_microbatch",
        )
    ),
    *(
        f"agents.*.{name}"
        for name in (
            "temperature",
            "top_p",
            "max_tokens",
            "max_tool_calls",
            "system_prompt",
        )
    ),
    "teaching.*",
    "learning.*",
    "league.*",
    "duels.*",
]
_REFUSED = ["learning.baseline*", "league.reference_matches", "duels.game"]
_SHOWN = 40
_PACKAGES = ("torch", "transformers", "numpy")


class Change(NamedTuple):
    what: str
    was: Any
    now: Any
    rule: Rule

    def __str__(self) -> str:
        return f"{self.what}: was {_short(self.was)}, is now {_short(self.now)}"


def provenance(
    config: Config, base: BaseModel, parts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a run was made with, as JSON.

    Settings, versions, machine, hashes of the base's weights and of every file that the settings
    name, and the parts that were put in from Python (place -> type).
    """
    return {
        "settings": config.model_dump(mode="json", exclude_none=True),
        "versions": {
            "docendo": VERSION,
            "python": platform.python_version(),
            **dict(_versions()),
        },
        "machine": {
            "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
            "threads": torch.get_num_threads(),
        },
        "files": {str(path): hash_file(path) for path in files_of(config)},
        "base": weights_hash(base.model),
        "parts": dict(parts or {}),
    }


def changes(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[Change]:
    """What differs between two provenances, settings first; nothing where a run has none."""
    if not was:
        return []

    differences: list[Change] = []
    before, after = _flat(was["settings"]), _flat(now["settings"])
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            change = Change(name, before.get(name), after.get(name), _rule(name))
            differences.append(change)

    rules: dict[str, Rule] = {"versions": "noted", "machine": "noted", "files": "kept"}
    for section, rule in rules.items():
        old, new = was[section], now[section]
        for name in sorted(old.keys() & new.keys()):
            if old[name] != new[name]:
                differences.append(Change(name, old[name], new[name], rule))

    if was["base"] != now["base"]:
        change = Change("the base model's weights", was["base"], now["base"], "kept")
        differences.append(change)
    return differences + _changed_parts(was.get("parts", {}), now["parts"])


def _changed_parts(was: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """Parts from Python that are missing or new are refused; another type in the same place is noted."""
    differences = []
    for place in sorted(was.keys() | now.keys()):
        old, new = was.get(place), now.get(place)
        if old == new:
            continue
        is_missing = old is None or new is None
        rule: Rule = "refused" if is_missing else "noted"
        differences.append(
            Change(f"parts.{place}", old or "the config's", new or "the config's", rule)
        )
    return differences


def refuse(found: Sequence[Change], run: Path, force: bool) -> None:
    """Raises UserError naming every change with which the run cannot be gone on with, or should not be."""
    never = [str(c) for c in found if c.rule == "refused"]
    if never:
        raise UserError(
            f"{run} cannot go on: {'; '.join(never)}; put it back, or begin a new run"
        )
    hardly = [str(c) for c in found if c.rule == "kept"]
    if hardly and not force:
        raise UserError(
            f"{run}: {'; '.join(hardly)}; put it back, or go on with it by --force"
        )


def files_of(config: Config) -> list[Path]:
    """Every file of this machine that the settings name and that is there; of a folder, all that are in it."""
    return sorted({path for named in named_in(config) for path in below(named)})


def named_in(config: Config) -> list[Path]:
    """The files and folders of this machine that the settings name, whether or not they are there."""
    agents = config.agents.values()
    named = [
        *(d.file for d in config.domains.values()),
        *(file for a in config.askers.values() for file in a.file_settings().values()),
        *(
            file
            for part in config.evaluators.values()
            for file in part.file_settings().values()
        ),
        *(file for a in agents if a.data for file in a.data.files),
        *(tool.partition(":")[2] for a in agents for tool in a.tools),
        *user_part_files(config),
    ]
    return sorted({Path(name) for name in named if name and not name.startswith("hub:")})


def below(path: Path) -> list[Path]:
    """The file itself, all files in a folder, or nothing where there is neither."""
    if path.is_dir():
        return [p for p in sorted(path.rglob("*")) if p.is_file()]
    return [path] if path.is_file() else []


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _rule(name: str) -> Rule:
    rules: list[tuple[Rule, list[str]]] = [
        ("refused", _REFUSED),
        ("free", _FREE),
        ("noted", _NOTED),
    ]
    return next(
        (rule for rule, known in rules if any(fnmatchcase(name, k) for k in known)),
        "refused",
    )


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Settings by their dotted names; lists are values."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        whole = f"{above}.{name}" if above else name
        found |= (
            _flat(value, whole) if isinstance(value, Mapping) and value else {whole: value}
        )
    return found


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
