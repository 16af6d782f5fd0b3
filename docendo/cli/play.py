"""`docendo play` and `docendo preferences`: what people ask, say and grade."""

import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import RunPath
from docendo.cli.output import safe, show, title
from docendo.cli.runs import named, open_trained
from docendo.errors import RunError, UseError
from docendo.records import AgentId, Opinion

if TYPE_CHECKING:
    from docendo.humans.opinions import Opinions
    from docendo.humans.salon import Pair, Salon, Word

__all__ = ["play", "preferences"]

_WORDS: "dict[str, Word]" = {"a": "first", "b": "second", "t": "tie", "n": "both bad"}
_HELP = "a or b is better, t tie, n both bad, s skip, u take the last word back, q leave"


def play(
    path: RunPath,
    agent: Annotated[list[str] | None, typer.Option(metavar="A", help="Only these; given twice or more.")] = None,
    person: Annotated[str, typer.Option(metavar="NAME", help="Who you are; without it, your user name.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of who answers, and how.")] = 0,
    right: Annotated[bool, typer.Option("--right", help="Also ask for the right answer.")] = False,
    grade: Annotated[bool, typer.Option("--grade", help="Grade answers that the run waits for, instead.")] = False,
) -> None:
    """Ask the agents of a run anything, and say which of two answers is better.

    Nobody's name is shown before you have spoken. What you say is kept in RUN/people.db and can be
    exported with `docendo preferences`; a run may go on meanwhile. Questions are read line by line.
    """
    from docendo.humans.opinions import Opinions
    from docendo.store import RunDirectory

    who = person or getpass.getuser()
    if grade:
        RunDirectory.open(path).close()
        with Opinions(path) as opinions:
            _grade(opinions, who)
        return
    with RunDirectory.open(path) as run:
        trained = open_trained(run)
    known = [str(a) for a in trained.agents]
    agents = [AgentId(named(a, known, "agent", path)) for a in dict.fromkeys(agent or known)]
    from docendo.humans.salon import Salon

    with Opinions(path) as opinions:
        _talk(Salon(trained.engine, agents, opinions, who, seed), ask_right=right)


def _talk(salon: "Salon", *, ask_right: bool) -> None:
    show(f"{len(salon.agents)} agents listen. Type a question; an empty line leaves.")
    while prompt := _line("\n? "):
        pair = salon.ask(prompt)
        for letter, text in zip("AB", pair.texts, strict=True):
            show(title(f"\n{letter}"), safe(text))
        if not _spoken(salon, pair, ask_right=ask_right):
            break
    show(f"{len(salon.said)} opinions kept")


def _spoken(salon: "Salon", pair: "Pair", *, ask_right: bool) -> bool:
    """Whether the person stays."""
    while True:
        word = _line(f"\n{_HELP}: ").lower()
        if word in _WORDS:
            salon.say(pair, _WORDS[word], _line("the right answer, or nothing: ") if ask_right else "")
            show(f"A was {pair.first}, B was {pair.second}")
            return True
        if word == "u":
            taken = salon.undo()
            show("taken back" if taken else "nothing to take back")
        elif word == "s":
            return True
        elif word in {"q", ""}:
            return False
        else:
            show(f"{word!r} is none of them")


def _grade(opinions: "Opinions", person: str) -> None:
    waiting = opinions.grades(waiting=True)
    show(f"{len(waiting)} answers wait. 0 to 10 for each; s skips, q leaves.")
    for number, one in enumerate(waiting, 1):
        show(title(f"\n{number}/{len(waiting)}"), safe(one.prompt), "", safe(one.text))
        while True:
            word = _line("0 to 10: ").lower()
            if word in {"q", ""}:
                return
            if word == "s":
                break
            if word.isdecimal() and int(word) <= 10:
                opinions.grade(one._replace(score=int(word) / 10), person)
                break
            show(f"{word!r} is no number from 0 to 10")


def _line(asked: str) -> str:
    """What was typed; empty at the end of the input."""
    sys.stdout.write(asked)
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def preferences(
    path: RunPath,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; without it, standard output.")] = None,
    payoffs: Annotated[
        bool, typer.Option("--payoffs", help="Win rates as CSV for `docendo analyse`, instead.")
    ] = False,
) -> None:
    """Export what people said of a run's answers, for training or for the league's analysis.

    Rows of JSON with prompt, chosen and rejected, as TRL reads preferences.
    Ties are left out; an answer that a person gave is preferred to both.
    """
    from docendo.humans.opinions import Opinions
    from docendo.humans.opinions import preferences as rows
    from docendo.store import RunDirectory

    RunDirectory.open(path).close()
    if not (path / "people.db").is_file():
        raise UseError(f"{path}: nobody has said anything yet; begin with `docendo play {path}`")
    with Opinions(path) as opinions:
        said = opinions.all()
    text = _payoffs(said) if payoffs else "".join(json.dumps(row) + "\n" for row in rows(said))
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text)
    except OSError as error:
        raise RunError(f"{out}: {error.strerror}") from error


def _payoffs(said: "Sequence[Opinion]") -> str:
    from docendo.humans.opinions import wins

    found = wins(said)
    names = sorted({a for pair in found for a in pair})
    if len(names) < 2:
        raise UseError("fewer than two agents were compared; there is no payoff between them")
    lines = [",".join(["", *names])]
    for row in names:
        cells = []
        for column in names:
            won, played = found.get((row, column), (0.0, 0.0))
            cells.append(f"{won / played:.6g}" if played else ("0.5" if row == column else ""))
        lines.append(",".join([row, *cells]))
    return "\n".join(lines) + "\n"
