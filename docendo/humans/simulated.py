"""Simulated people, whose tastes differ, waver and go in circles: many tastes and no single order, without people.

A person likes an answer as much as its features are worth to it, and a little more or less by chance (McFadden 1974);
what goes in a circle adds an antisymmetric part that no worth of single answers can give (Balduzzi et al. 2019).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import exp, log
from random import Random
from statistics import fmean
from typing import Any

from docendo.errors import UserError, suggestion
from docendo.graders.answer import exact
from docendo.interfaces import Evaluator, Grader, Source, Split
from docendo.parts import PartConfig
from docendo.prompts import in_manner
from docendo.records import AgentId, Answer, Opinion, Problem, TaskType, Verdict, Vote
from docendo.seeds import seed_for

__all__ = [
    "FEATURES",
    "InterestSource",
    "Person",
    "PersonEvaluatorConfig",
    "draw_questions",
    "measure_features",
    "poll",
]

FEATURES = ("right", "short", "detailed", "polite", "lively", "listed")
"""What a person may care for: a right answer, few words, many, courtesy, exclamations, lists."""
_WORDS = 40
"""So many words are as detailed as an answer can be."""
_SCALE = 0.25
"""Noise of a judgement by somebody who chooses without any."""
_POLITE = re.compile(
    r"\b(?:please|thanks?|thank you|kindly|sorry|welcome|glad|happy|pleasure|dear)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*\u2022]|[0-9]+[.)])\s")


def measure_features(
    problem: Problem, text: str, grader: Grader = exact
) -> dict[str, float]:
    """Each of `FEATURES` in [0, 1]; ``short`` and ``detailed`` sum to 1. An empty text has none of them."""
    if not text.strip():
        return dict.fromkeys(FEATURES, 0.0)
    lines = [line for line in text.splitlines() if line.strip()]
    detailed = min(1.0, len(text.split()) / _WORDS)
    return {
        "right": grader(problem, text).score if problem.answer or problem.tests else 0.0,
        "short": 1 - detailed,
        "detailed": detailed,
        "polite": min(1.0, len(_POLITE.findall(text)) / 2),
        "lively": min(1.0, text.count("!") / 2),
        "listed": fmean(bool(_ITEM.match(line)) for line in lines)
        if len(lines) > 1
        else 0.0,
    }


@dataclass(frozen=True)
class Person:
    """Compares answers, judges one, and may be of two minds. All of it is the same for the same seed."""

    name: str
    tastes: Mapping[str, float]
    """Weights of `FEATURES`, any sign; what is left out does not matter."""
    noise: float = 0.0
    """Temperature of a choice: at 0 the better one is always taken, at 1 one that is better by 1 in 73 of 100 cases."""
    taste_noise: float = 0.0
    """Standard deviation of every weight from one occasion to the next."""
    cyclic_features: Sequence[str] = ()
    """Features of which each beats the next and the last beats the first: no order of answers fits this person."""
    interests: Mapping[str, float] = field(default_factory=dict)
    """By domain, family or ``domain/family``: of what it asks, and how much it cares how that is answered; empty: of
    everything alike."""
    manner: str = ""
    """With what it begins its questions, or a text with ``{question}`` in it."""
    alternate_tastes: Mapping[str, float] = field(default_factory=dict)
    """The weights instead of `tastes` on one half of all questions, always the same half."""
    ties: float = 0.0
    """Two answers whose worths differ by less are a tie."""
    good_threshold: float | None = None
    """What an answer must be worth to be good: of two that are not, both are bad. A verdict is 1/2 there, or at 0."""
    relative: bool = False
    """Whether a verdict is the share of the others' answers to the same question that it prefers the answer to."""
    grader: Grader = exact
    """Tells it which answers are right."""

    def __post_init__(self) -> None:
        for feature in (*self.tastes, *self.alternate_tastes, *self.cyclic_features):
            if feature not in FEATURES:
                raise UserError(
                    f"{self.name} cares for {feature!r}{suggestion(feature, FEATURES)}"
                )
        if self.cyclic_features and (
            len(self.cyclic_features) < 3
            or len(set(self.cyclic_features)) < len(self.cyclic_features)
        ):
            raise UserError(
                f"{self.name}: cyclic_features: expected three or more different ones, "
                f"got {list(self.cyclic_features)}"
            )
        if min(self.noise, self.taste_noise, self.ties, *self.interests.values()) < 0:
            raise UserError(
                f"{self.name}: noise, taste_noise, ties and interests are 0 or more"
            )
        if self.interests and not any(self.interests.values()):
            raise UserError(
                f"{self.name} has an interest in nothing: {', '.join(self.interests)} are all 0"
            )

    def interest(self, kind: TaskType) -> float:
        """How much it cares for a kind of problem, 1 for what it cares for most."""
        if not self.interests:
            return 1.0
        names = f"{kind.domain}/{kind.family}", kind.family, kind.domain
        return next((self.interests[n] for n in names if n in self.interests), 0.0) / max(
            self.interests.values()
        )

    def choose(self, problem: Problem, first: str, second: str, seed: int) -> Vote:
        """Which of two answers it likes better; in the other order it says the same of the same two."""
        one, other = (
            measure_features(problem, text, self.grader) for text in (first, second)
        )
        worths = self._worth(problem, one, seed), self._worth(problem, other, seed)
        if self.good_threshold is not None and max(worths) < self.good_threshold:
            return "both bad"
        ahead = (
            worths[0]
            - worths[1]
            + self.interest(problem.task_type) * self._circling(one, other)
        )
        ahead += self.noise * (self._chance(first, seed) - self._chance(second, seed))
        if abs(ahead) <= max(self.ties, 1e-12):
            return "tie"
        return "first" if ahead > 0 else "second"

    def judge(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order: the chance that it calls the answer good, in tenths, as people grade.

        So what it is sure to like is right, and passes the gate of lessons. A circle has a part in it only `among` the
        answers to the same question: it makes no answer good by itself.
        """
        found = [measure_features(a.problem, a.text, self.grader) for a in answers]
        groups: dict[str, list[int]] = {}
        for i, answer in enumerate(answers):
            groups.setdefault(answer.problem.key, []).append(i)
        return [
            self._verdict(i, groups[a.problem.key], answers, found)
            for i, a in enumerate(answers)
        ]

    def _verdict(
        self,
        i: int,
        group: Sequence[int],
        answers: Sequence[Answer],
        found: Sequence[Mapping[str, float]],
    ) -> Verdict:
        problem, seed = answers[i].problem, answers[i].seed
        if not answers[i].text.strip():
            return Verdict(0.0, f"{self.name} got no answer")
        worth, scale = self._worth(problem, found[i], seed), self.noise or _SCALE
        others = [j for j in group if j != i]
        if not self.relative or not others:
            return Verdict(
                _grade((worth - (self.good_threshold or 0.0)) / scale),
                f"{self.name} finds it worth {worth:.2g}",
            )
        care = self.interest(problem.task_type)
        leads = [
            worth
            - self._worth(problem, found[j], seed)
            + care * self._circling(found[i], found[j])
            for j in others
        ]
        score = round(fmean(_sigmoid(lead / scale) for lead in leads), 1)
        return Verdict(
            score, f"{self.name} prefers it to {100 * score:.0f}% of {len(others)} others"
        )

    def _worth(self, problem: Problem, found: Mapping[str, float], seed: int) -> float:
        """How much it likes an answer on this occasion; any number, and without its circle."""
        other = (
            bool(self.alternate_tastes)
            and seed_for(0, "mood", self.name, problem.prompt) % 2
        )
        tastes, rng = (
            self.alternate_tastes if other else self.tastes,
            Random(seed_for(seed, "moods", self.name)),
        )
        drift = [
            rng.gauss(0, self.taste_noise) if self.taste_noise else 0.0 for _ in FEATURES
        ]
        worth = sum(
            (tastes.get(f, 0.0) + d) * found[f]
            for f, d in zip(FEATURES, drift, strict=True)
        )
        return self.interest(problem.task_type) * worth

    def _circling(self, one: Mapping[str, float], other: Mapping[str, float]) -> float:
        """What the circle adds to the first: antisymmetric, up to 1 for an answer of one feature against the next."""
        steps = zip(
            self.cyclic_features,
            (*self.cyclic_features[1:], *self.cyclic_features[:1]),
            strict=True,
        )
        return sum(one[a] * other[b] - one[b] * other[a] for a, b in steps)

    def _chance(self, text: str, seed: int) -> float:
        """A draw from Gumbel's distribution, whose differences are logistic. It belongs to the text, not its place."""
        return -log(
            -log(max(Random(seed_for(seed, "noise", self.name, text)).random(), 1e-300))
        )


class PersonEvaluatorConfig(PartConfig):
    """A simulated person."""

    type: str = "person"
    person: str
    """One of [people]."""

    def build(self, context: Any = None) -> Evaluator:
        person: Person = context.find_person(self.person)
        return person.judge


def _grade(x: float) -> float:
    return round(_sigmoid(x), 1)


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-max(-60.0, min(60.0, x))))


