"""`docendo chat`: a person asks, says which answer is better, or grades what a run waits for."""

import getpass
import io
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from docendo.cli.interrupt import INTERRUPTED
from docendo.cli.options import RunPath
from docendo.cli.output import safe, show, title
from docendo.cli.runs import (
    TrainedRun,
    check_name,
    list_members,
    load_run_config,
    open_trained,
)
from docendo.errors import UserError
from docendo.records import BASE, AgentId
from docendo.seeds import seed_for

if TYPE_CHECKING:
    from rich.padding import Padding

    from docendo.humans.comparison import AnswerPair, ComparisonSession, Word
    from docendo.humans.votes import Grade, VoteStore
    from docendo.interfaces import Split

__all__ = ["chat", "grade_waiting", "user_name"]

_WORDS: "dict[str, Word]" = {"a": "first", "b": "second", "t": "tie", "n": "both bad"}
_HELP = "a or b is better, t tie, n both bad, s skip, u undo, q leave"
_GRADES = {"y": 1.0, "n": 0.0} | {str(i): i / 10 for i in range(11)}


def chat(
    path: RunPath,
    agent: Annotated[
        list[str] | None, typer.Option(metavar="A", help="Only these; given twice or more.")
    ] = None,
    person: Annotated[
        str, typer.Option(metavar="NAME", help="Who you are; without it, your user name.")
    ] = "",
    domain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="D", help="Draw the questions from this domain instead of typing them."
        ),
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Draw problems that nobody was trained on.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of who answers, and how.")] = 0,
    right: Annotated[
        bool, typer.Option("--right", help="Also ask for the right answer.")
    ] = False,
    grade: Annotated[
        bool, typer.Option("--grade", help="Grade answers that the run waits for, instead.")
    ] = False,
) -> None:
    """Ask the agents of a run anything, and say which of two answers is better.

    Nobody's name is shown before you have spoken. What you say is kept in RUN/people.db, word by word, and
    can be exported with `docendo preferences`; a run may go on meanwhile. Questions are read line by line.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    who = person or user_name()
    try:
        if grade:
            _grade(path, who)
        else:
            asking = _Asking(tuple(domain or ()), held_out, seed, right)
            _talk(path, agent or [], who, asking)
    except KeyboardInterrupt:
        show("", "left; all that was said is kept")
        raise typer.Exit(INTERRUPTED) from None


class _Asking(NamedTuple):
    """How questions come about."""

    domains: tuple[str, ...]
    held_out: bool
    seed: int
    right: bool

    @property
    def drawn(self) -> bool:
        return bool(self.domains) or self.held_out


def _grade(path: Path, who: str) -> None:
    from docendo.humans.votes import VoteStore
    from docendo.store import RunDirectory

    RunDirectory.open(path).close()
    with VoteStore(path) as opinions:
        grade_waiting(opinions, who)


def _talk(path: Path, agents: Sequence[str], who: str, asking: _Asking) -> None:
    from docendo.humans.votes import VoteStore
    from docendo.store import RunDirectory

    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        known = [BASE, *list_members(run, config), *config.guests]
        chosen = [AgentId(check_name(a, known, "agent", path)) for a in agents or known]
        if len(set(chosen)) < 2:
            raise UserError(
                f"two agents are needed to compare answers; there is {', '.join(set(chosen))}"
            )
        for domain in asking.domains:
            check_name(domain, list(config.domains), "domain", path)
        trained = open_trained(run)
    with VoteStore(path) as opinions:
        salon = _salon(trained, chosen, opinions, who, asking.seed)
        where = "Questions are drawn" if asking.drawn else "Type a question"
        show(f"{len(salon.agents)} agents listen. {where}; q leaves.")
        for prompt, answer in _drawn(trained, asking) if asking.drawn else _typed():
            if not _spoken(salon, salon.ask(prompt), ask_right=asking.right):
                break
            if answer:
                show("The right answer is", _quoted(answer))
        show(f"{len(salon.said)} opinion{'' if len(salon.said) == 1 else 's'} kept")


def user_name() -> str:
    """Of whoever is logged in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _salon(
    trained: TrainedRun,
    agents: Sequence[AgentId],
    opinions: "VoteStore",
    who: str,
    seed: int,
) -> "ComparisonSession":
    from docendo.humans.comparison import ComparisonSession

    room, rules = trained.classroom, trained.config.teaching
    return ComparisonSession(
        engine=room.engine,
        agents=agents,
        opinions=opinions,
        person=who,
        seed=seed,
        max_tokens=rules.max_tokens,
        temperature=rules.temperature,
        instructions=room.instructions,
        round=trained.round,
    )


