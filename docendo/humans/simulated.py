"""Simulated people, whose tastes differ, vary and may be cyclic, so that no single order of answers fits.

A person likes an answer as much as its features are worth to it, plus noise: a random utility model
(McFadden 1974). Cyclic tastes add an antisymmetric part that no worth of single answers can give
(Balduzzi et al. 2019).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import exp, log
from random import Random
from statistics import fmean
from typing import Any

from docendo.errors import UserError, suggestion
from docendo.graders.answer import exact
from docendo.interfaces import Evaluator, Grader
from docendo.parts import PartConfig
from docendo.records import AgentId, Answer, Opinion, Problem, TaskType, Verdict, Vote
from docendo.seeds import seed_for

__all__ = [
    "FEATURES",
    "Person",
    "PersonEvaluatorConfig",
    "measure_features",
    "poll",
]

FEATURES = ("right", "short", "detailed", "polite", "lively", "listed")
"""What a person may care for: a right answer, few words, many, courtesy, exclamations, lists."""
_MAX_WORDS = 40
"""Words of an answer that is as detailed as can be."""
_SCALE = 0.25
"""Noise of a verdict by somebody who chooses without any: else every verdict would be 0 or 1."""
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
    right = 0.0
    if problem.answer or problem.tests:
        right = grader(problem, text).score

    detailed = min(1.0, len(text.split()) / _MAX_WORDS)
    lines = [line for line in text.splitlines() if line.strip()]
    listed = 0.0
    if len(lines) > 1:
        listed = fmean(bool(_ITEM.match(line)) for line in lines)

    return {
        "right": right,
        "short": 1 - detailed,
        "detailed": detailed,
        "polite": min(1.0, len(_POLITE.findall(text)) / 2),
        "lively": min(1.0, text.count("!") / 2),
        "listed": listed,
    }


@dataclass(frozen=True)
class Person:
    """Compares answers and grades them. The same seed gives the same opinions."""

    name: str
    tastes: Mapping[str, float]
    """Weights of `FEATURES`, of any sign; a feature that is left out does not matter."""
    noise: float = 0.0
    """Temperature of a choice. At 0 the better answer always wins.

    At 1, an answer that is better by 1 wins 73 % of the time."""
    taste_noise: float = 0.0
    """Standard deviation of every weight between occasions."""
    cyclic_features: Sequence[str] = ()
    """Each feature beats the next, and the last beats the first: no order of answers fits this person."""
    interests: Mapping[str, float] = field(default_factory=dict)
    """Weights by domain, family or ``domain/family``: what it asks, and how much it cares for the answers.

    Empty: everything alike."""
    manner: str = ""
    """How it begins its questions, or a text with ``{question}`` in it."""
    alternate_tastes: Mapping[str, float] = field(default_factory=dict)
    """Weights that replace `tastes` on one half of all questions, always the same half."""
    ties: float = 0.0
    """Two answers whose worths differ by no more than this are a tie."""
    good_threshold: float | None = None
    """Worth from which an answer is good; two answers below it are both bad.

    A verdict is 1/2 there, by default at 0."""
    relative: bool = False
    """Whether a verdict is the share of rival answers to the same question that the answer beats."""
    grader: Grader = exact
    """Says which answers are right."""

    def __post_init__(self) -> None:
        for feature in (*self.tastes, *self.alternate_tastes, *self.cyclic_features):
            if feature not in FEATURES:
                raise UserError(
                    f"{self.name} cares for {feature!r}{suggestion(feature, FEATURES)}"
                )

        # Of two features, each would beat the other: nothing is left of the cycle.
        cycle = list(self.cyclic_features)
        if cycle and (len(cycle) < 3 or len(set(cycle)) < len(cycle)):
            raise UserError(
                f"{self.name}: cyclic_features: expected three or more different ones, got {cycle}"
            )
        if self.interests and not any(self.interests.values()):
            raise UserError(
                f"{self.name} has an interest in nothing: {', '.join(self.interests)} are all 0"
            )

    def interest(self, task_type: TaskType) -> float:
        """How much it cares for a type of task, 1 for what it cares for most."""
        if not self.interests:
            return 1.0

        domain, family = task_type.domain, task_type.family
        strongest = max(self.interests.values())
        for name in (f"{domain}/{family}", family, domain):
            if name in self.interests:
                return self.interests[name] / strongest

        return 0.0

    def choose(self, problem: Problem, first: str, second: str, seed: int) -> Vote:
        """Which of two answers it likes better; the same for the same two in the other order."""
        first_features = measure_features(problem, first, self.grader)
        second_features = measure_features(problem, second, self.grader)
        first_worth = self._worth(problem, first_features, seed)
        second_worth = self._worth(problem, second_features, seed)

        best = max(first_worth, second_worth)
        if self.good_threshold is not None and best < self.good_threshold:
            return "both bad"

        lead = self._lead(
            problem, (first_worth, first_features), (second_worth, second_features)
        )
        lead += self.noise * (
            self._draw_noise(first, seed) - self._draw_noise(second, seed)
        )
        # Not 0: two orders of the same sum differ by rounding.
        if abs(lead) <= max(self.ties, 1e-12):
            return "tie"

        return "first" if lead > 0 else "second"

    def judge(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order: the chance that it calls the answer good, in tenths.

        So what it is sure to like is right, and passes the gate of lessons. Cyclic features count
        only where verdicts are `relative`: they make no answer good by itself.
        """
        features = [measure_features(a.problem, a.text, self.grader) for a in answers]
        groups: dict[str, list[int]] = {}
        for place, answer in enumerate(answers):
            groups.setdefault(answer.problem.key, []).append(place)

        verdicts = []
        for place, answer in enumerate(answers):
            places = groups[answer.problem.key]
            rivals = [features[rival] for rival in places if rival != place]
            verdicts.append(self._judge_one(answer, features[place], rivals))

        return verdicts

    def _judge_one(
        self,
        answer: Answer,
        features: Mapping[str, float],
        rivals: Sequence[Mapping[str, float]],
    ) -> Verdict:
        """`rivals` are the features of the other answers to the same question."""
        problem, seed = answer.problem, answer.seed
        if not answer.text.strip():
            return Verdict(0.0, f"{self.name} got no answer")

        worth = self._worth(problem, features, seed)
        scale = self.noise or _SCALE
        if not self.relative or not rivals:
            score = _round_to_grade((worth - (self.good_threshold or 0.0)) / scale)
            return Verdict(score, f"{self.name} finds it worth {worth:.2g}")

        chances = []
        for rival in rivals:
            rival_worth = self._worth(problem, rival, seed)
            lead = self._lead(problem, (worth, features), (rival_worth, rival))
            chances.append(_sigmoid(lead / scale))

        score = round(fmean(chances), 1)
        return Verdict(
            score, f"{self.name} prefers it to {100 * score:.0f}% of {len(rivals)} others"
        )

    def _worth(self, problem: Problem, features: Mapping[str, float], seed: int) -> float:
        """How much it likes an answer on this occasion; any number, and without cyclic features."""
        tastes = self.tastes
        # By the question and not by chance, so that a context explains the other taste.
        if self.alternate_tastes and seed_for(0, "mood", self.name, problem.prompt) % 2:
            tastes = self.alternate_tastes

        # One draw per feature for the whole occasion: both answers of a pair meet the same mood.
        rng = Random(seed_for(seed, "moods", self.name))
        products = []
        for feature in FEATURES:
            drift = rng.gauss(0, self.taste_noise) if self.taste_noise else 0.0
            products.append((tastes.get(feature, 0.0) + drift) * features[feature])

        return self.interest(problem.task_type) * sum(products)

    def _lead(
        self,
        problem: Problem,
        first: tuple[float, Mapping[str, float]],
        second: tuple[float, Mapping[str, float]],
    ) -> float:
        """How much better the first answer is; each is its worth and its features."""
        cyclic = self._cyclic_lead(first[1], second[1])
        return first[0] - second[0] + self.interest(problem.task_type) * cyclic

    def _cyclic_lead(
        self, first: Mapping[str, float], second: Mapping[str, float]
    ) -> float:
        """Antisymmetric, up to 1 for an answer of one feature against one of the next feature."""
        following = (*self.cyclic_features[1:], *self.cyclic_features[:1])
        steps = zip(self.cyclic_features, following, strict=True)
        return sum(first[a] * second[b] - second[a] * first[b] for a, b in steps)

    def _draw_noise(self, text: str, seed: int) -> float:
        """A draw from Gumbel's distribution, so that a choice is logistic in the lead (McFadden 1974)."""
        # By the text and not by its place: the two in the other order get the same vote.
        uniform = Random(seed_for(seed, "noise", self.name, text)).random()
        return -log(-log(max(uniform, 1e-300)))


