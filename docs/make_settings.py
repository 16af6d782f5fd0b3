"""Writes docs/settings.md from the docstrings of settings; ``--check`` only compares it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from write_page import write_or_check

from docendo.registry import PARTS

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("settings.md")
HEAD = """# Every setting

This page is made from the settings' docstrings by `python docs/make_settings.py`.

A config is TOML. What it leaves out keeps its default, which is the demo. Unknown names are errors.
"""
TABLES = {
    "The top of the file": ("config/load.py", "Config"),
    "`[engine]`": ("config/training.py", "EngineConfig"),
    "`[engine.thinking]`": ("thinking.py", "ThinkingConfig"),
    "`[domains.NAME]`": ("config/agents.py", "DomainConfig"),
    "`domains.NAME.columns`": ("datasets/columns.py", "Columns"),
    "`domains.NAME.split`": ("datasets/columns.py", "SplitNames"),
    "`[agents.NAME]`": ("config/agents.py", "AgentConfig"),
    "`[agents.NAME.grammar]`": ("config/sampling.py", "GrammarConfig"),
    "`[agents.NAME.data]`": ("config/sampling.py", "DataConfig"),
    "`[experts]`": ("config/training.py", "ExpertsConfig"),
    "`[teaching]`": ("config/training.py", "TeachingConfig"),
    "`[learning]`": ("config/training.py", "LearningConfig"),
    "`[league]`": ("config/training.py", "LeagueConfig"),
    "`[duels]`": ("config/training.py", "DuelsConfig"),
    "`[evaluation]`": ("config/training.py", "EvaluationConfig"),
    "`[monitors]`": ("config/monitors.py", "MonitorsConfig"),
    "`[people.NAME]`": ("config/people.py", "PersonConfig"),
    "`[endpoints.NAME]`": ("config/sampling.py", "EndpointConfig"),
    "The top of a study's file": ("config/study.py", "StudyConfig"),
    "`[regimes.NAME]` of a study": ("config/study.py", "RegimeConfig"),
    "`[custom_arms.NAME]` of a study": ("config/study.py", "CustomArmConfig"),
}
"""Heading -> file and class, for what is no part."""
PLACES = {
    "asker": "`[askers.NAME]`",
    "backend": "`engine.backend`",
    "baseline": "`learning.baseline`",
    "curriculum": "`league.curriculum`, `learning.practice_curriculum`",
    "domain": "`domains.NAME.source`",
    "evaluator": "`[evaluators.NAME]`",
    "labels": "`learning.labels`",
    "loss": "`learning.loss`",
    "matchmaker": "`league.matchmaker`",
    "opponent_selection": "`duels.opponents`",
    "reward": "`teaching.reward`",
    "sandbox": "`evaluators.NAME.sandbox`",
    "sft_data": "`learning.sft_data`",
    "teacher_selection": "`league.teacher_selection`",
    "tracker": "`trackers`",
}
"""Kind of part -> where a config names one."""
_SPELLED_OUT = {
    "_SOLUTION": '`"solution"`',
    "True": "`true`",
    "False": "`false`",
    "None": "none",
    "_ALL": "all",
    "{'all': RegimeConfig()}": "one, `all`",
    "Field(default_factory=list)": "`[]`",
    "Field(default_factory=dict)": "`{}`",
}
"""Default as Python -> default as a reader of TOML writes it."""


def make_page() -> str:
    """Every setting with its default and meaning, as Markdown."""
    lines = [HEAD]
    for heading, (file, name) in TABLES.items():
        lines += [f"## {heading}", "", *_table(_find_class(file, name)), ""]

    lines += ["## Settings of parts", ""]
    lines += ["A part without settings is named by its type alone.", ""]
    for kind in sorted(PARTS):
        place = PLACES[kind]
        for types, part in _parts_of(kind):
            types_text = " or ".join(f'`type = "{name}"`' for name in types)
            lines += [f"### {place} with {types_text}", ""]
            lines += [ast.get_docstring(part) or "", "", *_table(part), ""]
    return "\n".join(lines)


def _parts_of(kind: str) -> Iterator[tuple[list[str], ast.ClassDef]]:
    """The parts of a kind that have settings: their types, and the class of the settings."""
    types_by_class: dict[str, list[str]] = {}
    for name, reference in PARTS[kind].items():
        types_by_class.setdefault(reference, []).append(name)

    for reference, types in types_by_class.items():
        module, _, class_name = reference.partition(":")
        file = "/".join(module.split(".")[1:]) + ".py"
        part = _find_class(file, class_name)
        if any(field.target.id != "type" for field, _ in _fields(part)):
            yield types, part


def _find_class(file: str, name: str) -> ast.ClassDef:
    for node in ast.parse((ROOT / "docendo" / file).read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise LookupError(f"{file} has no class {name}")


def _fields(part: ast.ClassDef) -> Iterator[tuple[ast.AnnAssign, str]]:
    """Every field with its docstring."""
    for field, following in zip(part.body, [*part.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign):
            continue
        meaning = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            meaning = " ".join(str(following.value.value).split())
        yield field, meaning


def _table(part: ast.ClassDef) -> list[str]:
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for field, meaning in _fields(part):
        if field.target.id != "type":
            rows.append(f"| `{field.target.id}` | {_default(field.value)} | {meaning} |")
    return rows


def _default(value: ast.expr | None) -> str:
    if value is None:
        return "required"
    text = ast.unparse(value)
    if text in _SPELLED_OUT:
        return _SPELLED_OUT[text]
    if isinstance(value, ast.Call):
        return _default_of_call(value)
    return f"`{text}`".replace("'", '"')


def _default_of_call(call: ast.Call) -> str:
    text = ast.unparse(call)
    if text.startswith("default_part"):
        _, name = call.args
        return f"`{ast.unparse(name)}`".replace("'", '"')
    if text.endswith("Config()") or text == "Columns()":
        return "see below"
    return "the demo's"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, make_page(), __file__))