def poll(
    people: Sequence[Person],
    answered: Sequence[tuple[Problem, Mapping[AgentId, str]]],
    seed: int,
) -> list[Opinion]:
    """What everybody says of every pair of answers to every question, the two in an order by chance."""
    opinions = []
    for problem, texts in answered:
        for pair in combinations(sorted(texts), 2):
            for person in people:
                here = seed_for(seed, person.name, problem.key, *pair)
                first, second = Random(here).sample(pair, 2)
                choice = person.choose(problem, texts[first], texts[second], here)
                shown = texts[first], texts[second]
                opinions.append(
                    Opinion(person.name, problem.prompt, first, second, shown, choice)
                )
    return opinions


@dataclass(frozen=True)
class InterestSource:
    """A person that asks: problems of a source by its interests, in its manner. Held-out problems are as they are."""

    source: Source
    person: Person

    def __post_init__(self) -> None:
        if not self.levels:
            known = ", ".join(self.source.levels)
            raise UserError(
                f"{self.person.name} has no interest in {self.domain}, which has {known}"
            )

    @property
    def domain(self) -> str:
        return self.source.domain

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        """Of the families that it is interested in."""
        return {
            f: levels
            for f, levels in self.source.levels.items()
            if self.person.interest(TaskType(self.domain, f, 0))
        }

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems. Raises UseError where the source has not that many."""
        drawn = self.source.draw(family, level, count, seed, split)
        if split == "held-out":
            return drawn
        who, manner = f"person:{self.person.name}", self.person.manner
        return [replace(p, prompt=in_manner(p.prompt, manner), source=who) for p in drawn]


def draw_questions(
    person: Person, sources: Mapping[str, Source], count: int, seed: int
) -> list[Problem]:
    """`count` training problems that a person asks, of all sources, kinds by its interest; repeats are possible."""
    kinds = [
        TaskType(d, f, level)
        for d, s in sources.items()
        for f, levels in s.levels.items()
        for level in levels
    ]
    weights = [person.interest(kind) for kind in kinds]
    if not any(weights):
        raise UserError(f"{person.name} has no interest in any of {', '.join(sources)}")
    chosen = Random(seed).choices(kinds, weights, k=count)
    asking = {
        d: InterestSource(sources[d], person)
        for d in dict.fromkeys(kind.domain for kind in chosen)
    }
    return [
        asking[k.domain].draw(k.family, k.level, 1, seed_for(seed, "question", i), "train")[
            0
        ]
        for i, k in enumerate(chosen)
    ]
