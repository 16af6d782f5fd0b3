"""How large the database of a run will be: a few rounds of its shape are stored in memory, and measured."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from itertools import cycle, islice

from docendo.config.load import Config
from docendo.records import (
    BASE,
    AgentId,
    Completion,
    Duel,
    Episode,
    Evaluation,
    Lesson,
    Match,
    Move,
    Problem,
    Question,
    Rollout,
    Usage,
    Verdict,
)
from docendo.store.checkpoints import forget_old
from docendo.store.database import SCHEMA
from docendo.store.rows import RoundRecord, insert_round

__all__ = ["PASSED", "Written", "database_size"]

Written = Sequence[tuple[Problem, Completion]]
"""Problems, and what agents who know how answer them."""

PASSED = 2 / 3
"""Share of the lessons that the gate lets through, as in the runs that were measured (docs/performance.md)."""
_USEFUL = 0.5
"""Share of the lessons that are written down by those who listen."""
_NOTES = 200
"""Kept by each agent of each family."""
_STATES = 3
"""The newest, that of the older checkpoint, and the room of the one before."""
_STATE = 20_000
"""Letters of a state that stands for any. It leaves its round when two newer ones are there, and half-empty pages."""
_METRICS, _ALARMS, _PURPOSES = 22, 11, 6
_FEW, _MORE = 8, 24
"""Rounds that are stored to see what one adds."""
_MANY = 1000
"""Evaluations, likewise."""


def database_size(config: Config, written: Written, examined: int) -> int:
    """Bytes of run.db after all rounds, with so many evaluated answers in it."""
    written = [
        (problem, _cut(completion, config.teaching.max_tokens))
        for problem, completion in written
    ]
    few, more = (_stored(config, written, rounds, 0) for rounds in (_FEW, _MORE))
    judged = (_stored(config, written, 1, _MANY) - _stored(config, written, 1, 0)) / _MANY
    taught = (more - few) / (_MORE - _FEW) * (config.teaching.rounds - _FEW)
    return round(few + taught + judged * examined + _states(config, written))


def _stored(config: Config, written: Written, rounds: int, examined: int) -> int:
    """Bytes of a database with so many rounds of teaching and so many evaluations."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(SCHEMA)
        for index in range(rounds):
            insert_round(database, _round(config, written, index, examined))
            database.execute("INSERT INTO checkpoints VALUES (?, '', '')", (index,))
            forget_old(database, _STATES - 1)
        (pages,), (size,) = (
            database.execute(f"PRAGMA {what}").fetchone()
            for what in ("page_count", "page_size")
        )
        return int(pages * size)


def _round(config: Config, written: Written, index: int, examined: int) -> RoundRecord:
    agents = [AgentId(name) for name in config.learners]
    problem, completion = written[0]
    judged = Evaluation(index, BASE, problem, completion.text, Verdict(1.0, "equal"))
    return RoundRecord(
        index,
        "teaching",
        1.0,
        episodes=list(_episodes(config, written, index)) if config.domains else (),
        evaluations=[judged] * examined,
        metrics={f"metric/{i:02d}": i / 3 for i in range(_METRICS + _ALARMS * len(agents))},
        ledger=[
            Usage(agent, f"purpose {i}", 1000, 1e9)
            for agent in agents
            for i in range(_PURPOSES)
        ],
        duels=list(_duels(config, written, index)),
        questions=list(_questions(config, written, index)),
        state={"notes": "x" * _STATE},
    )


def _episodes(config: Config, written: Written, index: int) -> Iterator[Episode]:
    t, passed = config.teaching, 0.0
    for m, (problem, completion) in enumerate(islice(cycle(written), t.matches)):
        match = Match(
            AgentId("a teacher"),
            AgentId("a student"),
            problem.domain,
            problem.family,
            problem.level,
        )
        attempt = Rollout(completion, Verdict(1.0, "equal"))
        test, *shown = (
            _other(problem, (index, m, i)) for i in range(1 + t.lessons * t.examples)
        )
        for lesson in range(t.lessons):
            passed += PASSED
            tried = (attempt,) * t.attempts if passed >= 1 else ()
            passed -= passed >= 1
            examples = tuple(shown[lesson * t.examples : (lesson + 1) * t.examples])
            given = Lesson(examples, (attempt,) * t.examples)
            yield Episode(
                index, match, test, given, (attempt,) * t.control_attempts, tried, 0.5
            )


def _duels(config: Config, written: Written, index: int) -> Iterator[Duel]:
    plan, attempt = (
        config.duels,
        Rollout(Completion("Answer: bet", tokens=(1000,) * 5), Verdict(1.0, "legal")),
    )
    moves = (Move(0, "Your card: king. Nobody has bet yet.", "bet", attempt),) * (
        3 if plan.game == "kuhn" else 8
    )
    for _ in range(2 * plan.pairings * plan.deals * plan.repeats):
        yield Duel(
            index,
            plan.game,
            AgentId("a player"),
            AgentId("another"),
            "king jack",
            moves,
            (1.0, -1.0),
        )


def _questions(config: Config, written: Written, index: int) -> Iterator[Question]:
    for domain in config.domains.values():
        for asker in (
            config.askers[name] for name in domain.askers if name in config.askers
        ):
            for q in range(asker.questions if asker.kind == "persona" else 0):
                problem, completion = written[q % len(written)]
                tries = [(AgentId("somebody"), 1.0)] * (
                    asker.tries * (len(config.learners) - 1)
                )
                asked = _other(problem, (index, q)) if q % 2 else None
                yield Question(
                    index,
                    AgentId("an asker"),
                    "a persona",
                    problem.task_type,
                    completion,
                    asked,
                    "",
                    tuple(tries),
                )


def _states(config: Config, written: Written) -> int:
    """Bytes of what is remembered: nearly all of it is the agents' notes."""
    notes = [len(json.dumps({"problem": asdict(p), "text": c.text})) for p, c in written]
    learners, families = (
        max(1, len(config.learners)),
        len({p.task_type[:2] for p, _ in written}),
    )
    heard = learners - 1 if config.learning.share_lessons == "all" else 1
    t = config.teaching
    kept = min(
        _NOTES * families * learners,
        _USEFUL * t.rounds * t.matches * t.lessons * t.examples * heard,
    )
    return round(_STATES * kept * sum(notes) / len(notes))


def _cut(completion: Completion, longest: int) -> Completion:
    """What there is of an answer that had to end after so many tokens."""
    if len(completion.tokens) <= longest:
        return completion
    letters = len(completion.text) * longest // len(completion.tokens)
    return replace(
        completion, text=completion.text[:letters], tokens=completion.tokens[:longest]
    )


def _other(problem: Problem, place: tuple[int, ...]) -> Problem:
    return replace(problem, prompt=f"{problem.prompt}{'.'.join(map(str, place))}")
