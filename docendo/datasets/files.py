"""Problems from a user's own file: a row becomes a problem, or is set aside with the reason."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from docendo.assertions.column import read_tests
from docendo.datasets.arrow_rows import HUB
from docendo.datasets.cells import (
    RowError,
    fill_template,
    read_level,
    read_list,
    read_text,
)
from docendo.datasets.choices import read_choices, write_choices
from docendo.datasets.columns import Columns, SplitNames
from docendo.datasets.readers import has_splits, read_rows
from docendo.datasets.rows import FileRow
from docendo.datasets.split import question_id, split_of_question
from docendo.errors import UserError
from docendo.interfaces import Split
from docendo.records import Problem

__all__ = ["BadRow", "FileProblems", "explain_bad_rows", "read_problems"]

_GSM8K_MARKER = "####"
_MAX_EXPLAINED = 3
"""Reasons that an error names."""


class BadRow(NamedTuple):
    """A row that was set aside."""

    file: str
    line: int
    """From 1: the physical line it starts on, or the row number where the format has no
    lines."""
    reason: str


@dataclass(frozen=True, slots=True)
class FileProblems:
    problems: tuple[Problem, ...]
    """In the order of the file, with different questions."""
    held_out: frozenset[str]
    """The keys of those that are never trained on."""
    quarantined: tuple[BadRow, ...]
    """Sorted by file and line."""
    files: Mapping[str, str]
    """The file that a problem's source names, as the user wrote it."""


@dataclass(frozen=True)
class _Part:
    """Rows that are read together."""

    file: str
    split: Split | None
    """Of all its rows; None where the row or its question decides."""
    dataset_split: str = "train"
    """Which one to read of a dataset that has several."""
    is_named: bool = False
    """Whether it must have that one."""
    folders: int = 0
    """Of its path that a problem's source names."""

    @cached_property
    def label(self) -> str:
        return f"{self.file}[{self.dataset_split}]" if self.is_named else self.file

    @cached_property
    def name(self) -> str:
        """What a problem's source says of the file."""
        if self.file.startswith(HUB):
            return self.label
        return "/".join(Path(self.label).parts[-1 - self.folders :])


def read_problems(
    path: str | Path,
    domain: str,
    columns: Columns | None = None,
    *,
    held_out: str | None = None,
    split: SplitNames | None = None,
    seed: int = 0,
) -> FileProblems:
    """The problems of a file, and the rows that are none.

    `path` is a .jsonl, .ndjson, .csv, .tsv or .parquet file, a dataset directory, or
    ``hub:owner/name[/subset][@revision]``. Rows of the file `held_out`, or those that `split`
    says, are held out; else the question decides. `seed` shuffles choices. Raises UserError for
    a file that cannot be read, lacks a column, or has no usable row.
    """
    columns = columns or Columns()
    parts = _split_parts(str(path), columns, held_out, split)
    reading = _Reading(domain, columns, split, parts[0].label, seed)
    for part in parts:
        try:
            reading.read(part)
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{part.file}: cannot be read: {reason}") from error

    problems = tuple(reading.problems.values())
    if not problems:
        expected = " and ".join(map(repr, columns.names.required))
        message = explain_bad_rows("no usable row", reading.bad_rows)
        raise UserError(f"{path}: {message}; expected rows with {expected}")
    if not reading.held_out and (held_out or (split and split.held_out)):
        message = explain_bad_rows("no usable held-out row", reading.bad_rows)
        raise UserError(f"{parts[-1].label}: {message}")
    keys = frozenset(reading.problems[number].key for number in reading.held_out)
    files = {part.name: part.label for part in parts}
    return FileProblems(problems, keys, tuple(sorted(reading.bad_rows)), files)


