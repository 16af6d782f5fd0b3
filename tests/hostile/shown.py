"""A run in which every text that a model, a file or a name can bring is one of the payloads."""

import math
from collections.abc import Sequence
from pathlib import Path

import tomli_w

from docendo.humans.votes import VoteStore
from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Episode,
    Evaluation,
    Lesson,
    Match,
    MetricKey,
    Metrics,
    Move,
    Opinion,
    Problem,
    Question,
    Rollout,
    TaskType,
    Usage,
    Verdict,
)
from docendo.store import QuarantineRow, RoundRecord, RunDirectory

__all__ = ["full", "settings", "whole"]

ANN, BOB = AgentId("ann"), AgentId("bob")


def settings(texts: Sequence[str]) -> str:
    """A config with the texts wherever it takes any."""
    first, clean = (
        texts[0],
        [t for t in texts if t and not any(0xD800 <= ord(c) < 0xE000 for c in t)],
    )
    text = clean[0] if clean else "plain"
    table = {
        "model": text,
        "domains": {t: {"file": t, "columns": {"family": t}} for t in clean},
        "agents": {
            "ann": {
                "domain": clean,
                "system_prompt": text,
                "tools": [f"dictionary:/{text}"],
                "grammar": {"choice": [text]},
            },
            "bob": {
                "domain": [],
                "data": {"files": {f"/{text}": 1.0}, "domains": {text: 1.0}},
            },
        },
        "askers": {
            text: {"type": "persona", "model": text, "personas": [text], "verify": text}
        },
        "people": {text: {"manner": text, "interests": {text: 1.0}}},
        "evaluators": {text: {"type": "format", "pattern": text}},
    }
    assert first is not None
    return tomli_w.dumps(table)


def _attempt(text: str, score: float) -> Rollout:
    return Rollout(Completion(text), Verdict(score, text))


def _problem(text: str) -> Problem:
    return Problem(text, text, 1, text, text, text, source=text)


def _episode(text: str, names: bool, number: int) -> Episode:
    teacher, student = (AgentId(text), AgentId(f"{text}@1")) if names else (ANN, BOB)
    tries = (_attempt(text, 1.0), _attempt(text, 0.0))
    lesson = Lesson((_problem(text),), (_attempt(text, 1.0),))
    return Episode(
        1,
        Match(teacher, student, text, text, 1),
        _problem(f"{text} {number}"),
        lesson,
        tries,
        tries,
        0.25,
    )


def full(path: Path, texts: Sequence[str], names: bool = True) -> Path:
    """The run directory. With `names` the texts are names of agents too, which only a foreign file can bring about."""
    agents = [AgentId(t) for t in texts] if names else [ANN, BOB]
    with RunDirectory.create(path, settings(texts)) as run:
        run.quarantine([QuarantineRow(t, 1, t) for t in texts])
        run.commit(RoundRecord(-1, "experts", 1.0))
        for index in (0, 2):
            scores = [
                Evaluation(index, a, _problem(t), t, Verdict(1.0, t), split)
                for t, a in zip(texts, (agents * len(texts))[: len(texts)], strict=True)
                for split in ("test", "fresh")
            ]
            if index:
                run.commit(_played(texts, names, agents))
            run.commit(
                RoundRecord(
                    index, "experts" if not index else "teaching", 1.0, evaluations=scores
                )
            )
        run.finish()
    with VoteStore(path) as said:
        for i, text in enumerate(texts):
            first, second = (AgentId(text), BOB) if names else (ANN, BOB)
            said.record(
                Opinion(
                    text,
                    text,
                    first,
                    second,
                    (text, f"{text}?"),
                    ("first", "second")[i % 2],
                    text,
                )
            )
    return path


def _played(texts: Sequence[str], names: bool, agents: Sequence[AgentId]) -> RoundRecord:
    first, second = agents[0], agents[1 % len(agents)]
    metrics = {
        MetricKey(f"{kind}/{what}", AgentId(t)): 1.0
        for t in texts
        for kind, what in _COUNTED
    }
    metrics |= {"groups/total": 4.0, "groups/nonzero_variance": 0.5, "partners": 1.0}
    return RoundRecord(
        1,
        "teaching",
        1.0,
        episodes=[_episode(t, names, i) for i, t in enumerate(texts)],
        metrics=Metrics(
            1, {name: value for name, value in metrics.items() if math.isfinite(value)}
        ),
        ledger=[Usage(AgentId(t), t, 10, 1e9) for t in texts],
        duels=[
            Duel(1, texts[0], a, b, t, (Move(0, t, t, _attempt(t, 1.0)),), (1.0, -1.0))
            for t in texts
            for a, b in ((first, second), (second, first))
        ],
        questions=[
            Question(
                1,
                AgentId(t),
                t,
                TaskType(t, t, 1),
                Completion(t),
                _problem(t),
                reason,
                ((ANN, 0.5),),
            )
            for t in texts
            for reason in ("", f"{t}: {t}")
        ],
    )


_COUNTED = (
    ("evaluator", "verdicts"),
    ("asker", "asked"),
    ("tools", "calls"),
    ("endpoint", "requests"),
    ("data", "used"),
)


def whole(text: str) -> str:
    """A folder's name made of a text, as far as a folder's name can be it."""
    return (
        text.replace("/", "_")
        .replace("\0", "_")
        .encode("utf-8", "replace")[:120]
        .decode("utf-8", "ignore")
        or "run"
    )
