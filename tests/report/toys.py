"""Small runs with numbers that can be checked by hand, and a larger one to look at."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from docendo.records import (
    BASE,
    AgentId,
    Completion,
    Episode,
    Evaluation,
    Lesson,
    Match,
    Metrics,
    MetricValues,
    Problem,
    Rollout,
    Usage,
    Verdict,
)
from docendo.records.games import EvalSplit
from docendo.store import RoundRecord, RunDirectory

CONFIG = """
model = "SmolLM2-135M-Instruct"

[agents.ann]
domain = "sums"

[agents.bob]
domain = "letters"
"""


def problem(domain: str, number: int) -> Problem:
    return Problem(domain, "plain", 1, f"{domain} question {number}?", str(number))


def answers(
    round: int, agent: str, domain: str, scores: Iterable[float]
) -> list[Evaluation]:
    """One evaluation per score, the problems numbered from 0."""
    return [
        Evaluation(
            round,
            AgentId(agent),
            problem(domain, n),
            f"Answer: {n}",
            Verdict(s, "equal" if s else "differs"),
        )
        for n, s in enumerate(scores)
    ]


def split_answers(
    agent: str, split: EvalSplit, right: int, of: int = 40
) -> list[Evaluation]:
    """Answers to sums of a split after round 0, the first `right` of them right."""
    evaluations = []
    for number in range(of):
        verdict = Verdict(float(number < right), "")
        sum_ = Problem("sums", "s", 1, f"{split} {number}", "1")
        evaluations.append(Evaluation(0, AgentId(agent), sum_, "", verdict, split))
    return evaluations


def run_of_one_round(path: Path, config: str, metrics: MetricValues) -> RunDirectory:
    """A run with nothing but metrics."""
    run = RunDirectory.create(path, config)
    run.commit(RoundRecord(0, "experts", 1.0, metrics=Metrics(0, metrics)))
    return run


def lesson(
    round: int,
    teacher: str,
    student: str,
    scores: Sequence[float],
    expected: float = 0.0,
    test: int = 1,
) -> Episode:
    """A lesson on sums; with no scores it was stopped at the gate."""
    written = Rollout(Completion("Answer: 0"), Verdict(1.0 if scores else 0.0, ""))
    return Episode(
        round=round,
        match=Match(AgentId(teacher), AgentId(student), "sums", "plain", 1),
        test=problem("sums", 100 + test),
        lesson=Lesson((problem("sums", 0),), (written,)),
        control=(Rollout(Completion("Answer: 7"), Verdict(expected, "differs")),),
        attempts=tuple(Rollout(Completion(f"Answer: {s}"), Verdict(s, "")) for s in scores),
        expected=expected,
    )


def small_run(path: Path, text: str = "") -> RunDirectory:
    """Four problems per domain; base, start (round 0) and end (round 2); four lessons in three matches."""
    run = RunDirectory.create(path, CONFIG)
    base = [
        *answers(-1, BASE, "sums", [0, 0, 0, 0]),
        *answers(-1, BASE, "letters", [1, 0, 0, 0]),
    ]
    start = [
        *answers(0, "ann", "sums", [1, 1, 0, 0]),
        *answers(0, "ann", "letters", [0, 0, 0, 0]),
        *answers(0, "bob", "sums", [0, 0, 0, 1]),
        *answers(0, "bob", "letters", [1, 1, 1, 1]),
    ]
    end = [
        *answers(2, "ann", "sums", [1, 1, 1, 0]),
        *answers(2, "ann", "letters", [1, 1, 0, 0]),
        *answers(2, "bob", "sums", [1, 0, 0, 1]),
        *answers(2, "bob", "letters", [1, 1, 1, 0]),
    ]
    spent = [
        Usage(AgentId("ann"), "teaching", 100, 2e9),
        Usage(AgentId("bob"), "training", 50, 6e9),
    ]
    run.commit(RoundRecord(-1, "experts", 1.0, evaluations=base))
    run.commit(RoundRecord(0, "experts", 60.0, evaluations=start, ledger=spent))
    first = [lesson(1, "ann", "bob", [1, 1], 0.5), lesson(1, "ann", "bob", [1, 0], 0.5)]
    second = [
        lesson(2, "ann", "bob", [0, 0], 0.25, test=2),
        lesson(2, "bob", "ann", [], test=3),
    ]
    run.commit(RoundRecord(1, "teaching", 30.0, episodes=first, ledger=spent))
    if text:
        odd = problem("sums", 5)
        verdict = Verdict(0.0, text)
        attempt = Rollout(Completion(text), verdict)
        match = Match(AgentId(text), AgentId(text), text, text, 1)
        second.append(
            Episode(
                2,
                match,
                Problem(text, text, 1, text, text),
                Lesson((odd,), (attempt,)),
                (),
                (),
                0.0,
            )
        )
    run.commit(RoundRecord(2, "teaching", 30.0, episodes=second, evaluations=end))
    run.finish()
    return run
