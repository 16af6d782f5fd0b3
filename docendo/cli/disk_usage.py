"""How large a run's database will be: rounds like its own are stored in memory and measured."""

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
    Metrics,
    Move,
    Problem,
    Rollout,
    Usage,
    Verdict,
)
from docendo.store.checkpoints import prune_checkpoints
from docendo.store.database import SCHEMA
from docendo.store.rows import RoundRecord, insert_round

__all__ = ["Solutions", "database_size"]

Solutions = Sequence[tuple[Problem, Completion]]
"""Problems with answers as long as those of agents that can solve them."""

_PASSED = 2 / 3
"""Share of the lessons that pass the gate, as in the runs that were measured."""
_USEFUL = 0.5
"""Share of the lessons that are kept as demonstrations."""
_DEMONSTRATIONS = 200
"""Kept by each agent of each family."""
_STATES = 3
"""The newest state, that of the older checkpoint, and the room that the one before left."""
_STATE_TEXT = "x" * 20_000
"""Stands for a state while pages are counted: states come and go, and leave half-empty pages."""
_METRICS, _METRICS_OF_AGENT, _PURPOSES = 22, 11, 6
_FEW, _MORE = 8, 24
"""Rounds that are stored to see what one adds."""
_EVALUATIONS = 1000
"""Likewise for evaluations."""


def database_size(config: Config, solutions: Solutions, evaluations: int) -> int:
    """Bytes of run.db after all rounds, with so many evaluated answers in it."""
    max_tokens = config.teaching.max_tokens
    solutions = [(problem, _cut(answer, max_tokens)) for problem, answer in solutions]

    few = _stored_size(config, solutions, rounds=_FEW)
    more = _stored_size(config, solutions, rounds=_MORE)
    # from the slope, as the empty schema and its indexes take pages too
    rounds_size = few + (more - few) / (_MORE - _FEW) * (config.teaching.rounds - _FEW)

    plain = _stored_size(config, solutions, rounds=1)
    evaluated = _stored_size(config, solutions, rounds=1, evaluations=_EVALUATIONS)
    evaluations_size = (evaluated - plain) / _EVALUATIONS * evaluations

    return round(rounds_size + evaluations_size + _states_size(config, solutions))


def _stored_size(
    config: Config, solutions: Solutions, *, rounds: int, evaluations: int = 0
) -> int:
    """Bytes of a database with some rounds of teaching and some evaluations in each."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(SCHEMA)
        for index in range(rounds):
            insert_round(database, _make_round(config, solutions, index, evaluations))
            database.execute("INSERT INTO checkpoints VALUES (?, '', '')", (index,))
            # old states are dropped as in a run, which leaves their pages half empty
            prune_checkpoints(database, _STATES - 1)

        ((pages,),) = database.execute("PRAGMA page_count")
        ((page_size,),) = database.execute("PRAGMA page_size")
        return int(pages * page_size)


def _make_round(
    config: Config, solutions: Solutions, index: int, evaluations: int
) -> RoundRecord:
    """A round of teaching as this run might have."""
    problem, answer = solutions[0]
    evaluation = Evaluation(index, BASE, problem, answer.text, Verdict(1.0, "equal"))
    metrics = _METRICS + _METRICS_OF_AGENT * len(config.learners)
    usage = []
    for name in config.learners:
        for purpose in range(_PURPOSES):
            usage.append(Usage(AgentId(name), f"purpose {purpose}", 1000, 1e9))

    return RoundRecord(
        index=index,
        stage="teaching",
        seconds=1.0,
        episodes=list(_make_episodes(config, solutions, index)) if config.domains else (),
        evaluations=[evaluation] * evaluations,
        metrics=Metrics(index, {f"metric/{i:02d}": i / 3 for i in range(metrics)}),
        ledger=usage,
        duels=_make_duels(config, index),
        state={"notes": _STATE_TEXT},
    )


def _make_episodes(config: Config, solutions: Solutions, index: int) -> Iterator[Episode]:
    teaching = config.teaching
    passed = 0.0
    for m, (problem, answer) in enumerate(islice(cycle(solutions), teaching.matches)):
        match = Match(AgentId("a teacher"), AgentId("a student"), *problem.task_type)
        rollout = Rollout(answer, Verdict(1.0, "equal"))
        test = _vary(problem, f"{index}.{m}")

        for number in range(teaching.lessons):
            lesson_problems = [
                _vary(problem, f"{index}.{m}.{number}.{x}")
                for x in range(teaching.examples)
            ]
            # two lessons of three, spread evenly over the round
            passed += _PASSED
            attempts = 0
            if passed >= 1:
                passed -= 1
                attempts = teaching.attempts

            yield Episode(
                round=index,
                match=match,
                test=test,
                lesson=Lesson(tuple(lesson_problems), (rollout,) * teaching.examples),
                control=(rollout,) * teaching.control_attempts,
                attempts=(rollout,) * attempts,
                expected=0.5,
            )


def _make_duels(config: Config, index: int) -> list[Duel]:
    duels = config.duels
    answer = Completion("Answer: bet", tokens=(1000,) * 5)
    prompt = "Your card: king. Nobody has bet yet."
    move = Move(0, prompt, "bet", Rollout(answer, Verdict(1.0, "legal")))
    duel = Duel(
        round=index,
        game=duels.game,
        first=AgentId("a player"),
        second=AgentId("another"),
        deal="king jack",
        moves=(move,) * (3 if duels.game == "kuhn" else 8),
        payoffs=(1.0, -1.0),
    )
    return [duel] * (2 * duels.pairings * duels.deals * duels.repeats)


def _states_size(config: Config, solutions: Solutions) -> int:
    """Bytes of the states: nearly all of them are the agents' demonstrations."""
    teaching = config.teaching
    learners = max(1, len(config.learners))
    families = {(problem.domain, problem.family) for problem, _ in solutions}
    # a lesson's demonstration is kept once for everybody who may imitate it
    recipients = learners - 1 if config.learning.share_lessons == "all" else 1

    lessons = teaching.rounds * teaching.matches * teaching.lessons * teaching.examples
    count = min(_DEMONSTRATIONS * len(families) * learners, _USEFUL * lessons * recipients)
    letters = 0
    for problem, answer in solutions:
        letters += len(json.dumps({"problem": asdict(problem), "text": answer.text}))
    return round(_STATES * count * letters / len(solutions))


def _cut(answer: Completion, max_tokens: int) -> Completion:
    """What is left of an answer that ends after `max_tokens` tokens."""
    if len(answer.tokens) <= max_tokens:
        return answer
    # as if all tokens were equally long
    letters = len(answer.text) * max_tokens // len(answer.tokens)
    return replace(answer, text=answer.text[:letters], tokens=answer.tokens[:max_tokens])


def _vary(problem: Problem, mark: str) -> Problem:
    """Another problem of the same length: equal ones are stored once."""
    return replace(problem, prompt=f"{problem.prompt}{mark}")
