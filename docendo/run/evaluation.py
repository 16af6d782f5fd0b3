"""Held-out accuracy: everybody on everything, without a lesson, taking the likeliest token at every step."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from docendo.build.school import Catalog
from docendo.datasets.eval_sets import draw_fresh_split, draw_test_split
from docendo.errors import UserError
from docendo.interfaces import Source
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
from docendo.teaching.game import Classroom, RolloutSpec

__all__ = ["accuracies", "cut_short", "evaluate", "held_out_problems", "worked_lesson"]


def held_out_problems(
    found: Catalog, domain: str, count: int, seed: int, split: EvalSplit = "test"
) -> list[Problem]:
    """`count` held-out problems of a domain, its families and levels as equally as possible, without repeats.

    A user's own file gives all that it has where that is fewer; UseError where a family and level has none.
    """
    draw = draw_test_split if split == "test" else draw_fresh_split
    return draw(found.sources[domain], found.levels[domain], count, seed)


def cut_short(
    problems: Sequence[Problem], most: int, count: Callable[[str], int]
) -> list[str]:
    """A sentence on each domain of which more than half of the worked solutions are longer than `most` tokens, as
    `count` counts them: who answers as they do is cut off, and wrong.
    """
    told = []
    for domain in dict.fromkeys(p.domain for p in problems):
        lengths = [count(p.solution) for p in problems if p.domain == domain and p.solution]
        long = [length for length in lengths if length > most]
        if 2 * len(long) > len(lengths):
            told.append(
                f"[domains.{domain}]: {len(long)} of {len(lengths)} worked solutions have more than {most} tokens, up "
                f"to {max(long)}; answers like these are cut off (max_tokens), and wrong"
            )
    return told


def evaluate(
    classroom: Classroom,
    problems: Mapping[AgentId, Sequence[Problem]],
    index: int,
    split: EvalSplit = "test",
) -> list[Evaluation]:
    """One answer of each agent to each of its problems."""
    wanted = [
        RolloutSpec(agent, p, None, "evaluation", 0)
        for agent, ps in problems.items()
        for p in ps
    ]
    attempts = classroom.attempt(wanted, temperature=0.0)
    return [
        Evaluation(index, w.agent, w.problem, a.completion.text, a.verdict, split)
        for w, a in zip(wanted, attempts, strict=True)
    ]


def worked_lesson(source: Source, problem: Problem, seed: int) -> Lesson:
    """A right worked example of the problem's family and level, from the problems that are trained on."""
    (shown,) = source.draw(
        problem.family, problem.level, 1, seed_for(seed, "lesson", problem.key), "train"
    )
    if not shown.solution:
        raise UserError(
            f"{problem.domain}/{problem.family} has problems without a worked solution to be shown"
        )
    return Lesson(
        (shown,), (Rollout(Completion(shown.solution), Verdict(1.0, "worked solution")),)
    )


def accuracies(evaluations: Sequence[Evaluation]) -> dict[tuple[AgentId, str], float]:
    """Mean score by agent and domain, over the test split."""
    scores: dict[tuple[AgentId, str], list[float]] = {}
    for e in (e for e in evaluations if e.split == "test"):
        scores.setdefault((e.agent, e.problem.domain), []).append(e.verdict.score)
    return {key: fmean(values) for key, values in scores.items()}
