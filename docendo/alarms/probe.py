"""Whether lessons give their test away: the frozen base sees a lesson but not the question, and is asked the answer."""

from collections import defaultdict
from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np

from docendo.alarms.words import tokens
from docendo.graders.grading import exact
from docendo.interfaces import Engine
from docendo.prompts import hinted
from docendo.records import BASE, AgentId, Episode, Message, Problem, Request, origin
from docendo.seeds import seed_for

__all__ = ["Plan", "Probed", "candidates", "given_away", "hints", "probed"]

_MAX_TOKENS = 16
_SURE = 0.01
_LEAST = 2


class Plan(NamedTuple):
    lessons: int = 0
    """In a round at the most; 0: nothing is probed."""
    samples: int = 8
    """Answers of the base to each lesson."""


class Probed(NamedTuple):
    """One lesson, and what the base made of it."""

    teacher: AgentId
    right: int
    """Answers that are the test's."""
    samples: int
    others: int
    """How often the same answers are those of other tests of the round, of the same family."""
    tried: int
    """Answers times such tests."""


def probed(engine: Engine, episodes: Sequence[Episode], plan: Plan, seed: int) -> list[Probed]:
    """Some of the lessons that were shown, drawn anew in every round; their samples are booked as "probe"."""
    chosen = candidates(episodes, plan.lessons, seed)
    requests = [
        Request(BASE, _prompt(e), seed_for(seed, i, s), _MAX_TOKENS, purpose="probe")
        for i, e in enumerate(chosen)
        for s in range(plan.samples)
    ]
    said = [c.text for c in engine.sample(requests)] if requests else []
    found = []
    for i, episode in enumerate(chosen):
        texts = said[i * plan.samples : (i + 1) * plan.samples]
        others = _others(episode, episodes)
        hits = sum(_is(text, other) for text in texts for other in others)
        right = sum(_is(text, episode.test) for text in texts)
        teacher = origin(episode.match.teacher)
        found.append(Probed(teacher, right, len(texts), hits, len(texts) * len(others)))
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


def given_away(one: Probed, chance: float) -> bool:
    """Whether the base is right at least twice and more often than by `chance`: 1 in 100 that do not leak would be."""
    n = one.samples
    tail = sum(comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(one.right, n + 1))
    return one.right >= _LEAST and tail < _SURE


def hints(found: Sequence[Probed]) -> dict[str, float]:
    """``alarm/hint/<agent>``: the share of a teacher's probed lessons that give their test away.

    Chance is how often the answers to all probed lessons fit other tests than their own.
    """
    chance = (sum(p.others for p in found) + 0.5) / (sum(p.tried for p in found) + 1)
    own = defaultdict[AgentId, list[bool]](list)
    for one in found:
        own[one.teacher].append(given_away(one, chance))
    return {f"alarm/hint/{teacher}": sum(given) / len(given) for teacher, given in sorted(own.items())}


def _prompt(episode: Episode) -> tuple[Message, ...]:
    pairs = zip(episode.lesson.problems, episode.lesson.examples, strict=True)
    return hinted([(p.prompt, a.completion.text) for p, a in pairs])


def _others(episode: Episode, episodes: Sequence[Episode]) -> list[Problem]:
    """Tests of the same family whose answer is neither this test's nor that of the lesson's own problems."""
    taken = {tokens(p.answer) for p in (episode.test, *episode.lesson.problems)}
    same = {e.test.key: e.test for e in episodes if e.test.kind == episode.test.kind}
    return [p for p in same.values() if tokens(p.answer) not in taken]


def _is(text: str, problem: Problem) -> bool:
    return exact(problem, text).score >= 1