def explain_bad_rows(message: str, rows: Sequence[BadRow]) -> str:
    """The message with the number of bad rows, and the commonest reasons with counts."""
    message += f", {len(rows)} bad"
    lines: dict[str, int] = {}
    for row in rows:
        lines.setdefault(row.reason, row.line)
    reasons = Counter(row.reason for row in rows).most_common()
    for reason, count in reasons[:_MAX_EXPLAINED]:
        times = f"{count} times, first in line" if count > 1 else "line"
        message += f"; {times} {lines[reason]}: {reason}"
    if len(reasons) > _MAX_EXPLAINED:
        message += f"; and {len(reasons) - _MAX_EXPLAINED} more reasons"
    return message


def _split_parts(
    file: str, columns: Columns, held_out: str | None, split: SplitNames | None
) -> list[_Part]:
    """The file's training rows, or all of them; then its held-out rows, if they lie elsewhere."""
    test_split = split.held_out if split else None
    if held_out and test_split:
        raise UserError("held_out and split.held_out; expected one of them")
    if columns.split and not split:
        raise UserError(
            f"columns.split = {columns.split!r} needs the values of that column: "
            'split = { train = "train", held_out = "test" }'
        )
    if split and not columns.split and not has_splits(file):
        raise UserError(
            f"{file}: has no splits of its own; expected columns.split, the column of "
            f"{split.train!r}"
        )

    train = _Part(file, None)
    if split and not columns.split:
        train = _Part(file, None, split.train, is_named=True)
        if test_split:
            test = _Part(file, "held-out", test_split, is_named=True)
            return [replace(train, split="train"), test]
    if not held_out:
        return [train]

    if held_out == file:
        raise UserError(
            f"held_out is the file itself: {file}; expected another, or a split"
        )
    test = _Part(held_out, "held-out", "test")
    # of two files with one name a source must say which one it is
    for folders in range(len(Path(held_out).parts)):
        test = replace(test, folders=folders)
        if test.name != train.name:
            break
    return [replace(train, split="train"), test]


@dataclass
class _Reading:
    """The problems that were read so far, by the identity of their question."""

    domain: str
    columns: Columns
    split: SplitNames | None
    train_label: str
    seed: int
    problems: dict[int, Problem] = field(default_factory=dict)
    held_out: set[int] = field(default_factory=set)
    bad_rows: list[BadRow] = field(default_factory=list)

    def read(self, part: _Part) -> None:
        for row in self._rows_of(part):
            try:
                self._take(row, part)
            except RowError as error:
                self.bad_rows.append(BadRow(part.label, row.line, str(error)))

    def _rows_of(self, part: _Part) -> Iterator[FileRow]:
        names = self.columns.names
        if part.split == "held-out" and self.columns.split:
            # another file need not have the column: all its rows are held out
            names = self.columns.model_copy(update={"split": None}).names
        return read_rows(part.file, names, part.dataset_split, part.is_named)

    def _take(self, row: FileRow, part: _Part) -> None:
        """Add the problem of a row. Raises RowError where it is none, or stands here already."""
        if row.fault:
            raise RowError(row.fault)
        split = part.split
        if self.columns.split and split != "held-out":
            split = self._split_of(row, self.columns.split) or split
        problem, number = self._parse_problem(row, f"{part.name}:{row.line}")
        split = split or split_of_question(number)

        # Twice the same would be in a test twice, and a lesson could be on its own test.
        earlier = self.problems.get(number)
        if earlier:
            if split == "train" or number in self.held_out:
                raise RowError(f"the same question as in {_place(earlier, part)}")
            self._withdraw(number, part, row.line)
        self.problems[number] = problem
        if split == "held-out":
            self.held_out.add(number)

    def _split_of(self, row: FileRow, column: str) -> Split | None:
        """The split that a row names; None where its file or its question decides."""
        names = self.split or SplitNames()
        value = read_text(row, column, accept_numbers=True)
        if value == names.held_out:
            return "held-out"
        if value == names.train:
            return "train" if names.held_out else None
        expected = " or ".join(repr(name) for name in (names.train, names.held_out) if name)
        raise RowError(f"{column!r} is {value[:40]!r}, not {expected}")

    def _withdraw(self, number: int, part: _Part, line: int) -> None:
        """Set a training row aside whose question turns out to be held out."""
        file, _, earlier_line = self.problems.pop(number).source.rpartition(":")
        place = f"line {line}" if file == part.name else f"{part.name}:{line}"
        reason = f"its question is held out, in {place}"
        self.bad_rows.append(BadRow(self.train_label, int(earlier_line), reason))

    def _parse_problem(self, row: FileRow, source: str) -> tuple[Problem, int]:
        """The problem of a row, and the identity of its question."""
        columns = self.columns
        if "{" in columns.question:
            prompt = fill_template(row, columns.question)
        else:
            prompt = read_text(row, columns.question)
        answer, solution = _read_answer(row, columns)

        question = prompt
        choices: tuple[str, ...] = ()
        if columns.choices:
            raw_answer = answer if columns.answer_pattern else row.values[columns.answer]
            asked = read_choices(
                row, columns.choices, answer=raw_answer, solution=solution, seed=self.seed
            )
            choices, answer, solution = asked
            prompt += write_choices(choices)

        problem = Problem(
            domain=self.domain,
            family=(
                read_text(row, columns.family, accept_numbers=True)
                if columns.family
                else self.domain
            ),
            level=read_level(row, columns.level) if columns.level else 1,
            prompt=prompt,
            answer=answer,
            solution=_end_with_answer(solution, answer),
            tests=_read_tests(row, columns),
            source=source,
            choices=choices,
            hints=_read_hints(row, columns.hints) if columns.hints else "",
        )
        return problem, question_id(question, choices)


