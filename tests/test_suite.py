"""The rules of the tests themselves: their names, that each asserts something, their files."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("*.py"))
MAX_NAME = 80

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASSERTING_CALLS = {"pytest.raises", "pytest.warns", "pytest.fail"}
ASSERTING_MODULES = {"torch.testing", "np.testing", "numpy.testing"}


@cache
def definitions_of(path: Path) -> dict[str, ast.AST]:
    """Every function of a file by its name, methods and tables of functions included."""
    definitions: dict[str, ast.AST] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, FUNCTIONS):
            definitions[node.name] = node
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for target in node.targets:
                definitions[ast.unparse(target)] = node.value
    return definitions


@cache
def imports_of(path: Path) -> dict[str, tuple[Path, str]]:
    """Names that a file imports from this repository: where each is defined, and as what."""
    origins = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        source = ROOT / Path(*node.module.split(".")).with_suffix(".py")
        if source.is_file():
            for alias in node.names:
                origins[alias.asname or alias.name] = (source, alias.name)
    return origins


def is_assertion(node: ast.AST) -> bool:
    """An assert statement, or a call that raises by itself where something is wrong."""
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    return name in ASSERTING_CALLS or name.rpartition(".")[0] in ASSERTING_MODULES


@cache
def asserts(path: Path, name: str) -> bool:
    """Whether a function asserts, itself or through a helper of this repository."""
    waiting = [(path, name)]
    visited = set()
    while waiting:
        place = waiting.pop()
        if place in visited or place[1] not in definitions_of(place[0]):
            continue
        visited.add(place)

        function = definitions_of(place[0])[place[1]]
        # a parameter is a value, often a fixture's, and not the helper of the same name
        parameters = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        for node in ast.walk(function):
            if is_assertion(node):
                return True
            if isinstance(node, ast.Name) and node.id not in parameters:
                waiting.append(imports_of(place[0]).get(node.id, (place[0], node.id)))
            if isinstance(node, ast.Attribute):
                waiting.append((place[0], node.attr))
    return False


def named_tests(path: Path) -> list[str]:
    return [name for name in definitions_of(path) if name.startswith("test_")]


def test_no_test_name_is_longer_than_80_characters() -> None:
    too_long = [
        name for path in FILES for name in named_tests(path) if len(name) > MAX_NAME
    ]
    assert too_long == []


def test_every_test_asserts_something() -> None:
    idle = [
        f"{path.relative_to(ROOT)}::{name}"
        for path in FILES
        for name in named_tests(path)
        if not asserts(path, name)
    ]
    assert idle == []


def test_a_helper_that_asserts_counts_and_one_that_does_not_is_noticed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "test_toy.py"
    path.write_text(
        "def check(x):\n    assert x\n"
        "def show(x):\n    print(x)\n"
        "def test_through_a_helper():\n    check(1)\n"
        "def test_nothing():\n    show(1)\n"
        "def test_an_error():\n    with pytest.raises(ValueError):\n        int('x')\n"
    )
    verdicts = {name: asserts(path, name) for name in named_tests(path)}
    assert verdicts == {
        "test_through_a_helper": True,
        "test_nothing": False,
        "test_an_error": True,
    }
