"""The newest lessons and attempts as plain JSON for the page's viewer."""

from collections.abc import Iterable
from typing import Any

from docendo.formatting import clip, visible
from docendo.records import Episode, Problem, Rollout
from docendo.store import RunDirectory

__all__ = ["SHOWN", "viewer_data"]

SHOWN = 2000
"""How many episodes a page holds at most."""
_LONGEST = 8000


def viewer_data(run: RunDirectory, newest: int) -> list[dict[str, Any]]:
    """The newest episodes, the newest first, every text made visible and cut where it is very long."""
    return [_episode(e) for e in reversed(list(run.episodes(newest=newest)))]


def _episode(episode: Episode) -> dict[str, Any]:
    match = episode.match
    return {
        "round": episode.round,
        "teacher": _clean(match.teacher),
        "student": _clean(match.student),
        "domain": _clean(match.domain),
        "family": _clean(match.family),
        "level": match.level,
        "passed": episode.lesson.passed,
        "gain": _rounded(episode.gain),
        "expected": _rounded(episode.expected),
        "test": _problem(episode.test),
        "examples": [
            {"problem": _problem(problem), "attempt": _attempt(written)}
            for problem, written in zip(
                episode.lesson.problems, episode.lesson.examples, strict=False
            )
        ],
        "attempts": _attempts(episode.attempts),
        "control": _attempts(episode.control),
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {"prompt": _clean(problem.prompt), "answer": _clean(problem.answer)}


def _attempts(attempts: Iterable[Rollout]) -> list[dict[str, Any]]:
    return [_attempt(a) for a in attempts]


def _attempt(attempt: Rollout) -> dict[str, Any]:
    score = _rounded(attempt.verdict.score)
    return {
        "text": _clean(attempt.completion.text),
        "score": score,
        "reason": _clean(attempt.verdict.reason),
    }


def _clean(text: str) -> str:
    return visible(clip(text, _LONGEST))


def _rounded(number: float | None) -> float | None:
    """Four digits; None for what JSON cannot hold."""
    return round(number, 4) if number is not None and abs(number) < float("inf") else None
