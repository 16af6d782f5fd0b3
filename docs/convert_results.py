"""Give the committed results of studies the names that this version uses.

Converts docs/results/study/* in place: names of arms, of settings and of fields, in results,
trials and study.json. Nothing is trained and no number changes. Running it again changes
nothing. Settings are renamed by `docendo.config.renamed`, so a later renaming needs no change
here.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docendo.config.load import parse_config, to_toml
from docendo.config.renamed import new_name_of, new_value_of
from docendo.config.study import StudyConfig
from docendo.store.atomic import write_atomically
from docendo.study.result_files import STUDY_FILE, result_path, write_result
from docendo.study.results import ArmResult

RESULTS = Path(__file__).parent / "results" / "study"
ARMS = {
    "all-data": "joint-rl",
    "all-data-pooled": "joint-rl-shared",
    "all-data-sft": "joint-sft",
    "one-agent": "single-agent",
    "one-agent-wide": "single-agent-wide",
    "teaching-frozen": "teaching-frozen-teachers",
    "teaching-gold": "teaching-oracle-lessons",
    "teaching-no-home": "teaching-no-solo-training",
    "teaching-no-homework": "teaching-no-sharing",
    "teaching-no-practice": "teaching-no-self-practice",
    "teaching-uniform": "teaching-uniform-teachers",
}
STUDY_SETTINGS = {
    "grids": "search_space",
    "looked": "eval_problems",
    "outside": "ood_families",
    "own": "custom_arms",
    "points": "eval_points",
    "problems": "test_problems",
    "tuning": "tuning_fraction",
}
RESULT_FIELDS = {
    "": {"about": "setup"},
    "setup": {
        "expert_of": "expert_domains",
        "setting": "settings",
        "studied": "sft_domains",
    },
    "scores": {"lesson": "with_lesson", "outside": "ood", "start": "after_experts"},
    "trace": {
        "cyclic": "cyclic_share",
        "gains": "lesson_gains",
        "passed": "gate_passed",
        "useful": "nonzero_variance",
    },
}
"""New names of a result's fields, by the new name of the section that holds them."""
SPLIT_SETTINGS = {
    ("learning.estimator", "rloo"): {
        "learning.baseline": "leave_one_out",
        "learning.loss": "policy_gradient",
    },
    ("learning.estimator", "reinforce"): {
        "learning.baseline": "running_mean",
        "learning.loss": "policy_gradient",
    },
    ("learning.estimator", "ppo"): {
        "learning.baseline": "leave_one_out",
        "learning.loss": "ppo_clip",
    },
    ("league.curriculum", "everything"): {
        "league.curriculum": "uniform",
        "learning.practice_curriculum": "uniform",
        "learning.imitation_sampling": "family_turns",
    },
    ("league.curriculum", "learnable"): {
        "league.curriculum": "learnability",
        "learning.practice_curriculum": "learnability",
        "learning.imitation_sampling": "error_rate",
    },
    ("league.curriculum", "missing"): {
        "league.curriculum": "learnability",
        "learning.practice_curriculum": "rarity",
        "learning.imitation_sampling": "error_rate",
    },
    ("league.curriculum", "replay"): {
        "league.curriculum": "plr",
        "learning.practice_curriculum": "plr",
        "learning.imitation_sampling": "error_rate",
    },
}
"""Settings that became several, which the table of renamed settings cannot say."""

PART_TYPES = {"teaching.reward": "gain"}
"""The types of parts that had only parameters before: `teaching.penalty` named no reward."""

Table = dict[str, Any]


def convert_setting(name: str, value: Any) -> dict[str, Any]:
    """The setting under its new name, with its new value; several settings where it was split."""
    if isinstance(value, str) and (name, value.strip("'\"")) in SPLIT_SETTINGS:
        return SPLIT_SETTINGS[name, value.strip("'\"")]

    path = tuple(name.split("."))
    new_path = _rename_path(path)
    if isinstance(value, list):
        value = [_convert_value((*new_path, str(i)), v) for i, v in enumerate(value)]
    return {".".join(new_path): _convert_value(new_path, value)}


def _convert_value(path: tuple[str, ...], value: Any) -> Any:
    """The new name of a value; a value of --set may have quotes around it."""
    if not isinstance(value, str):
        return value
    bare = value.strip("'\"")
    new_value = new_value_of(path, bare)
    return value if new_value is None else value.replace(bare, new_value)


