"""Held-out accuracy: greedy answers without a lesson, graded by the domain's evaluator."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from docendo.datasets.eval_sets import draw_fresh_split, draw_test_split
from docendo.errors import UserError
from docendo.interfaces import Source
from docendo.problems.catalog import Catalog
from docendo.records import (
    AgentId,
    Completion,
    Evaluation,
    Lesson,
    Problem,
    Rollout,
    Verdict,
)
from docendo.records.games import EvalSplit
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec

__all__ = [
    "accuracies",
    "evaluate",
    "held_out_problems",
    "warn_truncation",
    "worked_lesson",
]


def held_out_problems(
    catalog: Catalog, domain: str, count: int, seed: int, split: EvalSplit = "test"
) -> list[Problem]:
    """`count` held-out problems of a domain, its families and levels as equally as possible.

    No problem comes twice. A user's file gives all that it has where that is fewer. Raises
    UserError where a family and level has none.
    """
    draw = draw_test_split if split == "test" else draw_fresh_split
    return draw(catalog.sources[domain], catalog.levels[domain], count, seed)


def warn_truncation(
    problems: Sequence[Problem], max_tokens: int, count_tokens: Callable[[str], int]
) -> list[str]:
    """One sentence per domain where over half of the worked solutions exceed `max_tokens`.

    An agent that answers as they do is cut off, and its answer is wrong.
    """
    warnings = []
    for domain in dict.fromkeys(problem.domain for problem in problems):
        lengths = [
            count_tokens(problem.solution)
            for problem in problems
            if problem.domain == domain and problem.solution
        ]
        too_long = [length for length in lengths if length > max_tokens]
        if 2 * len(too_long) > len(lengths):
            warnings.append(
                f"[domains.{domain}]: {len(too_long)} of {len(lengths)} worked solutions are "
                f"longer than max_tokens = {max_tokens} (up to {max(too_long)}); answers like "
                "these are cut off, and wrong; raise teaching.max_tokens"
            )
    return warnings


def evaluate(
    classroom: Classroom,
    problems: Mapping[AgentId, Sequence[Problem]],
    round_index: int,
    split: EvalSplit = "test",
) -> list[Evaluation]:
    """One greedy answer of each agent to each of its problems, without a lesson."""
    rollouts = []
    for agent, agents_problems in problems.items():
        for problem in agents_problems:
            rollouts.append(RolloutSpec(agent, problem, None, "evaluation", 0))

    # All agents in one batch: the engine has enough rows to stay busy until the end.
    evaluations = []
    answers = classroom.roll_out(rollouts, temperature=0.0)
    for rollout, answer in zip(rollouts, answers, strict=True):
        evaluations.append(
            Evaluation(
                round=round_index,
                agent=rollout.agent,
                problem=rollout.problem,
                text=answer.completion.text,
                verdict=answer.verdict,
                split=split,
            )
        )
    return evaluations


def worked_lesson(source: Source, problem: Problem, seed: int) -> Lesson:
    """A right worked example of the problem's family and level, from the problems that are trained on."""
    (example,) = source.draw(
        problem.family, problem.level, 1, seed_for(seed, "lesson", problem.key), "train"
    )
    if not example.solution:
        raise UserError(
            f"{problem.domain}/{problem.family} has problems without a worked solution to be shown"
        )
    return Lesson(
        (example,),
        (Rollout(Completion(example.solution), Verdict(1.0, "worked solution")),),
    )


def accuracies(evaluations: Sequence[Evaluation]) -> dict[tuple[AgentId, str], float]:
    """Mean score by agent and domain, over the test split."""
    scores: dict[tuple[AgentId, str], list[float]] = {}
    for evaluation in evaluations:
        if evaluation.split == "test":
            key = (evaluation.agent, evaluation.problem.domain)
            scores.setdefault(key, []).append(evaluation.verdict.score)
    return {key: fmean(values) for key, values in scores.items()}
