"""Evaluators made of evaluators. Each is a function of the members' scores, answer by answer.

Axes: N answers, M members.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import FAILED, Answer, Verdict

__all__ = [
    "AllConfig",
    "AnyConfig",
    "Combination",
    "FirstApplicable",
    "FirstApplicableConfig",
    "Gate",
    "GateEvaluatorConfig",
    "Members",
    "WeightedConfig",
    "weighted_mean",
]

_MAX_REASON = 60
"""Characters of a member's reason in the reason of the whole."""

Members = Annotated[list[str], Field(min_length=1)]
"""Names of other evaluators."""


@dataclass(frozen=True)
class Combination:
    """One score of the members' scores: `min`, `max`, or a weighted mean."""

    members: Mapping[str, Evaluator]
    combine: Callable[[Sequence[float]], float]

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        verdicts_MN = [member(answers) for member in self.members.values()]
        verdicts = []
        for verdicts_M in zip(*verdicts_MN, strict=True):
            score = self.combine([verdict.score for verdict in verdicts_M])
            reason = "; ".join(map(_explain_member, self.members, verdicts_M))
            # A weighted mean of ones may come out a rounding error above 1.
            verdicts.append(Verdict(min(1.0, max(0.0, score)), reason))
        return verdicts


def weighted_mean(
    weights: Sequence[float],
) -> Callable[[Sequence[float]], float]:
    """The mean of scores by these weights, which are positive."""
    total = sum(weights)

    def mean(scores_M: Sequence[float]) -> float:
        products = [weight * s for weight, s in zip(weights, scores_M, strict=True)]
        return sum(products) / total

    return mean


@dataclass(frozen=True)
class FirstApplicable:
    """The first member that can say anything about a problem; the last one takes all others."""

    members: Mapping[str, tuple[Evaluator, Callable[[Answer], bool]]]
    """Each with the rule that says whether it applies to an answer."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order. Each member sees only the answers it is to judge."""
        places_by_member: dict[str, list[int]] = {name: [] for name in self.members}
        for place, answer in enumerate(answers):
            places_by_member[self._choose_member(answer)].append(place)

        verdicts: dict[int, Verdict] = {}
        for name, places in places_by_member.items():
            if places:
                evaluator, _ = self.members[name]
                verdicts |= _evaluate_some(name, evaluator, answers, places)

        return [verdicts[place] for place in range(len(answers))]

    def _choose_member(self, answer: Answer) -> str:
        for name, (_, applies) in self.members.items():
            if applies(answer):
                return name
        return list(self.members)[-1]


@dataclass(frozen=True)
class Gate:
    """0 unless the gate says 1; then the other evaluator's score, which is not asked before."""

    gate: tuple[str, Evaluator]
    then: tuple[str, Evaluator]

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        name, evaluator = self.gate
        verdicts: dict[int, Verdict] = {}
        passed: list[int] = []
        for place, verdict in enumerate(evaluator(answers)):
            if verdict.score < 1:
                verdicts[place] = Verdict(0.0, _explain_member(name, verdict))
            else:
                passed.append(place)

        # What the gate stops costs nothing more: the second may be a model or a person.
        if passed:
            verdicts |= _evaluate_some(*self.then, answers, passed)
        return [verdicts[place] for place in range(len(answers))]


class AllConfig(PartConfig):
    """The lowest of the members' scores."""

    type: str = "all"
    members: Members
    """Names of other evaluators."""

    def build(self, context: Any = None) -> Evaluator:
        return Combination(_find_members(self.members, context), min)


class AnyConfig(PartConfig):
    """The highest of the members' scores."""

    type: str = "any"
    members: Members
    """Names of other evaluators."""

    def build(self, context: Any = None) -> Evaluator:
        return Combination(_find_members(self.members, context), max)


class WeightedConfig(PartConfig):
    """The weighted mean of the members' scores."""

    type: str = "weighted"
    members: Members
    """Names of other evaluators."""
    weights: list[Annotated[float, Field(gt=0)]]
    """Weights of the members, in the same order."""

    @field_validator("weights")
    @classmethod
    def _check_weights(cls, weights: list[float], info: ValidationInfo) -> list[float]:
        members = info.data.get("members", [])
        if len(weights) != len(members):
            raise ValueError(f"expected a weight for each of {', '.join(members)}")
        return weights

    def build(self, context: Any = None) -> Evaluator:
        members = _find_members(self.members, context)
        return Combination(members, weighted_mean(self.weights))


class FirstApplicableConfig(PartConfig):
    """The first member that can say anything about the problem."""

    type: str = "first"
    members: Members
    """Names of other evaluators, in order."""

    def build(self, context: Any = None) -> Evaluator:
        members: dict[str, tuple[Evaluator, Callable[[Answer], bool]]] = {}
        for name in self.members:
            members[name] = context.find(name), partial(context.applies, name)
        return FirstApplicable(members)


class GateEvaluatorConfig(PartConfig):
    """0 unless the first member says 1; then the score of the second."""

    type: str = "gate"
    members: Annotated[list[str], Field(min_length=2, max_length=2)]
    """Names of two other evaluators: the gate, and the scorer of answers that pass it."""

    def build(self, context: Any = None) -> Evaluator:
        gate, then = self.members
        return Gate(gate=(gate, context.find(gate)), then=(then, context.find(then)))


def _find_members(names: Sequence[str], context: Any) -> dict[str, Evaluator]:
    return {name: context.find(name) for name in names}


def _evaluate_some(
    name: str, evaluator: Evaluator, answers: Sequence[Answer], places: Sequence[int]
) -> dict[int, Verdict]:
    """The verdicts of one member on the answers at some places."""
    verdicts = evaluator([answers[place] for place in places])
    explained = [Verdict(v.score, _explain_member(name, v)) for v in verdicts]
    return dict(zip(places, explained, strict=True))


def _explain_member(name: str, verdict: Verdict) -> str:
    # Why a grader fails has to be read to its end.
    length = None if verdict.reason.startswith(FAILED) else _MAX_REASON
    return f"{name} {verdict.score:.2g}: {verdict.reason[:length]}"
