"""Evaluators made of evaluators. Each is a function of the members' scores, answer by answer.

Axes: N answers, M members.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from docendo.errors import UserError
from docendo.interfaces import Evaluator
from docendo.records import Answer, Verdict

__all__ = ["FirstApplicable", "Gate", "all_of", "any_of", "weighted"]

_REASON = 60
"""Characters of a member's reason in that of the whole."""


@dataclass(frozen=True)
class _Joined:
    members: Mapping[str, Evaluator]
    join: Callable[[Sequence[float]], float]

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        verdicts_MN = [member(answers) for member in self.members.values()]
        return [self._joined(verdicts_M) for verdicts_M in zip(*verdicts_MN, strict=True)]

    def _joined(self, verdicts_M: Sequence[Verdict]) -> Verdict:
        told = "; ".join(
            _told(name, v) for name, v in zip(self.members, verdicts_M, strict=True)
        )
        return Verdict(min(1.0, max(0.0, self.join([v.score for v in verdicts_M]))), told)


def all_of(members: Mapping[str, Evaluator]) -> Evaluator:
    """As good as the worst member says."""
    return _Joined(_some(members), min)


def any_of(members: Mapping[str, Evaluator]) -> Evaluator:
    """As good as the best member says."""
    return _Joined(_some(members), max)


def weighted(members: Mapping[str, Evaluator], weights: Sequence[float]) -> Evaluator:
    """The weighted mean of the members' scores. Raises UseError unless there is a positive weight for each."""
    if len(weights) != len(members) or not all(w > 0 for w in weights):
        raise UserError(
            f"wanted a positive weight for each of {', '.join(members)}; got {list(weights)}"
        )
    total = sum(weights)

    def mean(scores_M: Sequence[float]) -> float:
        return sum(w * s for w, s in zip(weights, scores_M, strict=True)) / total

    return _Joined(_some(members), mean)


@dataclass(frozen=True)
class FirstApplicable:
    """The first member that has something to say of a problem; the last one has of all."""

    members: Mapping[str, tuple[Evaluator, Callable[[Answer], bool]]]
    """With whether it applies."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order; each member sees only the answers that are its own."""
        names, found = list(self.members), dict[int, Verdict]()
        own = [
            next((n for n in names if self.members[n][1](a)), names[-1]) for a in answers
        ]
        for name in names:
            places = [i for i, n in enumerate(own) if n == name]
            verdicts = self.members[name][0]([answers[i] for i in places]) if places else []
            found |= {
                i: Verdict(v.score, _told(name, v))
                for i, v in zip(places, verdicts, strict=True)
            }
        return [found[i] for i in range(len(answers))]


@dataclass(frozen=True)
class Gate:
    """0 unless the gate says 1; then what the other evaluator says, which is not asked before."""

    gate: tuple[str, Evaluator]
    then: tuple[str, Evaluator]

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        found = [
            Verdict(0.0, _told(self.gate[0], v)) if v.score < 1 else None
            for v in self.gate[1](answers)
        ]
        through = [i for i, v in enumerate(found) if v is None]
        scored = iter(self.then[1]([answers[i] for i in through]) if through else ())
        return [
            v or Verdict((s := next(scored)).score, _told(self.then[0], s)) for v in found
        ]


def _some(members: Mapping[str, Evaluator]) -> Mapping[str, Evaluator]:
    if not members:
        raise UserError("a combination of no evaluators; wanted one or more")
    return members


def _told(name: str, verdict: Verdict) -> str:
    return f"{name} {verdict.score:.2g}: {verdict.reason[:_REASON]}"
