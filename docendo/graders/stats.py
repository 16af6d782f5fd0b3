"""What an evaluator said, in numbers: how strict it is, and how often it agrees with the right answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from docendo.graders.answer import exact
from docendo.interfaces import Evaluator
from docendo.records import Answer, Verdict

__all__ = ["WithStats"]


@dataclass
class WithStats:
    """The same evaluator; it remembers its verdicts until it is asked."""

    evaluator: Evaluator
    scores: list[float] = field(default_factory=list)
    agreed: list[bool] = field(default_factory=list)
    """Of problems with an answer and no tests: whether a score of a half or more meant a right answer."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        verdicts = self.evaluator(answers)
        self.scores += [v.score for v in verdicts]
        self.agreed += [
            (v.score >= 0.5) == (exact(a.problem, a.text).score >= 1)
            for a, v in zip(answers, verdicts, strict=True)
            if a.problem.answer and not a.problem.tests
        ]
        return verdicts

    def pop_metrics(self) -> dict[str, float]:
        """Verdicts, their mean score, and the share that agreed with the right answer, since the last time."""
        found = {"verdicts": float(len(self.scores))}
        if self.scores:
            found["score"] = sum(self.scores) / len(self.scores)
        if self.agreed:
            found["agreement"] = sum(self.agreed) / len(self.agreed)
        self.scores.clear()
        self.agreed.clear()
        return found
