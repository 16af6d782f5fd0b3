"""A study as Markdown and for a terminal, with the numbers of the page."""

import re
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from docendo.formatting import visible
from docendo.report.render.terminal_table import TerminalTable, new_table
from docendo.study.arms import TEACHING
from docendo.study.regimes import RegimeResults
from docendo.study.result_tables import (
    Cell,
    ResultTable,
    tabulate_arms,
    tabulate_costs,
    tabulate_differences,
    tabulate_domains,
    tabulate_rounds,
    tabulate_tuning,
)
from docendo.study.results import StudyResults
from docendo.study.sentences import (
    describe_regime,
    format_interval,
    format_points,
    list_limits,
    write_headline,
    write_reproduction,
)

__all__ = ["render_markdown", "render_terminal"]

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|~#&])")


def render_markdown(study: StudyResults, found: Sequence[RegimeResults]) -> str:
    """The study's page in Markdown; `found` are its regimes."""
    parts = [f"## {_escaped(study.name)}", _escaped(write_headline(found))]
    for regime in found:
        parts.append(f"### {_escaped(regime.name)}")
        first, *others = describe_regime(regime)
        parts.append(f"**{_escaped(first)}**")
        parts += [_list(others)] if others else []
        parts += [_board(board) for made in _BOARDS if (board := made(regime)).rows]
    parts += ["### What this does not say", _list(list_limits(found))]
    parts += ["### To repeat it", f"```bash\n{write_reproduction(study)}\n```"]
    return "\n\n".join(parts) + "\n"


def _list(said: Sequence[str]) -> str:
    return "\n".join(f"* {_escaped(sentence)}" for sentence in said)


def _parts(regime: RegimeResults) -> ResultTable:
    """Every other arm minus teaching, in Markdown instead of the page's chart."""
    rows = [
        [
            Cell(arm),
            Cell(format_points(gap.estimate.mean), format_interval(gap.estimate)),
            Cell(str(gap.estimate.n)),
        ]
        for arm, gap in regime.against(TEACHING).items()
    ]
    note = f"Mean of the population without a lesson: each arm minus {TEACHING}, in percentage points."
    return ResultTable(
        f"Every arm against {TEACHING}", note, ("arm", "mean", "seeds"), rows
    )


_BOARDS = (
    tabulate_arms,
    tabulate_differences,
    _parts,
    tabulate_domains,
    tabulate_rounds,
    tabulate_costs,
    tabulate_tuning,
)


def _board(board: ResultTable) -> str:
    rules = ["---" if i < board.words else "---:" for i in range(len(board.heads))]
    rows = [[_cell(cell) for cell in row] for row in board.rows]
    lines = [
        f"| {' | '.join(cells)} |"
        for cells in ([_escaped(head) for head in board.heads], rules, *rows)
    ]
    return "\n".join([f"**{_escaped(board.title)}.** {_escaped(board.note)}", "", *lines])


def _cell(cell: Cell) -> str:
    return _escaped(f"{cell.text} ({cell.note})" if cell.note else cell.text)


def _escaped(text: str) -> str:
    """On one line, and without a mark of Markdown or HTML that acts."""
    return _ACTIVE.sub(r"\\\1", " ".join(visible(text).split()))


def render_terminal(study: StudyResults, found: Sequence[RegimeResults]) -> RenderableType:
    """What a terminal shows: the answer and the tables of every regime, then the limits."""
    parts: list[RenderableType] = [
        Text(visible(study.name), "bold"),
        Text(visible(write_headline(found))),
    ]
    for regime in found:
        parts += ["", Text(visible(regime.name), "bold underline")]
        parts += [Text(visible(sentence)) for sentence in describe_regime(regime)]
        parts += [
            part
            for board in (tabulate_arms(regime), tabulate_differences(regime))
            if board.rows
            for part in ("", _table(board))
        ]
    parts += [
        "",
        *(Padding(Text(visible(said), "dim"), (0, 0, 0, 2)) for said in list_limits(found)),
    ]
    return Group(*parts)


def _table(board: ResultTable) -> TerminalTable:
    made = new_table(board.heads[: board.words], board.heads[board.words :], board.title)
    for row in board.rows:
        made.add_row(*(_lines(cell) for cell in row))
    return TerminalTable(made)


def _lines(cell: Cell) -> Text:
    text = Text(visible(cell.text))
    return text.append(f"\n{visible(cell.note)}", "dim") if cell.note else text
