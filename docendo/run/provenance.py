"""What a run was made with, and what of it may change before the run is resumed."""

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from docendo.config.load import Config
from docendo.datasets.files import BadRow
from docendo.errors import UserError
from docendo.parts import user_part_files
from docendo.store.checkpoints import hash_file
from docendo.version import VERSION, find_commit

__all__ = [
    "Change",
    "Rule",
    "check_changes",
    "compare_provenance",
    "files_below",
    "named_files",
    "named_paths",
    "record_provenance",
]

Rule = Literal["free", "noted", "kept", "refused"]
"""What a changed setting means for a run that is resumed.

free: the run ends as if the setting had had its new value from the start. noted: the run
goes on, but differs from one that had the new value from the start. kept: refused unless
the user insists. refused: always, because what was learned would not fit.
"""

# patterns of settings; those that no pattern matches are refused
_REFUSED = ["learning.baseline*", "league.reference_matches", "duels.game"]
_FREE = [
    "teaching.rounds",
    "evaluation.eval_every",
    "endpoints.*",
    "monitors.*",
    "engine.trust_remote_code",
    "parts_folder",
    "trackers",
]
_NOTED = [
    "engine.dtype",
    "engine.kernels",
    "engine.device",
    "engine.max_num_seqs",
    "engine.max_tokens_per_microbatch",
    "engine.thinking.*",
    "agents.*.temperature",
    "agents.*.top_p",
    "agents.*.max_tokens",
    "agents.*.max_tool_calls",
    "agents.*.system_prompt",
    "teaching.*",
    "learning.*",
    "league.*",
    "duels.*",
]
# the first list with a match decides: league.* would take in league.reference_matches
_RULES: list[tuple[Rule, list[str]]] = [
    ("refused", _REFUSED),
    ("free", _FREE),
    ("noted", _NOTED),
]
_MAX_VALUE_LENGTH = 40
"""Characters of a value in a message."""
_LEFT_OUT = "left out of the data"
_PACKAGES = ("torch", "transformers", "numpy")


class Change(NamedTuple):
    """One difference between a run as it was made and as it is resumed."""

    what: str
    """A setting, package, file or part."""
    was: Any
    now: Any
    rule: Rule

    def __str__(self) -> str:
        return f"{self.what}: was {_short(self.was)}, is now {_short(self.now)}"


def record_provenance(
    config: Config,
    backend: Mapping[str, Any],
    parts: Mapping[str, str] | None = None,
    left_out: Sequence[BadRow] = (),
) -> dict[str, Any]:
    """What a run was made with, as JSON.

    Holds settings, versions, machine, hashes of the base model's weights and of every file
    that the settings name. `backend` is what `Backend.provenance` says; `parts` are those set
    from Python, as place -> type; `left_out` are the rows of the data that are no problems.
    """
    # the vector instructions decide the order of sums, and so the last digits
    processor = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    return {
        "settings": config.model_dump(mode="json", exclude_none=True),
        "versions": _collect_versions(),
        "machine": {
            "processor": processor,
            "threads": torch.get_num_threads(),
            "batch_invariant": backend["batch_invariant"],
        },
        "files": {str(path): hash_file(path) for path in named_files(config)},
        "base": backend["base"],
        "commit": find_commit(),
        "parts": dict(parts or {}),
        "data": {_LEFT_OUT: _describe_rows(left_out)},
    }


