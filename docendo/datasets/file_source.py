"""The problems of a user's file as a source, by family and level."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

from docendo.datasets.columns import Columns, SplitNames
from docendo.datasets.files import BadRow, explain_bad_rows, read_problems
from docendo.datasets.split import identify, split_of, split_of_question
from docendo.errors import UserError, suggestion
from docendo.interfaces import Split
from docendo.parts import PartConfig
from docendo.records import Problem

__all__ = ["FileAskerConfig", "FileSource"]


@dataclass(frozen=True)
class FileSource:
    """Problems by family and level. The order of `problems` does not matter."""

    domain: str
    problems: tuple[Problem, ...] = field(repr=False)
    held_out: frozenset[str] | None = field(default=None, repr=False)
    """The keys of held-out problems; None where their questions decide."""
    quarantined: tuple[BadRow, ...] = ()
    """Rows of the file that are no problems."""

    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The file that a problem's source names, as the user wrote it."""

    def without(self, reasons: Mapping[str, str], where: str) -> "FileSource":
        """The source less the problems that have a reason, by key; they are set aside.

        Raises UserError, saying `where`, where none is left.
        """
        if not reasons:
            return self
        remaining = []
        bad_rows = list(self.quarantined)
        for problem in self.problems:
            if problem.key not in reasons:
                remaining.append(problem)
                continue
            name, _, line = problem.source.rpartition(":")
            bad_rows.append(BadRow(self.files[name], int(line), reasons[problem.key]))

        if not remaining:
            raise UserError(f"{where}: {explain_bad_rows('no usable row', bad_rows)}")
        return replace(self, problems=tuple(remaining), quarantined=tuple(sorted(bad_rows)))

    @cached_property
    def levels(self) -> Mapping[str, Sequence[int]]:
        levels_by_family: dict[str, set[int]] = defaultdict(set)
        for problem in self.problems:
            levels_by_family[problem.family].add(problem.level)
        families = sorted(levels_by_family.items())
        return {family: tuple(sorted(levels)) for family, levels in families}

    @cached_property
    def _pools(self) -> Mapping[tuple[str, int, Split], Sequence[Problem]]:
        pools: dict[tuple[str, int, Split], list[Problem]] = defaultdict(list)
        # Sorted by key, so that moving rows in the file changes no draw.
        for problem in sorted(self.problems, key=lambda problem: problem.key):
            pools[problem.family, problem.level, self.split_of(problem)].append(problem)
        return dict(pools)

    def split_of(self, problem: Problem) -> Split:
        """The split of one of its problems."""
        if self.held_out is None:
            return split_of_question(identify(problem))
        return "held-out" if problem.key in self.held_out else "train"

    @cached_property
    def held_out_questions(self) -> frozenset[int]:
        """The identities of held-out questions."""
        return frozenset(
            identify(problem)
            for problem in self.problems
            if self.split_of(problem) == "held-out"
        )

    def size(self, family: str, level: int, split: Split) -> int:
        """How many problems there are to draw from."""
        return len(self._pools.get((family, level, split), ()))

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems.

        Raises UserError for an unknown family or level, or where there are too few
        problems.
        """
        if family not in self.levels:
            raise UserError(
                f"{self.domain} has no family {family!r}{suggestion(family, self.levels)}"
            )
        if level not in self.levels[family]:
            levels = ", ".join(map(str, self.levels[family]))
            raise UserError(f"{self.domain}/{family} has no level {level}; known: {levels}")

        pool = self._pools.get((family, level, split), ())
        if len(pool) < count:
            raise UserError(
                f"{self.domain}/{family} level {level} has only {len(pool)} {split} problems, "
                f"not {count}; ask for fewer, or add rows to its file "
                "(about one in five is held out unless the settings say which)"
            )
        return Random(seed).sample(pool, count)


class FileAskerConfig(PartConfig):
    """Rows of your own file, of a dataset folder, or of hub:owner/name."""

    type: str = "file"
    file: str
    """File, dataset folder, or hub:owner/name."""
    columns: Columns = Columns()
    """Column names, as in [domains.NAME]."""
    held_out: str | None = None
    """File of held-out problems, as in [domains.NAME]."""
    split: SplitNames | None = None
    """Names of splits, as in [domains.NAME]."""

    def build(self, context: Any = None) -> FileSource:
        rows = read_problems(
            self.file,
            context.domain,
            self.columns,
            held_out=self.held_out,
            split=self.split,
            seed=context.seed,
        )
        held_out = rows.held_out
        program = context.own_source
        if program and not (isinstance(program, FileSource) or self.held_out or self.split):
            # what a program may draw is held out where the program holds it out
            held_out = frozenset(
                problem.key
                for problem in rows.problems
                if (
                    split_of(problem) == "held-out"
                    if problem.family in program.levels
                    else problem.key in rows.held_out
                )
            )
        return FileSource(
            context.domain, rows.problems, held_out, rows.quarantined, rows.files
        )

    def file_settings(self) -> dict[str, str]:
        files = {"file": self.file, "held_out": self.held_out}
        return {setting: file for setting, file in files.items() if file}
