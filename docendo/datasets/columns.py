"""What the columns of a user's file are, and how a question is put together from them."""

import re
from string import Formatter

from pydantic import field_validator, model_validator

from docendo.datasets.rows import ColumnNames
from docendo.parts import ConfigModel

__all__ = ["Columns", "SplitNames", "template_fields"]

_FIELD = re.compile(r"(?P<column>[^\[\].]+)(?P<indexes>(?:\[[^\[\].]+\])*)")
_INDEX = re.compile(r"\[([^\]]+)\]")
_SOLUTION = "solution"


class Columns(ConfigModel):
    question: str = "question"
    """Column of the question, or a template such as "{text}\\n{tests[0]}"."""
    answer: str = "answer"
    """Column of the right answer: text, a number or a program."""
    answer_pattern: str | None = None
    """Regular expression with one group, such as "#### (.*)". Its last match in the answer's
    column is the answer; what stands before is the solution."""
    solution: str = _SOLUTION
    """Column of the worked solution. Under its default name it may be missing."""
    choices: str | list[str] | None = None
    """Multiple choice: column of a list, or of an object such as `{text, label}`; or a list of
    columns, one for each choice. They are shuffled, and the answer becomes a letter."""
    hints: str | None = None
    """Column of a hint, which a teacher sees while it writes a lesson. It may be empty."""
    tests: str | None = None
    """Column of tests of a program, such as `f(3) == 7`: a list, or a text."""
    setup: str | None = None
    """Column of statements that come before the tests. It may be empty."""
    family: str | None = None
    """Column of the family. Default: one family, named like the domain."""
    level: str | None = None
    """Column of the level, a whole number from 1 to 9. Default: level 1."""
    split: str | None = None
    """Column that says in which split a row is; see `split`."""

    @field_validator("*")
    @classmethod
    def _named(cls, value: str | list[str] | None) -> str | list[str] | None:
        names = [value] if isinstance(value, str) else value
        if names is not None and not all(name.strip() for name in (names or " ")):
            raise ValueError(f"expected a name, got {value!r}")
        return value

    @model_validator(mode="after")
    def _readable(self) -> "Columns":
        if "{" in self.question:
            template_fields(self.question)
        if self.answer_pattern is not None:
            try:
                groups = re.compile(self.answer_pattern).groups
            except re.error as error:
                raise ValueError(f"answer_pattern: {error}") from error
            if groups != 1:
                raise ValueError(f"answer_pattern: expected one group, got {groups}")
        return self

    @property
    def names(self) -> ColumnNames:
        """Required and optional names, in the order in which they are checked."""
        if "{" in self.question:
            parts = template_fields(self.question)
            columns: list[str | None] = [column for _, column, _ in parts]
        else:
            columns = [self.question]
        columns += [self.answer, self.family, self.level, self.split]
        columns += [self.tests, self.setup, self.hints]
        columns += [self.choices] if isinstance(self.choices, str) else self.choices or []

        optional: tuple[str, ...] = (_SOLUTION,)
        if self.solution != _SOLUTION:
            columns.append(self.solution)
            optional = ()
        return ColumnNames(tuple(name for name in columns if name), optional)


class SplitNames(ConfigModel):
    """Which rows are trained on and which are held out."""

    train: str = "train"
    """Training rows: value of the column `columns.split`, or a dataset's split."""
    held_out: str | None = None
    """Held-out rows. Default: `held_out`, or one training row in five."""


def template_fields(template: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """(text before, column, indexes) of each field of a template; the last may have no column.

    A field is a column's name and indexes. Raises ValueError for anything else, such as an
    attribute.
    """
    fields: list[tuple[str, str, tuple[str, ...]]] = []
    for text, field, spec, conversion in Formatter().parse(template):
        if field is None:
            fields.append((text, "", ()))
            continue
        match = _FIELD.fullmatch(field)
        if match is None or spec or conversion:
            raise ValueError(
                f"expected fields like {{text}} or {{tests[0]}}, got {{{field}}} in {template!r}"
            )
        fields.append((text, match["column"], tuple(_INDEX.findall(match["indexes"]))))
    return fields
