"""The newest lessons and attempts as plain JSON for the page's viewer."""

from typing import Any

from docendo.formatting import clip, visible
from docendo.records import Episode, Problem, Rollout, mean_score
from docendo.store import RunDirectory

__all__ = ["SHOWN", "viewer_data"]

SHOWN = 2000
"""How many episodes a page holds at most."""
_MAX_LENGTH = 8000


def viewer_data(run: RunDirectory, newest: int) -> list[dict[str, Any]]:
    """The newest episodes, newest first.

    Every text is made visible and cut if it is very long.
    """
    episodes = list(run.episodes(newest=newest))
    return list(map(_episode_json, reversed(episodes)))


def _episode_json(episode: Episode) -> dict[str, Any]:
    match = episode.match
    lesson = episode.lesson
    examples = []
    # A lesson that was cut short has fewer examples than problems.
    for i, (problem, written) in enumerate(
        zip(lesson.problems, lesson.examples, strict=False)
    ):
        example: dict[str, Any] = {
            "problem": _problem_json(problem),
            "attempt": _attempt_json(written),
        }
        example["tries"] = list(map(_attempt_json, lesson.tries[i : i + 1]))
        if episode.hints:
            example["part"] = _clean(episode.shown.examples[i].completion.text)
        examples.append(example)

    return {
        "round": episode.round,
        "teacher": _clean(match.teacher),
        "student": _clean(match.student),
        "domain": _clean(match.domain),
        "family": _clean(match.family),
        "level": match.level,
        "passed": lesson.passed,
        "gain": _rounded(episode.gain),
        "with": _rounded(mean_score(episode.attempts)) if episode.attempts else None,
        "without": _rounded(mean_score(episode.control)) if episode.control else None,
        "dense": _rounded(episode.dense_gain),
        "test": _problem_json(episode.test),
        "examples": examples,
        "attempts": list(map(_attempt_json, episode.attempts)),
        "control": list(map(_attempt_json, episode.control)),
        "hints": list(map(_attempt_json, episode.hints)),
    }


def _problem_json(problem: Problem) -> dict[str, str]:
    return {
        "prompt": _clean(problem.prompt),
        "answer": _clean(problem.answer),
    }


def _attempt_json(attempt: Rollout) -> dict[str, Any]:
    verdict = attempt.verdict
    return {
        "text": _clean(attempt.completion.text),
        "score": _rounded(verdict.score),
        "reason": _clean(verdict.reason),
    }


def _clean(text: str) -> str:
    return visible(clip(text, _MAX_LENGTH))


def _rounded(number: float | None) -> float | None:
    """Four digits; None for what JSON cannot hold."""
    # JSON has no NaN; a browser would refuse the whole document.
    if number is None or not abs(number) < float("inf"):
        return None
    return round(number, 4)
