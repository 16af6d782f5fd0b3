"""Simulated people, whose tastes differ, waver and go in circles: many tastes and no single order, without people.

Axes: F features of an answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from random import Random
from typing import Literal

from docendo.errors import UseError, nearest
from docendo.graders.grading import exact
from docendo.interfaces import Source, Stream
from docendo.records import AgentId, Answer, Opinion, Problem, Verdict
from docendo.seeds import seed_for

__all__ = ["FEATURES", "Choice", "Crowd", "Interested", "Person", "features"]

Choice = Literal["first", "second", "tie"]
FEATURES = ("right", "short", "polite", "detailed", "lively")
"""What a person may care for: a right answer, few words, courtesy, several steps, exclamation."""
_POLITE = re.compile(r"\b(?:please|thank|thanks|kindly|sorry|welcome|glad|pleasure|dear)\b", re.IGNORECASE)


def features(problem: Problem, text: str) -> dict[str, float]:
    """Each of `FEATURES` in [0, 1]."""
    words, lines = len(text.split()), len([line for line in text.splitlines() if line.strip()])
    return {
        "right": exact(problem, text).score if problem.answer else 0.0,
        "short": 1 / (1 + words / 12),
        "polite": min(1.0, len(_POLITE.findall(text)) / 2),
        "detailed": min(1.0, max(0, lines - 1) / 4),
        "lively": min(1.0, text.count("!") / 2),
    }


@dataclass(frozen=True)
class Person:
    """Compares answers, judges one, and may be of two minds."""

    name: str
    tastes: Mapping[str, float]
    """Weights of `FEATURES`, any sign; what is left out does not matter."""
    noise: float = 0.0
    """Temperature of a choice: 0 always takes the better one, 1 takes one that is better by 1 in 73 of 100 cases."""
    moods: float = 0.0
    """How much the weights change from one occasion to the next: their standard deviation."""
    circle: Sequence[str] = ()
    """Features of which each beats the next and the last beats the first: no order of answers fits this person."""
    interests: Mapping[str, float] = field(default_factory=dict)
    """Weights of families of problems, of which it asks; empty: all alike."""
    manner: str = ""
    """With what it begins its questions."""

    def __post_init__(self) -> None:
        for feature in (*self.tastes, *self.circle):
            if feature not in FEATURES:
                raise UseError(f"{self.name} cares for {feature!r}{nearest(feature, FEATURES)}")

    def worth(self, problem: Problem, text: str, seed: int) -> float:
        """How much it likes an answer on this occasion; any number, and without its circle."""
        found, rng = features(problem, text), Random(seed_for(seed, "mood", self.name))
        mood = {f: rng.gauss(0, self.moods) if self.moods else 0.0 for f in FEATURES}
        return sum((self.tastes.get(f, 0.0) + mood[f]) * found[f] for f in FEATURES)

    def choose(self, problem: Problem, first: str, second: str, seed: int) -> Choice:
        """Which of two answers it likes better."""
        ahead = self.worth(problem, first, seed) - self.worth(problem, second, seed)
        ahead += self._circling(features(problem, first), features(problem, second))
        if self.noise:
            chance = 1 / (1 + exp(max(-60.0, min(60.0, -ahead / self.noise))))
            return "first" if Random(seed_for(seed, "choice", self.name)).random() < chance else "second"
        return "tie" if abs(ahead) < 1e-12 else "first" if ahead > 0 else "second"

    def _circling(self, one: Mapping[str, float], other: Mapping[str, float]) -> float:
        """What the circle adds to the first: an answer is of the feature of the circle that it has most of."""
        if len(self.circle) < 3:
            return 0.0
        places = [max(range(len(self.circle)), key=lambda i: f[self.circle[i]]) for f in (one, other)]
        ahead = (places[1] - places[0]) % len(self.circle)
        if not ahead or 2 * ahead == len(self.circle):
            return 0.0
        return 1.0 if 2 * ahead < len(self.circle) else -1.0

    def judge(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order: the chance that it likes it more than nothing, its circle left out.

        In tenths, so that what it is sure to like passes the gate of lessons.
        """
        scale = self.noise or 0.25
        worths = [self.worth(a.problem, a.text, a.seed) if a.text.strip() else -60.0 for a in answers]
        return [
            Verdict(round(1 / (1 + exp(max(-60.0, min(60.0, -worth / scale)))), 1), f"{self.name}: worth {worth:.2g}")
            for worth in worths
        ]


@dataclass(frozen=True)
class Crowd:
    """Several people, one of whom speaks at each occasion."""

    people: Sequence[Person]

    def opinion(self, problem: Problem, answers: Mapping[AgentId, str], seed: int) -> Opinion:
        """What one of them says of two of the answers, which are of two agents or more."""
        rng = Random(seed)
        person, (first, second) = rng.choice(list(self.people)), rng.sample(sorted(answers), 2)
        texts = answers[first], answers[second]
        choice = person.choose(problem, *texts, seed)
        return Opinion(person.name, problem.prompt, first, second, texts, choice)


@dataclass(frozen=True)
class Interested:
    """A person that asks: problems of a source by its interests, in its manner. Held-out problems are as they are."""

    source: Source
    person: Person

    @property
    def domain(self) -> str:
        return self.source.domain

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        """Of the families that it is interested in."""
        wanted = self.person.interests or dict.fromkeys(self.source.levels, 1.0)
        return {family: levels for family, levels in self.source.levels.items() if wanted.get(family, 0.0) > 0}

    def draw(self, family: str, level: int, count: int, seed: int, stream: Stream) -> list[Problem]:
        """`count` different problems. Raises UseError where the source has not that many."""
        drawn = self.source.draw(family, level, count, seed, stream)
        if stream == "held-out" or not self.person.manner:
            return drawn
        manner, source = self.person.manner, f"person:{self.person.name}"
        return [replace(p, prompt=f"{manner} {p.prompt}", source=source) for p in drawn]
