"""The house numbers: layers, sizes, exports. An exception is written here with its reason."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "docendo"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = [
    {"records", "seeds", "errors"},
    {"interfaces"},
    {"prompts"},
    {"graders"},
    {"tools"},
    {"problems", "classroom", "learning", "league", "engines", "alarms"},
    {"compute", "store"},
    {"humans"},
    {"school"},
    {"examples", "measures"},
    {"loop"},
    {"tables"},
    {"config"},
    {"build_people", "build_endpoints", "build_alarms"},
    {"build_league", "build_graders", "build_askers", "build_agents", "build_data"},
    {"build"},
    {"evaluation", "playing", "provenance", "report"},
    {"session"},
    {"serving", "study"},
    {"cli"},
]
FIELDS_ALLOWED = {"AgentConfig": 13, "Config": 16, "School": 13}
"""A config has one field per section, a school one per stage, and an agent's table all that may be said of it."""
MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS, MAX_FIELDS = 300, 40, 6, 12
BROAD_EXCEPT_ALLOWED = {"graders/grading.py", "graders/errand.py"}
"""The boundaries that turn a failure of somebody else's function into a value: a grader's into a verdict, and in the
process that calls a user's file into a line to the process that asked."""


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported_parts(tree: ast.AST) -> set[str]:
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return {m.split(".")[1] for m in modules if m.startswith("docendo.")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    if path.name in {"__init__.py", "__main__.py"}:
        return
    mine = part(path)
    for other in imported_parts(parsed(path)) - {mine}:
        assert layer(other) < layer(mine), f"{mine} imports {other}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_functions_and_records_stay_small(path: Path) -> None:
    tree = parsed(path)
    assert len(path.read_text().splitlines()) <= MAX_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION, f"{node.name} has {length} lines"
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len([n for n in names if n not in {"self", "cls"}])
            # typer reads a command's options from its parameters
            assert count <= MAX_PARAMETERS or part(path) == "cli", f"{node.name} has {count} parameters"
        if isinstance(node, ast.ClassDef):
            fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
            assert len(fields) <= FIELDS_ALLOWED.get(node.name, MAX_FIELDS), f"{node.name} has {len(fields)} fields"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_broad_except_only_at_the_boundary(path: Path) -> None:
    handlers = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.ExceptHandler)]
    broad = [
        h
        for h in handlers
        if h.type is None
        or any(isinstance(n, ast.Name) and n.id in {"Exception", "BaseException"} for n in ast.walk(h.type))
    ]
    assert not broad or str(path.relative_to(PACKAGE)) in BROAD_EXCEPT_ALLOWED


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_exports_are_complete_and_sorted(path: Path) -> None:
    if path.name in {"__init__.py", "__main__.py"}:
        return
    tree = parsed(path)
    public: set[str] = set()
    exported: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            public.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and target.id == "__all__" and isinstance(node, ast.Assign):
                exported = ast.literal_eval(node.value)
            elif isinstance(target, ast.Name) and not target.id.startswith("_"):
                public.add(target.id)
    assert set(exported) == public, f"__all__ misses {public - set(exported)}, has extra {set(exported) - public}"
    assert exported == sorted(exported, key=lambda n: (not n.isupper(), n[0].islower(), n)), "__all__ is not sorted"


def test_nobody_inherits_an_implementation() -> None:
    classes = {n.name for f in FILES for n in ast.walk(parsed(f)) if isinstance(n, ast.ClassDef)}
    # a pydantic model per config table; a Protocol that joins others
    free = {
        "Protocol",
        "NamedTuple",
        "UseError",
        "RunError",
        "BaseModel",
        "Table",
        "Engine",
        "Trainable",
        "Keeper",
        "Watcher",
    }
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                parents = {b.id for b in node.bases if isinstance(b, ast.Name)} - free
                assert not parents & classes, f"{node.name} inherits {parents & classes}"