def compare_provenance(
    was: Mapping[str, Any] | None, now: Mapping[str, Any]
) -> list[Change]:
    """The differences between two provenances, settings first; none if `was` is None."""
    if not was:
        return []

    changes: list[Change] = []
    before = _flatten(was["settings"])
    after = _flatten(now["settings"])
    defaults = _flatten(Config().model_dump(mode="json", exclude_none=True))
    for name in sorted(before.keys() | after.keys()):
        # A setting that is newer than the run had its default's behaviour.
        is_new_default = name not in before and after[name] == defaults.get(name)
        if before.get(name) != after.get(name) and not is_new_default:
            rule = _rule_of(name)
            changes.append(Change(name, before.get(name), after.get(name), rule))

    rules: dict[str, Rule] = {
        "versions": "noted",
        "machine": "noted",
        "files": "kept",
        "data": "kept",
    }
    for section, rule in rules.items():
        old = was.get(section, {})
        new = now[section]
        for name in sorted(old.keys() & new.keys()):
            if old[name] != new[name]:
                changes.append(Change(name, old[name], new[name], rule))

    if was["base"] != now["base"]:
        name = "the base model's weights"
        changes.append(Change(name, was["base"], now["base"], "kept"))
    return changes + _compare_parts(was.get("parts", {}), now["parts"])


def _compare_parts(was: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """Missing and new parts from Python are refused; another type in a place is noted."""
    changes = []
    for place in sorted(was.keys() | now.keys()):
        old = was.get(place)
        new = now.get(place)
        if old == new:
            continue
        is_missing = old is None or new is None
        rule: Rule = "refused" if is_missing else "noted"
        old = old or "the config's"
        new = new or "the config's"
        changes.append(Change(f"parts.{place}", old, new, rule))
    return changes


def check_changes(changes: Sequence[Change], run: Path, force: bool) -> None:
    """Raises UserError naming every change that forbids to resume the run.

    `force` admits those whose rule is "kept".
    """
    refused = [str(change) for change in changes if change.rule == "refused"]
    if refused:
        raise UserError(
            f"{run} cannot go on: {'; '.join(refused)}; put it back, or begin a new run"
        )
    doubtful = [str(change) for change in changes if change.rule == "kept"]
    if doubtful and not force:
        raise UserError(
            f"{run}: {'; '.join(doubtful)}; put it back, or go on with it by --force"
        )


def named_files(config: Config) -> list[Path]:
    """The existing files of this machine that the settings name, also through a folder."""
    files: set[Path] = set()
    for path in named_paths(config):
        files.update(files_below(path))
    return sorted(files)


def named_paths(config: Config) -> list[Path]:
    """The files and folders of this machine that the settings name, existing or not."""
    names: list[str | None] = []
    for domain in config.domains.values():
        names += [domain.file, domain.held_out]
    for part in (*config.askers.values(), *config.evaluators.values()):
        names.extend(part.file_settings().values())
    for agent in config.agents.values():
        if agent.data:
            names.extend(agent.data.files)
        # a tool that reads a file is written as tool:file
        names.extend(tool.partition(":")[2] for tool in agent.tools)
    names.extend(user_part_files(config))
    return sorted({Path(name) for name in names if name and not name.startswith("hub:")})


def files_below(path: Path) -> list[Path]:
    """The file itself, all files in a folder, or nothing if the path does not exist."""
    if path.is_dir():
        return [file for file in sorted(path.rglob("*")) if file.is_file()]
    return [path] if path.is_file() else []


def _collect_versions() -> dict[str, str]:
    versions = {"docendo": VERSION, "python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _describe_rows(rows: Sequence[BadRow]) -> str:
    # A program near its limit of time may be left out today and not tomorrow: then the problems
    # that are drawn are others, although no file changed.
    places = sorted(f"{row.file}:{row.line}" for row in rows)
    digest = blake2b("\n".join(places).encode(errors="surrogatepass"), digest_size=4)
    return f"{len(places)} rows ({digest.hexdigest()})"


def _rule_of(setting: str) -> Rule:
    for rule, patterns in _RULES:
        if any(fnmatchcase(setting, pattern) for pattern in patterns):
            return rule
    return "refused"


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their dotted names; lists and empty tables are values."""
    settings: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping) and value:
            settings |= _flatten(value, name)
        else:
            settings[name] = value
    return settings


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    if len(text) <= _MAX_VALUE_LENGTH:
        return text
    return f"{text[:_MAX_VALUE_LENGTH]}..."