def _drawn(trained: TrainedRun, asking: _Asking) -> Iterator[tuple[str, str]]:
    """Problems of the domains' kinds in turn, all domains where none is named, without end; and their answers."""
    found = trained.catalog
    stream: Split = "held-out" if asking.held_out else "train"
    kinds = [
        kind for d in asking.domains or found.task_types for kind in found.task_types[d]
    ]
    for number in count():
        kind, here = kinds[number % len(kinds)], seed_for(asking.seed, "drawn", number)
        (problem,) = found.sources[kind.domain].draw(
            kind.family, kind.level, 1, here, stream
        )
        show(title("\n?"), _quoted(problem.prompt))
        yield problem.prompt, problem.answer


def _typed() -> Iterator[tuple[str, str]]:
    """Questions line by line, whose answers nobody knows."""
    while (line := _line("\n? ")) not in {None, "q"}:
        if line:
            yield line, ""


def _spoken(salon: "ComparisonSession", pair: "AnswerPair", *, ask_right: bool) -> bool:
    """Shows a pair and takes the person's word; whether the person stays."""
    _show_pair(pair)
    while (word := _line(f"\n{_HELP}: ")) not in {None, "q"}:
        word = (word or "").lower()
        if word in _WORDS:
            salon.say(
                pair,
                _WORDS[word],
                (_line("the right answer, or nothing: ") or "") if ask_right else "",
            )
            show(f"A was {pair.first}, B was {pair.second}")
            return True
        if word == "s":
            return True
        if word == "u":
            before = salon.undo()
            if before is None:
                show("nothing to take back")
                continue
            show("taken back; once more:", title("?"), _quoted(before.prompt))
            if not _spoken(salon, before, ask_right=ask_right):
                return False
            show("", title("?"), _quoted(pair.prompt))
            _show_pair(pair)
        elif word:
            show(safe(f"{word!r} is none of them"))
    return False


def _show_pair(pair: "AnswerPair") -> None:
    for letter, text in zip("AB", pair.texts, strict=True):
        show(title(f"\n{letter}"), _quoted(text))


def _quoted(text: str) -> "Padding":
    """Somebody's text, set in, also where it is wrapped, so that nothing in it can pass for a line of ours."""
    from rich.padding import Padding

    return Padding(safe(text if text.strip() else "(nothing)"), (0, 0, 0, 2), expand=False)


def grade_waiting(opinions: "VoteStore", person: str) -> bool:
    """Asks for a grade of every answer that waits; whether the person went through all of them."""
    waiting, graded = opinions.grades(waiting=True), list["Grade"]()
    waits = "1 answer waits" if len(waiting) == 1 else f"{len(waiting)} answers wait"
    show(f"{waits}. For each: y right, n wrong, or 0 to 10; s skip, u undo, q leave.")
    place = 0
    while place < len(waiting):
        one = waiting[place]
        show(
            title(f"\n{place + 1}/{len(waiting)}"),
            _quoted(one.prompt),
            "",
            _quoted(one.text),
        )
        if one.known:
            show("the right answer is", _quoted(one.known))
        word = _line("y, n, 0 to 10, s, u, q: ")
        if word is None or word.lower() == "q":
            return False
        word = word.lower()
        if word == "u" and graded:
            opinions.grade(graded[-1]._replace(score=None), person)
            place = waiting.index(graded.pop())
        elif word in _GRADES:
            opinions.grade(one._replace(score=_GRADES[word]), person)
            graded.append(one)
            place += 1
        elif word == "s":
            place += 1
        else:
            show(
                safe(f"{word!r} is none of them" if word != "u" else "nothing to take back")
            )
    return True


def _line(asked: str) -> str | None:
    """What was typed, less the spaces around it; None at the end of the input."""
    sys.stdout.write(asked)
    sys.stdout.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None
