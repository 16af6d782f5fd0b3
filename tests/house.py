"""How dense the package is written: figures that the structure test holds, for a reader to print.

``python -m tests.house`` prints them for the whole package, ``--folders`` for every room.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "docendo"

FILLER_NAMES = frozenset(
    [
        "found",
        "wanted",
        "given",
        "told",
        "some",
        "own",
        "most",
        "here",
        "good",
        "kept",
        "made",
        "seen",
        "shown",
        "known",
        "held",
        "got",
        "asked",
        "said",
        "meant",
        "other",
        "others",
        "whole",
    ]
)
"""Names that say nothing of what they hold."""

LAYOUT_TOKENS = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.COMMENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Density:
    """Sums over files; the properties are what people compare."""

    code_lines: int = 0
    tokens: int = 0
    comments: int = 0
    comprehensions: int = 0
    nested: int = 0
    names: int = 0
    fillers: int = 0
    function_lines: int = 0
    blank_lines: int = 0

    @property
    def tokens_per_line(self) -> float:
        return self.tokens / max(1, self.code_lines)

    @property
    def comprehensions_per_1000_lines(self) -> float:
        return 1000 * self.comprehensions / max(1, self.code_lines)

    @property
    def nested_per_1000_lines(self) -> float:
        return 1000 * self.nested / max(1, self.code_lines)

    @property
    def comments_per_100_lines(self) -> float:
        return 100 * self.comments / max(1, self.code_lines)

    @property
    def filler_share(self) -> float:
        return self.fillers / max(1, self.names)

    @property
    def blank_share(self) -> float:
        return self.blank_lines / max(1, self.function_lines)


def docstring_lines(tree: ast.Module) -> set[int]:
    """The numbers of all lines that belong to docstrings."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
            continue
        if isinstance(node.value.value, str):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def measure(paths: Iterable[Path]) -> Density:
    """The density of all files together."""
    density = Density()
    for path in paths:
        text = path.read_text()
        tree = ast.parse(text)
        _count_tokens(density, text=text, documented=docstring_lines(tree))
        _count_nodes(density, tree=tree, lines=text.splitlines())
    return density


def _count_tokens(density: Density, *, text: str, documented: set[int]) -> None:
    code: set[int] = set()
    strings = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        # from Python 3.12 on an f-string is many tokens; it counts as the one that it was before
        name, is_inside = tokenize.tok_name[token.type], strings > 0
        strings += (name == "FSTRING_START") - (name == "FSTRING_END")
        if is_inside or token.start[0] in documented:
            continue
        if (
            token.type == tokenize.COMMENT
            and "noqa" not in token.string
            and "type:" not in token.string
        ):
            density.comments += 1
        if token.type not in LAYOUT_TOKENS:
            density.tokens += 1
            code.update(range(token.start[0], token.end[0] + 1))
    density.code_lines += len(code)


def _count_nodes(density: Density, *, tree: ast.Module, lines: list[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, COMPREHENSIONS):
            density.comprehensions += 1
            inner = (child for child in ast.walk(node) if child is not node)
            density.nested += any(isinstance(child, COMPREHENSIONS) for child in inner)

        if isinstance(node, ast.arg) or (
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ):
            name = node.arg if isinstance(node, ast.arg) else node.id
            density.names += 1
            density.fillers += name.strip("_") in FILLER_NAMES

        if isinstance(node, FUNCTIONS):
            body = lines[node.lineno : node.end_lineno]
            density.function_lines += len(body)
            density.blank_lines += sum(not line.strip() for line in body)


def describe(name: str, density: Density) -> str:
    """One line for a person."""
    return (
        f"{name:24} tokens {density.tokens:7} a line {density.tokens_per_line:5.1f}"
        f" comprehensions/1000 {density.comprehensions_per_1000_lines:4.0f}"
        f" (nested {density.nested_per_1000_lines:4.1f}) fillers {density.filler_share:6.1%}"
        f" comments/100 {density.comments_per_100_lines:4.1f} blank {density.blank_share:5.1%}"
    )


def main() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    if "--folders" in sys.argv:
        for room in sorted({path.parent for path in files}):
            members = [path for path in files if path.parent == room]
            print(describe(str(room.relative_to(PACKAGE)), measure(members)))
    print(describe("all", measure(files)))


if __name__ == "__main__":
    main()
