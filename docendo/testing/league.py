"""Checks of what decides who meets whom on what."""

from math import isclose

import numpy as np

from docendo.interfaces import (
    Curriculum,
    Matchmaker,
)
from docendo.league.candidates import teachers_of
from docendo.league.matchmaking import Chooser
from docendo.league.posteriors import RatePosterior
from docendo.league.standings import LiveStandings
from docendo.records import (
    AgentId,
    TaskType,
    TeachingOption,
)
from docendo.testing.examples import STUDENT

__all__ = ["check_curriculum", "check_matchmaker", "check_selection"]


def check_curriculum(curriculum: Curriculum) -> None:
    """Probabilities that sum to 1, one per task type, also where nothing is known yet."""
    task_types = [TaskType("domain", "family", level) for level in (1, 2, 3)]
    for successes, attempts in (([0.0, 0.0, 0.0], 0.0), ([9.0, 5.0, 1.0], 10.0)):
        posterior = RatePosterior(
            total_N=np.array(successes),
            evidence_N=np.full(3, attempts),
            stale_N=np.zeros(3),
        )
        weights = curriculum(task_types, posterior, {})
        assert len(weights) == 3, f"expected 3 weights, got {len(weights)}"
        assert bool((np.asarray(weights) >= 0).all()), f"negative weights: {weights}"
        assert isclose(float(np.sum(weights)), 1.0, abs_tol=1e-9), (
            f"weights sum to {np.sum(weights)}"
        )


def check_matchmaker(matchmaker: Matchmaker) -> None:
    """As many matches as asked for, all allowed by the options, the same for the same seed."""
    teachers = (AgentId("ann"), AgentId("bob"))
    students = (AgentId("bob"), AgentId("cat"))
    options = [
        TeachingOption(TaskType("domain", "family", level), teachers, students)
        for level in (1, 2)
    ]
    matches = matchmaker(options, LiveStandings(decay=0.95), 6, seed=1)
    assert len(matches) == 6, f"expected 6 matches, got {len(matches)}"
    for match in matches:
        assert match.teacher != match.student, f"{match.teacher} teaches itself"
        assert match.teacher in teachers, f"{match.teacher} teaches nothing here"
        assert match.student in students, f"{match.student} is taught nothing here"
        assert match.task_type in {option.task_type for option in options}, (
            f"unknown {match}"
        )
    again = matchmaker(options, LiveStandings(decay=0.95), 6, seed=1)
    assert list(again) == list(matches), "the same seed must give the same matches"


def check_selection(choose: Chooser) -> None:
    """Probabilities of partners that sum to 1, also where nothing is known of them yet."""
    standings = LiveStandings(decay=0.95)
    names = [AgentId(name) for name in ("ann", "bob", "cat")]
    candidates = (
        teachers_of(standings, STUDENT, names, "domain"),
        standings.opponents_of(STUDENT, names, "game"),
    )
    for partners in candidates:
        probabilities_N = np.asarray(choose(partners, np.random.default_rng(0)))
        assert probabilities_N.shape == (3,), f"expected 3 numbers, got {probabilities_N}"
        assert bool((probabilities_N >= 0).all()), f"negative: {probabilities_N}"
        assert isclose(float(probabilities_N.sum()), 1.0, abs_tol=1e-9), (
            f"the probabilities sum to {probabilities_N.sum()}"
        )