def _rename_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """The new name of a setting, or of the longest table around it that was renamed."""
    for length in range(len(path), 0, -1):
        new_name = new_name_of(path[:length])
        if new_name is not None:
            return _rename_path((*new_name.split("."), *path[length:]))
    return path


def convert_assignments(assignments: Sequence[str]) -> list[str]:
    """Settings as in --set, ``learning.homework=author``."""
    converted: list[str] = []
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        for new_name, new_value in convert_setting(name, value).items():
            converted.append(f"{new_name}={new_value}")
    return converted


def convert_league(text: str) -> str:
    """The TOML of a league. Raises UserError where a setting still has an old name."""
    league: Table = {}
    for path, value in _leaves(tomllib.loads(text)):
        for name, new_value in convert_setting(".".join(path), value).items():
            *tables, last = name.split(".")
            place = league
            for table in tables:
                place = place.setdefault(table, {})
            place[last] = new_value
    for part, part_type in PART_TYPES.items():
        section, _, name = part.partition(".")
        parameters = league.get(section, {}).get(name)
        if isinstance(parameters, dict):
            parameters.setdefault("type", part_type)
    return to_toml(parse_config(league, STUDY_FILE))


def _leaves(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[Any]:
    """(path, value) of everything in a table that is no table, or an empty one."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def convert_study(study: Table) -> Table:
    """The settings of a study."""
    study = _rename_keys(study, STUDY_SETTINGS)
    study["arms"] = [_rename_arm(arm) for arm in study["arms"]]
    for regime in study["regimes"].values():
        regime["settings"] = convert_assignments(regime["settings"])
        regime["arms"] = {
            _rename_arm(arm): convert_assignments(settings)
            for arm, settings in regime["arms"].items()
        }
    search_space: dict[str, list[list[str]]] = {}
    for arm, choices in study["search_space"].items():
        search_space[_rename_arm(arm)] = [convert_assignments(c) for c in choices]
    study["search_space"] = search_space
    for custom_arm in study["custom_arms"].values():
        custom_arm["like"] = _rename_arm(custom_arm["like"])
        custom_arm["settings"] = convert_assignments(custom_arm["settings"])

    defaults = StudyConfig.model_validate({**study, "config": ""})
    return defaults.model_dump(mode="json", exclude={"config"})


def _rename_arm(arm: str) -> str:
    return ARMS.get(arm, arm)


def _rename_keys(table: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    return {names.get(key, key): value for key, value in table.items()}


def convert_result(document: Table) -> ArmResult:
    """One training's result."""
    result = _rename_keys(document, RESULT_FIELDS[""])
    for section in ("setup", "scores", "trace"):
        result[section] = _rename_keys(result[section], RESULT_FIELDS[section])
    settings: Table = {}
    for name, value in result["setup"]["settings"].items():
        settings |= convert_setting(name, value)
    result["setup"]["settings"] = settings
    result["arm"] = _rename_arm(result["arm"])
    return ArmResult.model_validate_json(json.dumps({**result, "format": 2}))


def convert_folder(folder: Path) -> None:
    """Everything in one study's folder."""
    for path in sorted(folder.glob("results/*/*.json")):
        result = convert_result(json.loads(path.read_text()))
        write_result(folder, result)
        if path != result_path(folder, result.regime, result.arm, result.seed):
            path.unlink()

    for path in sorted(folder.glob("tuning/*/*.json")):
        trial = json.loads(path.read_text())
        trial["settings"] = convert_assignments(trial["settings"])
        arm, _, number = path.stem.rpartition("-")
        new_path = path.with_name(f"{_rename_arm(arm)}-{number}.json")
        _write_json(new_path, trial)
        if path != new_path:
            path.unlink()

    study_file = folder / STUDY_FILE
    document = json.loads(study_file.read_text())
    document["study"] = convert_study(document["study"])
    document["config"] = convert_league(document["config"])
    # Hashes of data files stay: they are of the files' content, which holds no name.
    _write_json(study_file, document)


def _write_json(path: Path, document: Any) -> None:
    write_atomically(path, json.dumps(document, indent=1).encode() + b"\n")


def main() -> int:
    """Convert the folders that are named, or all committed ones."""
    for folder in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(RESULTS.iterdir()):
        convert_folder(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