class PersonEvaluatorConfig(PartConfig):
    """A simulated person."""

    type: str = "person"
    person: str
    """Name of one of [people]."""

    def build(self, context: Any = None) -> Evaluator:
        person: Person = context.find_person(self.person)
        return person.judge


def _round_to_grade(x: float) -> float:
    return round(_sigmoid(x), 1)


def _sigmoid(x: float) -> float:
    # exp overflows from about 710 on; at 60 the result is 1 to the last bit.
    return 1 / (1 + exp(-max(-60.0, min(60.0, x))))


def poll(
    people: Sequence[Person],
    answered: Sequence[tuple[Problem, Mapping[AgentId, str]]],
    seed: int,
) -> list[Opinion]:
    """Everybody's opinion of every pair of answers to every question, the two in a random order."""
    opinions = []
    for problem, texts in answered:
        for pair in combinations(sorted(texts), 2):
            for person in people:
                pair_seed = seed_for(seed, person.name, problem.key, *pair)
                first, second = Random(pair_seed).sample(pair, 2)
                vote = person.choose(problem, texts[first], texts[second], pair_seed)
                pair_texts = (texts[first], texts[second])
                opinions.append(
                    Opinion(person.name, problem.prompt, first, second, pair_texts, vote)
                )
    return opinions
