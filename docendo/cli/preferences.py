"""`docendo preferences`: people's votes, for training or for the league's analysis."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import RunPath
from docendo.cli.output import notice, safe, show, table, title
from docendo.errors import RunError, UserError
from docendo.formatting import signed, visible
from docendo.records import Opinion
from docendo.store import RunDirectory

if TYPE_CHECKING:
    from docendo.analysis.preferences import PreferenceCycle, Tally

__all__ = ["preferences"]

_CROWD = 6
"""With fewer people than this, intervals are over questions instead of people."""
_MAX_CYCLES = 10

_OUT_HELP = "The file to write. Default: standard output."
_UNPAIRED_HELP = "One answer and whether it is good in a row; two bad ones too."
_PAYOFFS_HELP = "Agents' payoffs against each other as CSV for `docendo analyse`."
_LEAGUE_HELP = "Show what the votes say: ratings, cycles, and how sure they are."


def preferences(
    path: RunPath,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=_OUT_HELP)] = None,
    unpaired: Annotated[bool, typer.Option("--unpaired", help=_UNPAIRED_HELP)] = False,
    payoffs: Annotated[bool, typer.Option("--payoffs", help=_PAYOFFS_HELP)] = False,
    league: Annotated[bool, typer.Option("--league", help=_LEAGUE_HELP)] = False,
) -> None:
    """Export people's votes, for training or for analysis.

    Rows of JSON with prompt, chosen and rejected, as TRL reads preferences. Ties are left
    out; an answer that a person gave is preferred to both.
    """
    # each decides what is written, and to where
    if sum((unpaired, payoffs, league)) > 1:
        raise UserError(
            "--unpaired, --payoffs and --league exclude each other; got more than one of them"
        )

    votes = _read_votes(path)
    if league:
        _show_analysis(_tally_votes(votes))
        return

    text = (
        _format_payoffs(_tally_votes(votes)) if payoffs else _format_rows(votes, unpaired)
    )
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{out}: {error.strerror}") from error
    show(f"{out}: {len(text.splitlines())} lines of {len(votes)} votes")


def _read_votes(path: Path) -> list[Opinion]:
    from docendo.humans.votes import PEOPLE, VoteStore

    # a folder that is no run is refused with the store's own message
    RunDirectory.open(path).close()
    if not (path / PEOPLE).is_file():
        raise UserError(f"{path}: no votes yet; begin with `docendo chat {path}`")
    with VoteStore(path) as store:
        return store.read_opinions()


def _format_rows(votes: Sequence[Opinion], unpaired: bool) -> str:
    from docendo.humans import preference_data

    make_rows = (
        preference_data.unpaired_rows if unpaired else preference_data.preference_rows
    )
    return "".join(json.dumps(row) + "\n" for row in make_rows(votes))


def _tally_votes(votes: Sequence[Opinion]) -> "Tally":
    """Count votes by person; by question where few people voted, about whom alone it tells."""
    from docendo.analysis.preferences import tally_votes

    people = {vote.person for vote in votes}
    # resampling six people says something of others; resampling one says nothing
    return tally_votes(votes, "person" if len(people) >= _CROWD else "prompt")


def _format_payoffs(tally: "Tally") -> str:
    """The payoffs as CSV; pairs that were never compared are counted on standard error."""
    from docendo.analysis.preferences import payoff_table

    pairs = 0
    gaps = 0
    for i in range(len(tally.names)):
        for j in range(i):
            pairs += 1
            gaps += not tally.games_UNN[:, i, j].any()
    if gaps:
        notice(f"{gaps} of {pairs} pairs were never compared; they count as even")

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in payoff_table(tally):
        # names of agents may come from anybody's configuration
        writer.writerow([visible(cell) for cell in row])
    return text.getvalue()


def _show_analysis(tally: "Tally") -> None:
    from docendo.analysis.preferences import analyse_votes, find_preference_cycles
    from docendo.cli.analysis_tables import show_analysis

    note = "A payoff is the share of votes won less the share lost."
    show_analysis(analyse_votes(tally), note)
    show("", f"Cyclic share without the noise of few votes: {_describe_cyclicity(tally)}")
    show(title("Cycles of three"), _tabulate_cycles(find_preference_cycles(tally)))


def _describe_cyclicity(tally: "Tally") -> str:
    """``0.42 (0.11 to 0.70)``, or why there is no number."""
    from docendo.analysis.preferences import count_scarce_pairs, cyclicity

    estimate = cyclicity(tally)
    if estimate:
        return f"{estimate.share:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
    gaps = count_scarce_pairs(tally)
    if gaps:
        return f"not yet: {gaps} pairs were compared by fewer than two people or questions"
    return "no preference"


def _tabulate_cycles(cycles: "Sequence[PreferenceCycle]") -> object:

    if not cycles:
        return "none"
    rows = table(
        ["each preferred to the next, and the last to the first"],
        ["weakest payoff", "at least (95%)"],
    )
    for cycle in cycles[:_MAX_CYCLES]:
        names = " > ".join((*cycle.agents, cycle.agents[0]))
        rows.add_row(safe(names), signed(cycle.weakest), signed(cycle.low))
    return rows
