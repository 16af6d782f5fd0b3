"""`docendo preferences`: what people said, for training or for the league's analysis."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.analysis_tables import show_analysis
from docendo.cli.options import RunPath
from docendo.cli.output import notice, safe, show, table, title
from docendo.errors import RunError, UserError
from docendo.records import Opinion

if TYPE_CHECKING:
    from docendo.analysis.preferences import Tally

__all__ = ["preferences"]

_CROWD = 6
"""So many people stand for others; of fewer, questions are what varies."""


def preferences(
    path: RunPath,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to; without it, standard output."),
    ] = None,
    unpaired: Annotated[
        bool,
        typer.Option(
            "--unpaired",
            help="One answer and whether it is good in a row; two bad ones too.",
        ),
    ] = False,
    payoffs: Annotated[
        bool,
        typer.Option(
            "--payoffs",
            help="Agents' payoffs against each other as CSV for `docendo analyse`.",
        ),
    ] = False,
    league: Annotated[
        bool,
        typer.Option(
            "--league",
            help="Show what the opinions say: ratings, cycles, and how sure they are.",
        ),
    ] = False,
) -> None:
    """Export what people said of a run's answers, for training or for the league's analysis.

    Rows of JSON with prompt, chosen and rejected, as TRL reads preferences. Ties are left out; an answer
    that a person gave is preferred to both.
    """
    if sum((unpaired, payoffs, league)) > 1:
        raise UserError(
            "--unpaired, --payoffs and --league exclude each other; got more than one of them"
        )
    said = _said(path)
    if league:
        _show(_tally(said))
        return
    text = _table(_tally(said)) if payoffs else _rows(said, unpaired)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{out}: {error.strerror}") from error
    show(f"{out}: {len(text.splitlines())} lines of {len(said)} opinions")


def _said(path: Path) -> list[Opinion]:
    from docendo.humans.votes import PEOPLE, VoteStore
    from docendo.store import RunDirectory

    RunDirectory.open(path).close()
    if not (path / PEOPLE).is_file():
        raise UserError(
            f"{path}: nobody has said anything yet; begin with `docendo chat {path}`"
        )
    with VoteStore(path) as opinions:
        return opinions.all()


def _rows(said: Sequence[Opinion], unpaired: bool) -> str:
    from docendo.humans import preference_data as rows

    return "".join(
        json.dumps(row) + "\n"
        for row in (rows.unpaired if unpaired else rows.preferences)(said)
    )


def _tally(said: Sequence[Opinion]) -> "Tally":
    """Counted by person, or by question where few people spoke, of whom alone it then tells."""
    from docendo.analysis.preferences import tally_votes

    return tally_votes(
        said, "person" if len({o.person for o in said}) >= _CROWD else "prompt"
    )


def _table(counted: "Tally") -> str:
    """The payoffs as CSV; a line on standard error says how many pairs were never compared."""
    from docendo.analysis.preferences import payoff_table
    from docendo.formatting import visible

    pairs = [(i, j) for i in range(len(counted.names)) for j in range(i)]
    gaps = sum(not counted.games_UNN[:, i, j].any() for i, j in pairs)
    if gaps:
        notice(f"{gaps} of {len(pairs)} pairs were never compared; they count as even")
    written = io.StringIO()
    rows = (
        [visible(cell) if isinstance(cell, str) else cell for cell in row]
        for row in payoff_table(counted)
    )
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _show(counted: "Tally") -> None:
    from docendo.analysis.preferences import (
        analyse_votes,
        count_scarce_pairs,
        cyclicity,
        find_preference_cycles,
    )
    from docendo.formatting import signed

    show_analysis(
        analyse_votes(counted),
        "A payoff is the share of opinions won less the share lost.",
        "hardest opponent",
    )
    share, found = cyclicity(counted), find_preference_cycles(counted)
    gaps = count_scarce_pairs(counted)
    few = (
        f"not yet: {gaps} pairs were compared by fewer than two people or questions"
        if gaps
        else "no preference"
    )
    told = f"{share.share:.2f} ({share.low:.2f} to {share.high:.2f})" if share else few
    show("", f"Cyclic share without the noise of few opinions: {told}")
    made = table(
        ["each preferred to the next, and the last to the first"],
        ["weakest payoff", "at least (95%)"],
    )
    for ring in found[:10]:
        made.add_row(
            safe(" > ".join((*ring.agents, ring.agents[0]))),
            signed(ring.weakest),
            signed(ring.low),
        )
    show(title("Cycles of three"), made if found else "none")
