"""What a round leaves behind, and how it becomes rows and comes back.

Completion.prompt_tokens and Completion.logprobs are not stored: the first can be made again from the prompt, the
second is of use only until the round's update. They come back empty.
"""

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Episode,
    Evaluation,
    Finding,
    Lesson,
    Match,
    Move,
    Payoff,
    Problem,
    Question,
    Rollout,
    TaskType,
    Usage,
    Verdict,
)
from docendo.store.database import cell, pack, uncell, unpack
from docendo.store.validation import attempt_parts, problem_parts

__all__ = [
    "ProblemShelf",
    "QuarantineRow",
    "RoundRecord",
    "RoundRow",
    "fitting",
    "insert_round",
    "read_duel",
    "read_episode",
    "read_evaluation",
    "read_question",
]

_COLUMNS = {
    "episodes": "round, teacher, student, domain, family, level, test, lesson, control, attempts, "
    "expected, again, payoff",
    "duels": "round, game, first, second, deal, moves, first_payoff, second_payoff",
    "questions": "round, asker, persona, domain, family, level, text, tokens, problem, refused, tries",
}


class QuarantineRow(NamedTuple):
    """A row of the user's data that was left out, and why."""

    file: str
    line: int
    reason: str


class RoundRow(NamedTuple):
    round: int
    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """Everything of one round; indices ascend, and -1 may hold what was measured before the first."""

    index: int
    stage: str
    """``experts`` or ``teaching``."""
    seconds: float
    episodes: Sequence[Episode] = ()
    evaluations: Sequence[Evaluation] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    ledger: Sequence[Usage] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    """JSON that a resumed run starts from: standings, curriculum, counters."""
    duels: Sequence[Duel] = ()
    questions: Sequence[Question] = ()
    findings: Sequence[Finding] = ()
    """Of the monitors, in this round's episodes."""


def insert_round(connection: sqlite3.Connection, record: RoundRecord) -> None:
    """Insert all rows of a round inside the caller's transaction."""
    index = record.index
    connection.execute(
        "INSERT INTO rounds VALUES (?, ?, ?, ?)",
        (index, record.stage, record.seconds, pack(dict(record.state))),
    )
    connection.executemany(
        "INSERT INTO metrics VALUES (?, ?, ?)",
        [(index, cell(n), v) for n, v in record.metrics.items()],
    )
    connection.executemany(
        "INSERT INTO ledger (round, agent, purpose, tokens, flops, cost) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (index, cell(r.agent), cell(r.purpose), r.tokens, r.flops, r.cost)
            for r in record.ledger
        ],
    )
    connection.executemany(
        "INSERT INTO findings (round, monitor, agent, episode, reason) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (index, f.monitor, cell(f.agent), f.episode, cell(f.reason))
            for f in record.findings
        ],
    )
    for evaluation in record.evaluations:
        _insert_evaluation(connection, index, evaluation)
    played: tuple[Episode | Duel | Question, ...] = (
        *record.episodes,
        *record.duels,
        *record.questions,
    )
    for row in played:
        if row.round != index:
            kind = type(row).__name__.lower()
            raise ValueError(
                f"the {kind} of round {row.round} was handed in with round {index}"
            )
    for episode in record.episodes:
        _insert_episode(connection, episode)
    for duel in record.duels:
        _insert_duel(connection, duel)
    for question in record.questions:
        _insert_question(connection, question)


def _insert_evaluation(connection: sqlite3.Connection, index: int, row: Evaluation) -> None:
    problem = _insert_problem(connection, index, row.problem)
    texts = [cell(text) for text in (row.agent, row.text, row.verdict.reason, row.split)]
    connection.execute(
        "INSERT INTO evaluations (committed, round, agent, problem, text, score, reason, split) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (index, row.round, *texts[:1], problem, *texts[1:2], row.verdict.score, *texts[2:]),
    )


def _insert_episode(connection: sqlite3.Connection, episode: Episode) -> None:
    match = episode.match
    problems = [
        _insert_problem(connection, episode.round, p) for p in episode.lesson.problems
    ]
    row = (
        episode.round,
        *(
            cell(text)
            for text in (match.teacher, match.student, match.domain, match.family)
        ),
        match.level,
        _insert_problem(connection, episode.round, episode.test),
        pack({"problems": problems, "examples": _attempts(episode.lesson.examples)}),
        pack(_attempts(episode.control)),
        pack(_attempts(episode.attempts)),
        episode.expected,
        int(episode.again),
        pack(_payoff_parts(episode.payoff)),
    )
    _insert(connection, "episodes", row)


def _payoff_parts(payoff: Payoff | None) -> list[Any] | None:
    return None if payoff is None else [payoff.teacher, list(payoff.student)]


def _read_payoff(parts: Any) -> Payoff | None:
    if parts is None:
        return None
    teacher, student = parts
    return Payoff(float(teacher), tuple(float(reward) for reward in student))


def _insert_duel(connection: sqlite3.Connection, duel: Duel) -> None:
    moves = [[m.seat, m.view, m.choice, *_attempts([m.attempt])] for m in duel.moves]
    texts = (duel.game, duel.first, duel.second, duel.deal)
    _insert(
        connection, "duels", (duel.round, *map(cell, texts), pack(moves), *duel.payoffs)
    )


def _insert_question(connection: sqlite3.Connection, row: Question) -> None:
    problem = (
        None if row.problem is None else _insert_problem(connection, row.round, row.problem)
    )
    texts = (
        cell(text)
        for text in (row.asker, row.persona, row.task_type.domain, row.task_type.family)
    )
    written = cell(row.completion.text), pack(row.completion.tokens)
    values = (
        row.round,
        *texts,
        row.task_type.level,
        *written,
        problem,
        cell(row.refused),
        pack(row.tries),
    )
    _insert(connection, "questions", values)


