"""Writes a generated page, or checks that the one that is there is up to date."""

import sys
from pathlib import Path

__all__ = ["replace_between", "write_or_check"]


def write_or_check(page: Path, text: str, script: str) -> int:
    """The exit code of `script`, which makes the page: with --check 1 where the page is stale."""
    if "--check" not in sys.argv:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{page} is stale; run: python docs/{Path(script).name}\n")
    return 1


def replace_between(page: Path, begin: str, end: str, text: str) -> str:
    """The page's text with `text` on the lines between two marks, which stay."""
    before, rest = page.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{text}\n{end}{after}"
