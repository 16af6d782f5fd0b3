"""How strict an evaluator is, and how often it agrees with the right answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from docendo.graders.ground_truth import ground_truth_evaluator
from docendo.interfaces import Evaluator
from docendo.records import FAILED, Answer, Verdict

__all__ = ["WithStats"]


@dataclass
class WithStats:
    """The same evaluator; it keeps count of its verdicts until `pop_metrics`."""

    evaluator: Evaluator
    truth: Evaluator = field(default_factory=ground_truth_evaluator)
    """Says whether an answer is right, by the same reading of its text as the evaluator's."""
    scores: list[float] = field(default_factory=list)
    agreements: list[bool] = field(default_factory=list)
    """For problems with an answer and no tests: whether a score of 0.5 or more meant a right answer."""
    failure: str | None = None
    """Why it failed on the first answer, as long as it failed on all; else empty. None before the first."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        verdicts = self.evaluator(answers)
        for verdict in verdicts:
            self.scores.append(verdict.score)
            reason = verdict.reason if FAILED in verdict.reason else ""
            self.failure = reason if self.failure is None else reason and self.failure

        # programs would run a second time
        pairs = zip(answers, verdicts, strict=True)
        known = [(a, v) for a, v in pairs if a.problem.answer and not a.problem.tests]
        truths = self.truth([answer for answer, _ in known])
        for (_, verdict), truth in zip(known, truths, strict=True):
            self.agreements.append((verdict.score >= 0.5) == (truth.score >= 1))
        return verdicts

    def pop_metrics(self) -> dict[str, float]:
        """Verdicts, mean score and agreement with the right answer, since the last call."""
        metrics = {"verdicts": float(len(self.scores))}
        if self.scores:
            metrics["score"] = sum(self.scores) / len(self.scores)
        if self.agreements:
            metrics["agreement"] = sum(self.agreements) / len(self.agreements)
        self.scores.clear()
        self.agreements.clear()
        return metrics
