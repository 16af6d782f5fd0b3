"""The rules of the tests themselves: their names, that each asserts something, their files."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("*.py"))
PACKAGE = ROOT / "docendo"
MAX_NAME, MAX_FILE = 80, 350
TOO_LONG = {
    "monitors/planters.py",
}
"""Files over the limit; the list may only become shorter."""
WITHOUT_MIRROR: set[str] = set()
"""Modules that are tested through others, without a file of their name; the list may only become shorter."""

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
        module = ROOT / Path(*node.module.split("."))
        for source in (module.with_suffix(".py"), module / "__init__.py"):
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
        if place in visited:
            continue
        visited.add(place)
        if place[1] not in definitions_of(place[0]):
            if place[1] in imports_of(place[0]):
                waiting.append(imports_of(place[0])[place[1]])
            continue

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


def has_behaviour(path: Path) -> bool:
    """Whether some function of a module does more than to declare itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, FUNCTIONS):
            statements = [s for s in node.body if not isinstance(s, ast.Expr | ast.Raise)]
            if statements:
                return True
    return False


def mirror_of(module: Path) -> Path:
    """Where the tests of a module are: ``tests/ROOM/test_NAME.py`` for ``ROOM/NAME.py``."""
    place = module.relative_to(PACKAGE)
    return ROOT / "tests" / place.parent / f"test_{place.name}"


def test_every_module_has_a_test_file_of_its_name() -> None:
    unmirrored = set()
    for module in sorted(PACKAGE.rglob("*.py")):
        is_entry = module.name in {"__init__.py", "__main__.py"}
        if not is_entry and has_behaviour(module) and not mirror_of(module).is_file():
            unmirrored.add(str(module.relative_to(PACKAGE)))
    assert unmirrored <= WITHOUT_MIRROR, sorted(unmirrored - WITHOUT_MIRROR)


def test_no_test_file_is_longer_than_a_file_of_the_package() -> None:
    too_long = {
        str(path.relative_to(ROOT / "tests"))
        for path in FILES
        if len(path.read_text().splitlines()) > MAX_FILE
    }
    assert too_long <= TOO_LONG, sorted(too_long - TOO_LONG)
