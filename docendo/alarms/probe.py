"""Whether lessons give their test away: the frozen base sees a lesson but not the question, and chooses the answer.

It chooses among the test's answer and those of other problems of the kind, and so cannot merely repeat the lesson's own
answer. What an honest lesson on the same problem would make it choose is measured on the problem's worked solution.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import comb
from typing import NamedTuple, Protocol

import numpy as np

from docendo.alarms.words import tokens
from docendo.errors import UseError
from docendo.interfaces import Engine, Source
from docendo.prompts import hinted
from docendo.records import BASE, AgentId, Episode, Grammar, Problem, Request, origin
from docendo.seeds import seed_for

__all__ = ["Plan", "Probed", "Room", "candidates", "choices", "given_away", "hints", "probed"]

_MAX_TOKENS = 96
_CHOICES = 8
_DRAWN = 24, 12, 6, 3
_SURE = 0.01


class Plan(NamedTuple):
    lessons: int = 0
    """In a round at the most; 0: nothing is probed."""
    samples: int = 16
    """Choices of the base after each lesson, and after its worked solution."""


class Room(Protocol):
    """Where answers and problems come from; a classroom is one."""

    @property
    def engine(self) -> Engine: ...

    @property
    def sources(self) -> Mapping[str, Source]: ...


class Probed(NamedTuple):
    """One lesson, and what the base chose."""

    teacher: AgentId
    right: int
    """Choices of the test's answer after the lesson."""
    usual: int
    """The same after the worked solution of the lesson's problem."""
    samples: int
    """Of each."""
    choices: int


def probed(room: Room, episodes: Sequence[Episode], plan: Plan, seed: int) -> list[Probed]:
    """Some of the lessons that were shown, drawn anew in every round; their samples are booked as "probe"."""
    chosen = [
        (e, offered)
        for i, e in enumerate(candidates(episodes, plan.lessons, seed))
        if len(offered := choices(room.sources[e.match.domain], e, seed_for(seed, "choices", i))) > 1
    ]
    requests = [
        _request(shown, offered, seed_for(seed, i, way, s))
        for i, (e, offered) in enumerate(chosen)
        for way, shown in enumerate((_lesson(e), [(p.prompt, p.worked) for p in e.lesson.problems]))
        for s in range(plan.samples)
    ]
    said = iter(room.engine.sample(requests) if requests else ())
    found = []
    for e, offered in chosen:
        right, usual = (sum(next(said).text.strip() == offered[0] for _ in range(plan.samples)) for _ in range(2))
        found.append(Probed(origin(e.match.teacher), right, usual, plan.samples, len(offered)))
    return found


def candidates(episodes: Sequence[Episode], count: int, seed: int) -> list[Episode]:
    """Up to `count` lessons that were shown and whose own problems have another answer than the test."""
    open_to = [
        e
        for e in episodes
        if e.lesson.passed and all(tokens(p.answer) != tokens(e.test.answer) for p in e.lesson.problems)
    ]
    chosen = np.random.default_rng(seed).permutation(len(open_to))[:count]
    return [open_to[i] for i in sorted(chosen)]


def choices(source: Source, episode: Episode, seed: int) -> list[str]:
    """The test's answer, and up to seven of other problems of its kind that are not the lesson's either."""
    test = episode.test
    taken = {tokens(p.answer) for p in (test, *episode.lesson.problems)}
    found = [test.answer.strip()]
    for other in _drawn(source, test, seed):
        if tokens(other.answer) not in taken and len(found) < _CHOICES:
            taken.add(tokens(other.answer))
            found.append(other.answer.strip())
    return found


def given_away(one: Probed) -> bool:
    """Whether the lesson makes the base choose the test's answer more often than the worked solution does, and than
    chance would: so often in less than 1 of 100 lessons.
    """
    n, chance = one.samples, max(1 / one.choices, (one.usual + 1) / (one.samples + 2))
    return sum(comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(one.right, n + 1)) < _SURE


def hints(found: Sequence[Probed]) -> dict[str, float]:
    """``alarm/hint/<agent>``: the share of a teacher's probed lessons that give their test away; ``looked/...``, of how
    many."""
    own = defaultdict[AgentId, list[bool]](list)
    for one in found:
        own[one.teacher].append(given_away(one))
    shares = {f"alarm/hint/{teacher}": sum(given) / len(given) for teacher, given in sorted(own.items())}
    return shares | {f"looked/hint/{teacher}": float(len(given)) for teacher, given in sorted(own.items())}


def _drawn(source: Source, test: Problem, seed: int) -> list[Problem]:
    """Problems of the test's kind: as many as there are, within reason."""
    for count in _DRAWN:
        try:
            return source.draw(test.family, test.level, count, seed, "train")
        except UseError:
            continue
    return []


def _request(shown: Sequence[tuple[str, str]], offered: Sequence[str], seed: int) -> Request:
    grammar = Grammar("choice", json.dumps(list(offered)))
    return Request(BASE, hinted(shown), seed, _MAX_TOKENS, purpose="probe", grammar=grammar)


def _lesson(episode: Episode) -> list[tuple[str, str]]:
    pairs = zip(episode.lesson.problems, episode.lesson.examples, strict=True)
    return [(p.prompt, a.completion.text) for p, a in pairs]
