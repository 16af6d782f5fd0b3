"""`docendo chat`: a person asks agents and votes for the better answer, or grades answers."""

import io
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from docendo.cli.dialog import get_user_name, indent_quote, read_line
from docendo.cli.grading import grade_waiting
from docendo.cli.interrupt import INTERRUPTED
from docendo.cli.options import RunPath
from docendo.cli.output import safe, show, title
from docendo.cli.runs import (
    check_names,
    list_members,
    load_run_config,
    open_trained,
)
from docendo.errors import UserError
from docendo.records import BASE, AgentId, TaskType, Vote
from docendo.seeds import seed_for
from docendo.store import RunDirectory

if TYPE_CHECKING:
    from docendo.humans.comparison import AnswerPair, ComparisonSession
    from docendo.humans.votes import VoteStore
    from docendo.interfaces import Split
    from docendo.run.agents import LoadedAgents

__all__ = ["chat"]

_VOTES: "dict[str, Vote]" = {"a": "first", "b": "second", "t": "tie", "n": "both bad"}
_CHOICES = "a or b is better, t tie, n both bad, s skip, u undo, q leave"

_AGENT_HELP = "Only these agents; given twice or more."
_PERSON_HELP = "Your name. Default: your user name."
_DOMAIN_HELP = "Draw the questions from this domain instead of typing them."
_HELD_OUT_HELP = "Draw problems that nobody was trained on."
_GRADE_HELP = "Grade answers that the run waits for, instead."


class _Settings(NamedTuple):
    """Where questions come from, and what is asked about their answers."""

    domains: tuple[str, ...]
    held_out: bool
    seed: int
    ask_right: bool

    @property
    def draws_questions(self) -> bool:
        return bool(self.domains) or self.held_out


def chat(
    path: RunPath,
    agent: Annotated[list[str] | None, typer.Option(metavar="A", help=_AGENT_HELP)] = None,
    person: Annotated[str, typer.Option(metavar="NAME", help=_PERSON_HELP)] = "",
    domain: Annotated[
        list[str] | None, typer.Option(metavar="D", help=_DOMAIN_HELP)
    ] = None,
    held_out: Annotated[bool, typer.Option("--held-out", help=_HELD_OUT_HELP)] = False,
    seed: Annotated[int, typer.Option(min=0, help="Picks who answers, and how.")] = 0,
    right: Annotated[
        bool, typer.Option("--right", help="Also ask for the right answer.")
    ] = False,
    grade: Annotated[bool, typer.Option("--grade", help=_GRADE_HELP)] = False,
) -> None:
    """Ask the agents of a run, and vote for the better of two answers.

    No names are shown before you have voted. Votes are kept in RUN/people.db, and can be
    exported with `docendo preferences`; the run may go on meanwhile. Questions are read line
    by line.
    """
    # a person may paste bytes that are no text
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")

    voter = person or get_user_name()
    try:
        if grade:
            _grade(path, voter)
        else:
            settings = _Settings(tuple(domain or ()), held_out, seed, right)
            _converse(path, agent or [], voter, settings)
    except KeyboardInterrupt:
        show("", "left; all votes are kept")
        # votes are stored one by one, so that nothing is lost here
        raise typer.Exit(INTERRUPTED) from None


def _grade(path: Path, person: str) -> None:
    from docendo.humans.votes import VoteStore

    RunDirectory.open(path).close()
    with VoteStore(path) as votes:
        grade_waiting(votes, person)


def _converse(
    path: Path, agent_names: Sequence[str], person: str, settings: _Settings
) -> None:
    from docendo.humans.votes import VoteStore

    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        available = [BASE, *list_members(run, config), *config.guests]
        names = check_names(agent_names or available, available, "agent", path)
        agents = [AgentId(name) for name in names]
        if len(agents) < 2:
            raise UserError(
                f"two agents are needed to compare answers; there is {agents[0]}"
            )
        check_names(settings.domains, list(config.domains), "domain", path)
        # loading the model takes long: every check of the arguments comes before
        trained = open_trained(run)

    with VoteStore(path) as votes:
        session = _open_session(trained, agents, votes, person, settings.seed)
        _take_votes(session, trained, settings)


def _open_session(
    trained: "LoadedAgents",
    agents: Sequence[AgentId],
    votes: "VoteStore",
    person: str,
    seed: int,
) -> "ComparisonSession":
    from docendo.humans.comparison import ComparisonSession

    teaching = trained.config.teaching
    return ComparisonSession(
        engine=trained.classroom.engine,
        agents=agents,
        opinions=votes,
        person=person,
        seed=seed,
        max_tokens=teaching.max_tokens,
        temperature=teaching.temperature,
        instructions=trained.classroom.instructions,
        round=trained.round_index,
    )


def _take_votes(
    session: "ComparisonSession", trained: "LoadedAgents", settings: _Settings
) -> None:
    """Question after question, until the person leaves."""
    if settings.draws_questions:
        questions, invitation = _draw_questions(trained, settings), "Questions are drawn"
    else:
        questions, invitation = _read_questions(), "Type a question"

    show(f"{len(session.agents)} agents listen. {invitation}; q leaves.")
    for prompt, right_answer in questions:
        stays = _ask_for_vote(session, session.ask(prompt), settings.ask_right)
        if not stays:
            break
        if right_answer:
            show("The right answer is", indent_quote(right_answer))

    number = len(session.recorded)
    show(f"{number} vote{'' if number == 1 else 's'} kept")


def _draw_questions(
    trained: "LoadedAgents", settings: _Settings
) -> Iterator[tuple[str, str]]:
    """Problems without end with their answers, the domains' task types in turn."""
    catalog = trained.catalog
    split: Split = "held-out" if settings.held_out else "train"
    task_types: list[TaskType] = []
    for domain in settings.domains or catalog.task_types:
        task_types += catalog.task_types[domain]

    for number in count():
        domain, family, level = task_types[number % len(task_types)]
        # the same seed asks the same questions, however many domains there are
        seed = seed_for(settings.seed, "drawn", number)
        (problem,) = catalog.sources[domain].draw(family, level, 1, seed, split)
        show(title("\n?"), indent_quote(problem.prompt))
        yield problem.prompt, problem.answer


def _read_questions() -> Iterator[tuple[str, str]]:
    """Typed questions; nobody knows their answers, which are empty."""
    while (line := read_line("\n? ")) not in {None, "q"}:
        if line:
            yield line, ""


def _ask_for_vote(
    session: "ComparisonSession", pair: "AnswerPair", ask_right: bool
) -> bool:
    """Show a pair and take the person's vote; whether the person stays."""
    _show_pair(pair)
    while (line := read_line(f"\n{_CHOICES}: ")) not in {None, "q"}:
        reply = (line or "").lower()
        if reply in _VOTES:
            right = ""
            if ask_right:
                right = read_line("the right answer, or nothing: ") or ""
            session.record(pair, _VOTES[reply], right)
            show(f"A was {pair.first}, B was {pair.second}")
            return True

        if reply == "s":
            return True
        if reply == "u":
            previous = session.undo()
            if previous is None:
                show("nothing to take back")
                continue
            show("taken back; once more:", title("?"), indent_quote(previous.prompt))
            if not _ask_for_vote(session, previous, ask_right):
                return False
            show("", title("?"), indent_quote(pair.prompt))
            _show_pair(pair)
        elif reply:
            show(safe(f"{reply!r} is none of them"))
    return False


def _show_pair(pair: "AnswerPair") -> None:
    for letter, text in zip("AB", pair.texts, strict=True):
        show(title(f"\n{letter}"), indent_quote(text))
