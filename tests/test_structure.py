"""The house numbers: layers, sizes, density, exports. An exception is written here with its reason."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.house import PACKAGE, measure

FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = [
    {
        "version",
        "cache",
        "errors",
        "records",
        "registry",
        "seeds",
        "statistics",
        "urls",
        "engines/profiling",
        "nano",
        "nano_rules",
    },
    {"assertions", "parts"},
    {"interfaces", "thinking"},
    {"backend"},
    {
        "analysis",
        "compute",
        "datasets",
        "engines/constrained",
        "engines/remote",
        "formatting",
        "prompts",
        "sandbox",
        "store",
    },
    {"config", "graders", "league", "learning", "tools", "trackers"},
    {"engines/wrappers", "games", "humans", "judges", "metrics", "problems", "teaching"},
    {"asking", "monitors"},
    {"school"},
    {"sft_data"},
    {"labels"},
    {"loop", "system"},
    {"engines/lora"},
    {"engines/model"},
    {"engines/cpu"},
    {"engines/local"},
    {"engines"},
    {"build"},
    {"run", "report/facts"},
    {"report/render"},
    {"report"},
    {"serving", "study"},
    {"cli"},
    {"testing", "__init__"},
    {"__main__"},
]
"""Rooms from the bottom up. A file imports from its own room and from lower layers only."""
FIELDS_ALLOWED = {
    "AgentConfig": 13,
    "Analysis": 13,
    "Config": 18,
    "EndpointConfig": 13,
    "LearningConfig": 22,
    "LeagueConfig": 13,
    "TeachingConfig": 17,
    "Session": 14,
    "School": 15,
    "StudyConfig": 14,
}
"""A config has one field per section, a school one per stage, and an agent's table all that may be said of it."""
MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS, MAX_FIELDS = 350, 60, 6, 12
BROAD_EXCEPT_ALLOWED = {
    "engines/local/chat_template.py",
    "engines/local/pretrained.py",
    "graders/answer.py",
    "sandbox/worker.py",
}
"""The boundaries that turn a failure of somebody else's function into a value: a grader's into a verdict, and in the
process that calls a user's file into a line to the process that asked; a model's chat template, which is a program; a
model that transformers cannot read."""
TOO_LONG = {
    "engines/local/engine.py",
    "report/render/run_charts.py",
}
"""Files over a limit of length; the list may only become shorter."""
CIRCLES_ALLOWED: set[str] = set()
"""Files whose imports still run in a circle; the list may only become shorter."""


def room_of(path: Path) -> str:
    """The folder of a file below the package, or the file itself where it lies in the package's root."""
    parts = path.relative_to(PACKAGE).parts
    return "/".join(parts[:-1]) if len(parts) > 1 else parts[0].removesuffix(".py")


def layer_of(room: str) -> int:
    for height, rooms in enumerate(LAYERS):
        if room in rooms:
            return height
    raise AssertionError(f"{room} is in no layer: add it to LAYERS")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def modules() -> dict[str, Path]:
    """Every module's file by its dotted name; a package is its __init__."""
    dotted = {}
    for path in FILES:
        parts = ("docendo", *path.relative_to(PACKAGE).with_suffix("").parts)
        dotted[".".join(parts).removesuffix(".__init__")] = path
    return dotted


MODULES = modules()