def _read_answer(row: FileRow, columns: Columns) -> tuple[str, str]:
    """Answer and solution."""
    answer = read_text(row, columns.answer, accept_numbers=True)
    solution = ""
    if columns.solution in row.values:
        solution = read_text(row, columns.solution, accept_empty=True)
    if not columns.answer_pattern:
        return answer, solution

    matches = list(re.finditer(columns.answer_pattern, answer))
    final_answer = (matches[-1][1] or "").strip() if matches else ""
    if not final_answer:
        raise RowError(f"{columns.answer!r} has no answer like {columns.answer_pattern!r}")
    return final_answer, answer[: matches[-1].start()].strip() or solution


def _read_hints(row: FileRow, name: str) -> str:
    if isinstance(row.values.get(name), list):
        return "\n".join(read_list(row, name)) if row.values[name] else ""
    return read_text(row, name, accept_empty=True)


def _place(problem: Problem, part: _Part) -> str:
    """Where an earlier problem stands, as seen from the part that is being read."""
    file, _, line = problem.source.rpartition(":")
    return f"line {line}" if file == part.name else problem.source


def _read_tests(row: FileRow, columns: Columns) -> tuple[str, ...]:
    if not columns.tests:
        return ()
    setup = read_text(row, columns.setup, accept_empty=True) if columns.setup else ""
    is_text = isinstance(row.values.get(columns.tests), str)
    cell = read_text(row, columns.tests) if is_text else read_list(row, columns.tests)
    try:
        tests = read_tests(cell, setup)
    except UserError as error:
        raise RowError(f"{columns.tests!r}: {error}") from error
    if not tests:
        raise RowError(f"{columns.tests!r} has no test")
    return tests


def _end_with_answer(solution: str, answer: str) -> str:
    """The solution with a last line ``Answer: ...`` instead of ``#### ...``.

    An empty one stays empty.
    """
    # The graders read the last "Answer:" line, and agents learn from solutions to write one.
    reasoning, _, last_line = solution.rpartition("\n")
    if last_line.strip().startswith(_GSM8K_MARKER):
        solution = reasoning.rstrip()
    ending = f"Answer: {answer}"
    # A solution that is the answer alone, such as a program's, explains nothing.
    if solution == answer:
        return ""
    if not solution or solution == ending or solution.endswith(f"\n{ending}"):
        return solution
    return f"{solution}\n{ending}"
