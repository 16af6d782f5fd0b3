"""Writes docs/layout.md from the docstrings of modules; ``--check`` only tells whether it is up to date.

Every module of the package has one row: its path and the first sentence of its docstring.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from write_page import write_or_check

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "docendo"
PAGE = Path(__file__).with_name("layout.md")
HEAD = """# Layout of the code

This page is made from the modules' docstrings by `python docs/make_layout.py`. A file imports only
from earlier layers; `tests/test_structure.py` holds their order.
"""


def page() -> str:
    """The whole page: a section per folder, a row per module."""
    folders = [PACKAGE, *sorted(path for path in PACKAGE.rglob("*") if path.is_dir())]
    sections = [section for folder in folders for section in _section(folder)]
    return "\n".join([HEAD, *sections])


def first_sentence(docstring: str) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split()).replace("``", "`")
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph)[0].removesuffix("::")


def _section(folder: Path) -> Iterator[str]:
    modules = sorted(folder.glob("*.py"))
    if not modules:
        return
    yield f"## {folder.relative_to(ROOT).as_posix()}\n"

    about = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    if about:
        yield f"{first_sentence(about)}\n"

    yield "| module | what it holds |\n|---|---|"
    for module in modules:
        if module.name != "__init__.py":
            docstring = ast.get_docstring(ast.parse(module.read_text())) or ""
            cell = first_sentence(docstring).replace("|", "\\|")
            yield f"| `{module.name}` | {cell} |"
    yield ""


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), __file__))