def imported_files(path: Path) -> Iterator[Path]:
    """The package's files that a file imports, at any depth of its code and under TYPE_CHECKING too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module = MODULES.get(f"{node.module}.{alias.name}") or MODULES.get(
                    node.module
                )
                if module is not None:
                    yield module
        if isinstance(node, ast.Import):
            yield from (
                MODULES[alias.name] for alias in node.names if alias.name in MODULES
            )


def find_circles(graph: Mapping[Path, set[Path]]) -> list[set[Path]]:
    """Groups of files that reach each other (strongly connected, by mutual reachability)."""
    reach = {path: reachable(graph, path) for path in graph}
    circles: list[set[Path]] = []
    for path in graph:
        circle = {other for other in reach[path] if path in reach[other]}
        if circle and circle not in circles:
            circles.append(circle)
    return circles


def reachable(graph: Mapping[Path, set[Path]], start: Path) -> set[Path]:
    reached: set[Path] = set()
    waiting = [start]
    while waiting:
        for following in graph[waiting.pop()] - reached:
            reached.add(following)
            waiting.append(following)
    return reached


def test_a_circle_of_three_files_is_found() -> None:
    a, b, c, d = (Path(name) for name in "abcd")
    graph = {a: {b}, b: {c}, c: {a}, d: {a}}
    assert find_circles(graph) == [{a, b, c}]


def test_no_imports_run_in_a_circle() -> None:
    graph = {
        path: {other for other in imported_files(path) if other != path} for path in FILES
    }
    in_circles = {
        str(path.relative_to(PACKAGE)) for circle in find_circles(graph) for path in circle
    }
    assert in_circles == CIRCLES_ALLOWED


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    for other in {room_of(imported) for imported in imported_files(path)} - {room}:
        assert layer_of(other) < layer_of(room), (
            f"{room} imports {other}, which is not below it"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_functions_and_records_stay_small(path: Path) -> None:
    tree = parsed(path)
    if str(path.relative_to(PACKAGE)) in TOO_LONG:
        return
    assert len(path.read_text().splitlines()) <= MAX_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION, f"{node.name} has {length} lines"
            names = [
                a.arg
                for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            ]
            count = len([n for n in names if n not in {"self", "cls"}])
            # typer reads a command's options from its parameters
            assert count <= MAX_PARAMETERS or room_of(path) == "cli", (
                f"{node.name} has {count} parameters"
            )
        if isinstance(node, ast.ClassDef):
            fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
            assert len(fields) <= FIELDS_ALLOWED.get(node.name, MAX_FIELDS), (
                f"{node.name} has {len(fields)} fields"
            )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_broad_except_clauses_are_only_at_the_boundary(path: Path) -> None:
    handlers = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.ExceptHandler)]
    broad = [
        h
        for h in handlers
        if h.type is None
        or any(
            isinstance(n, ast.Name) and n.id in {"Exception", "BaseException"}
            for n in ast.walk(h.type)
        )
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
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not node.name.startswith("_"):
            public.add(node.name)
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        for target in targets:
            if (
                isinstance(target, ast.Name)
                and target.id == "__all__"
                and isinstance(node, ast.Assign)
            ):
                exported = ast.literal_eval(node.value)
            elif isinstance(target, ast.Name) and not target.id.startswith("_"):
                public.add(target.id)
    assert set(exported) == public, (
        f"__all__ misses {public - set(exported)}, has extra {set(exported) - public}"
    )
    assert exported == sorted(
        exported, key=lambda n: (not n.isupper(), n[0].islower(), n)
    ), "__all__ is not sorted"


def test_no_class_inherits_an_implementation() -> None:
    classes = {
        n.name for f in FILES for n in ast.walk(parsed(f)) if isinstance(n, ast.ClassDef)
    }
    # a pydantic model per config table; a Protocol that joins others
    free = {
        "Protocol",
        "NamedTuple",
        "UserError",
        "RunError",
        "BaseModel",
        "ConfigModel",
        "PartConfig",
        "Engine",
        "Backend",
        "Callback",
        # the reading half of RunDirectory: eight wrappers otherwise
        "RunReader",
    }
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                parents = {b.id for b in node.bases if isinstance(b, ast.Name)} - free
                assert not parents & classes, f"{node.name} inherits {parents & classes}"


def test_the_code_is_not_dense() -> None:
    """The mean of the whole package; a figure may only become better."""
    density = measure(FILES)
    assert density.tokens_per_line <= 8.2
    assert density.comprehensions_per_1000_lines <= 36
    assert density.nested_per_1000_lines <= 0.5
    assert density.filler_share <= 0.008
    assert density.comments_per_100_lines >= 1.4
    assert density.blank_share >= 0.055