def _insert(connection: sqlite3.Connection, table: str, row: Sequence[Any]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", row)  # noqa: S608


def _insert_problem(connection: sqlite3.Connection, index: int, problem: Problem) -> str:
    """The row's id."""
    digest, body = (
        _id(problem),
        (problem.prompt, problem.answer, problem.solution, problem.tests, problem.source),
    )
    row = (
        digest,
        problem.key,
        index,
        cell(problem.domain),
        cell(problem.family),
        problem.level,
        pack(body),
    )
    connection.execute("INSERT OR IGNORE INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return digest


def _id(problem: Problem) -> str:
    """A hash of every field, where `Problem.key` leaves out level, solution and source."""
    p = problem
    everything = (
        p.domain,
        p.family,
        p.level,
        p.prompt,
        p.answer,
        p.solution,
        p.tests,
        p.source,
    )
    return blake2b(
        repr(everything).encode(errors="surrogatepass"), digest_size=12
    ).hexdigest()


def _attempts(attempts: Iterable[Rollout]) -> list[dict[str, Any]]:
    return [
        {
            "text": c.text,
            "tokens": c.tokens,
            "score": verdict.score,
            "reason": verdict.reason,
        }
        for c, verdict in attempts
    ]


def fitting(
    table: str, asked: Mapping[str, int | str | None], newest: int | None
) -> tuple[str, tuple[Any, ...]]:
    """The query, and its values, for the rows of a table of what was played that fit all of `asked` that is not None.

    In the order of their commits, all columns but the id, only the last `newest` of them.
    """
    given = {
        name: cell(v) if isinstance(v, str) else v
        for name, v in asked.items()
        if v is not None
    }
    where = " AND ".join(("1", *(f"{name} = ?" for name in given)))
    ids = f"SELECT id FROM {table} WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    query = f"SELECT {_COLUMNS[table]} FROM {table} WHERE id IN ({ids}) ORDER BY id"  # noqa: S608
    return query, (*given.values(), -1 if newest is None else newest)


class ProblemShelf:
    """Problems by row id, each read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._problems: dict[str, Problem] = {}

    def __getitem__(self, id: str) -> Problem:
        if id not in self._problems:
            query = "SELECT domain, family, level, body FROM problems WHERE id = ?"
            domain, family, level, body = self._connection.execute(query, (id,)).fetchone()
            problem = Problem(
                uncell(domain), uncell(family), level, *problem_parts(unpack(body))
            )
            if _id(problem) != id:
                raise ValueError(f"problem {id} was changed")
            self._problems[id] = problem
        return self._problems[id]


def read_episode(row: Sequence[Any], problems: ProblemShelf) -> Episode:
    """The episode of one row of ``episodes``, all columns but the id."""
    (
        index,
        teacher,
        student,
        domain,
        family,
        level,
        test,
        lesson,
        control,
        attempts,
        expected,
        again,
        payoff,
    ) = row
    written = unpack(lesson)
    return Episode(
        round=index,
        match=Match(
            AgentId(uncell(teacher)),
            AgentId(uncell(student)),
            uncell(domain),
            uncell(family),
            level,
        ),
        test=problems[test],
        lesson=Lesson(
            tuple(problems[i] for i in written["problems"]),
            _read_attempts(written["examples"]),
        ),
        control=_read_attempts(unpack(control)),
        attempts=_read_attempts(unpack(attempts)),
        expected=_number(expected),
        again=bool(again),
        payoff=_read_payoff(unpack(payoff)),
    )


def read_duel(row: Sequence[Any]) -> Duel:
    """The duel of one row of ``duels``, all columns but the id."""
    index, game, first, second, deal, moves, *payoffs = row
    return Duel(
        round=index,
        game=uncell(game),
        first=AgentId(uncell(first)),
        second=AgentId(uncell(second)),
        deal=uncell(deal),
        moves=tuple(
            Move(seat, view, choice, *_read_attempts([a]))
            for seat, view, choice, a in unpack(moves)
        ),
        payoffs=(payoffs[0], payoffs[1]),
    )


def read_question(row: Sequence[Any], problems: ProblemShelf) -> Question:
    """The question of one row of ``questions``, all columns but the id."""
    index, asker, persona, domain, family, level, text, tokens, problem, refused, tries = (
        row
    )
    return Question(
        round=index,
        asker=AgentId(uncell(asker)),
        persona=uncell(persona),
        task_type=TaskType(uncell(domain), uncell(family), level),
        completion=Completion(uncell(text), tokens=tuple(unpack(tokens))),
        problem=None if problem is None else problems[problem],
        refused=uncell(refused),
        tries=tuple((AgentId(agent), score) for agent, score in unpack(tries)),
    )


def read_evaluation(row: Sequence[Any], problems: ProblemShelf) -> Evaluation:
    """The evaluation of one row: round, agent, problem, text, score, reason, split."""
    index, agent, problem, text, score, reason, split = row
    verdict = Verdict(_number(score), uncell(reason))
    return Evaluation(
        index, AgentId(uncell(agent)), problems[problem], uncell(text), verdict, split
    )


def _read_attempts(written: list[Any]) -> tuple[Rollout, ...]:
    parts = [attempt_parts(one) for one in written]
    return tuple(
        Rollout(Completion(text, tokens=t), Verdict(score, reason))
        for text, t, score, reason in parts
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
