"""Evaluators made of evaluators. Each is a function of the members' scores, answer by answer.

Axes: N answers, M members.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from docendo.errors import UserError
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import Answer, Verdict

__all__ = [
    "AllConfig",
    "AnyConfig",
    "FirstApplicable",
    "FirstApplicableConfig",
    "Gate",
    "GateEvaluatorConfig",
    "Members",
    "WeightedConfig",
    "all_of",
    "any_of",
    "weighted",
]

_MAX_REASON = 60
"""Characters of a member's reason in the reason of the whole."""

Members = Annotated[list[str], Field(min_length=1)]
"""Names of other evaluators."""


@dataclass(frozen=True)
class _Combination:
    members: Mapping[str, Evaluator]
    combine: Callable[[Sequence[float]], float]

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        verdicts_MN = [member(answers) for member in self.members.values()]
        verdicts = []
        for verdicts_M in zip(*verdicts_MN, strict=True):
            score = self.combine([verdict.score for verdict in verdicts_M])
            verdicts.append(Verdict(min(1.0, max(0.0, score)), self._explain(verdicts_M)))
        return verdicts

    def _explain(self, verdicts_M: Sequence[Verdict]) -> str:
        reasons = map(_explain_member, self.members, verdicts_M)
        return "; ".join(reasons)


def all_of(members: Mapping[str, Evaluator]) -> Evaluator:
    """The lowest of the members' scores."""
    return _Combination(_require_members(members), min)


def any_of(members: Mapping[str, Evaluator]) -> Evaluator:
    """The highest of the members' scores."""
    return _Combination(_require_members(members), max)


def weighted(members: Mapping[str, Evaluator], weights: Sequence[float]) -> Evaluator:
    """The weighted mean of the members' scores. Raises UserError unless each has a positive weight."""
    if len(weights) != len(members) or not all(weight > 0 for weight in weights):
        raise UserError(
            f"expected a positive weight for each of {', '.join(members)}; "
            f"got {list(weights)}"
        )
    total = sum(weights)

    def mean(scores_M: Sequence[float]) -> float:
        products = [weight * s for weight, s in zip(weights, scores_M, strict=True)]
        return sum(products) / total

    return _Combination(_require_members(members), mean)


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
            if not places:
                continue
            evaluator, _ = self.members[name]
            member_verdicts = evaluator([answers[place] for place in places])
            for place, verdict in zip(places, member_verdicts, strict=True):
                verdicts[place] = Verdict(verdict.score, _explain_member(name, verdict))
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
        gate_name, gate = self.gate
        verdicts: dict[int, Verdict] = {}
        for place, verdict in enumerate(gate(answers)):
            if verdict.score < 1:
                verdicts[place] = Verdict(0.0, _explain_member(gate_name, verdict))

        passed = [place for place in range(len(answers)) if place not in verdicts]
        if passed:
            name, evaluator = self.then
            passed_verdicts = evaluator([answers[place] for place in passed])
            for place, verdict in zip(passed, passed_verdicts, strict=True):
                verdicts[place] = Verdict(verdict.score, _explain_member(name, verdict))
        return [verdicts[place] for place in range(len(answers))]


class AllConfig(PartConfig):
    """The lowest of the members' scores."""

    type: str = "all"
    members: Members
    """Names of other evaluators."""

    def build(self, context: Any = None) -> Evaluator:
        return all_of(_find_members(self.members, context))


class AnyConfig(PartConfig):
    """The highest of the members' scores."""

    type: str = "any"
    members: Members
    """Names of other evaluators."""

    def build(self, context: Any = None) -> Evaluator:
        return any_of(_find_members(self.members, context))


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
        return weighted(_find_members(self.members, context), self.weights)


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


def _require_members(members: Mapping[str, Evaluator]) -> Mapping[str, Evaluator]:
    if not members:
        raise UserError("expected one evaluator or more to combine; got none")
    return members


def _explain_member(name: str, verdict: Verdict) -> str:
    return f"{name} {verdict.score:.2g}: {verdict.reason[:_MAX_REASON]}"
