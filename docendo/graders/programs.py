"""The program in a text."""

from collections.abc import Collection

from docendo.graders.answer import lines_after_mark, strip_bold

__all__ = ["extract_program"]

_PYTHON = {"", "py", "python", "python3"}


def extract_program(text: str, names: Collection[str] = _PYTHON) -> str | None:
    """The last closed ``` block of `text`, else all that follows its last ``Answer:``, else all of it.

    A first line of the block that is one of `names`, in lower case, is the language and no part of
    the program.
    """
    # The last one: earlier blocks are drafts, or quote the question. An open one was cut off.
    blocks = text.split("```")[1:-1:2]
    if blocks:
        first_line, _, rest = blocks[-1].partition("\n")
        names_language = first_line.strip().lower() in names
        return (rest if names_language else blocks[-1]).strip("\n") or None

    lines = lines_after_mark(text)
    code = text if lines is None else "\n".join(lines)
    return strip_bold(code).strip("`") or None
