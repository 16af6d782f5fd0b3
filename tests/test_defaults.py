"""Defaults stand in the config: a component has none of its own for what a setting says."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "docendo"

CONFIG_BASES = {"ConfigModel", "PartConfig"}

RECORDS = {"records", "serving"}
"""Rooms of values and of requests from outside: the protocol sets their defaults."""

SAME_NAME_ONLY = {
    "ComparisonSession.max_tokens",
    "ComparisonSession.temperature",
    "EquilibriumPlayer.alpha",
    "KuhnPoker.depth",
    "PopulationLearner.epochs",
    "ProblemReplay.beta",
    "ProblemReplay.rho",
    "ProceduralSource.source",
    "SamplingParams.top_p",
    "_Work.rounds",
}
"""Fields that no setting feeds, and two whose default changes nothing: 1 epoch, all of top_p.

The list may only become shorter.
"""


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield path.relative_to(PACKAGE).parts[0], node


def is_config(node: ast.ClassDef) -> bool:
    return any(isinstance(b, ast.Name) and b.id in CONFIG_BASES for b in node.bases)


def fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.value


def is_value(default: ast.expr | None) -> bool:
    """Whether it is a number or a text; 0, False, "" and None only say that a thing is off."""
    if isinstance(default, ast.BinOp):
        return is_value(default.left)
    if isinstance(default, ast.UnaryOp):
        return is_value(default.operand)
    return isinstance(default, ast.Constant) and bool(default.value)


def test_no_component_has_a_second_default_for_what_a_setting_says() -> None:
    settings: set[str] = set()
    for _, node in classes():
        if is_config(node):
            settings |= {name for name, _ in fields(node)}

    second_defaults = set()
    for room, node in classes():
        if room in RECORDS or is_config(node):
            continue
        is_dataclass = any("dataclass" in ast.unparse(d) for d in node.decorator_list)
        is_tuple = any("NamedTuple" in ast.unparse(base) for base in node.bases)
        if not is_dataclass and not is_tuple:
            continue
        for name, default in fields(node):
            if name in settings and is_value(default):
                second_defaults.add(f"{node.name}.{name}")
    assert second_defaults == SAME_NAME_ONLY
