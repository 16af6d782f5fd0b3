"""Curricula: which types of problems to work on next, from the success rates at each.

A curriculum maps task types and the posterior of a success rate at each to probabilities. The
task types of one student's family may differ in level only.

Axes: N task types, levels or problems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docendo.errors import UserError
from docendo.interfaces import Curriculum, FloatArray, Posterior
from docendo.records import TaskType

__all__ = [
    "ByErrorRate",
    "ByLearnability",
    "ByRarity",
    "PrioritizedLevelReplay",
    "UniformCurriculum",
    "UnlockLevels",
    "replay_weights",
]


@dataclass(frozen=True)
class UniformCurriculum:
    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        """All task types equally often."""
        return np.full(len(kinds), 1 / max(1, len(kinds)))


@dataclass(frozen=True)
class ByLearnability:
    """In proportion to the expected p(1-p): the variance of a reward, which a policy gradient needs.

    Task types that were never tried are promising, since their p may be anything.
    """

    floor: float = 0.1
    """Probability that is distributed equally, so that too hard task types are tried again."""

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        return _with_floor(belief.variance_N, self.floor)


@dataclass(frozen=True)
class ByErrorRate:
    """In proportion to 1-p: imitation needs no success of one's own, and mastered types need no more."""

    floor: float = 0.1

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        return _with_floor(1 - belief.mean_N, self.floor)


@dataclass(frozen=True)
class ByRarity:
    """The weights of another curriculum, lower where many right answers exist already.

    Where right answers are imitated, another one is worth less the more there are.
    """

    curriculum: Curriculum
    counts: Mapping[TaskType, int]
    """Right answers of each task type; 0 for types that are not in it."""
    half_count: float = 4.0
    """At this many answers the weight is half of that with none."""

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        counts_N = np.array([self.counts.get(kind, 0) for kind in kinds])
        weights_N = self.curriculum.weights(kinds, belief)
        return _normalise(weights_N / (1 + counts_N / self.half_count))


@dataclass(frozen=True)
class PrioritizedLevelReplay:
    """Prioritized Level Replay over task types: by the rank of p(1-p), a share by staleness."""

    beta: float = 1.0
    rho: float = 0.1

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        return replay_weights(
            list(belief.variance_N), list(belief.stale_N), self.beta, self.rho
        )


@dataclass(frozen=True)
class UnlockLevels:
    """Another curriculum in which a level stays closed until all lower levels are solved."""

    curriculum: Curriculum
    threshold: float = 0.6
    """Success rate at which a level counts as solved."""
    min_evidence: float = 3.0
    """Problems of the level that must have been tried."""

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        is_solved_N = (belief.mean_N >= self.threshold) & (
            belief.evidence_N >= self.min_evidence
        )
        is_open_N = np.array([_is_open(kind, kinds, is_solved_N) for kind in kinds])

        weights_N = self.curriculum.weights(kinds, belief) * is_open_N
        if weights_N.any():
            return _normalise(weights_N)
        return np.asarray(is_open_N / is_open_N.sum())


def _is_open(
    kind: TaskType,
    kinds: Sequence[TaskType],
    is_solved_N: NDArray[np.bool_],
) -> bool:
    """Whether every lower level of the family that is taught is solved."""
    for other, is_solved in zip(kinds, is_solved_N, strict=True):
        is_lower = other[:2] == kind[:2] and other.level < kind.level
        if is_lower and not is_solved:
            return False
    return True


def replay_weights(
    scores: Sequence[float], staleness: Sequence[float], beta: float = 0.1, rho: float = 0.1
) -> NDArray[np.float64]:
    """Probability of each of N levels, (N,): mostly the best scores, a share of stale ones.

    A share 1 - `rho` goes by rank ** (-1 / `beta`), rank 1 being the highest score: a small
    `beta` is greedy, a large one even. A share `rho` is proportional to `staleness`, the rounds
    since a level was drawn last (>= 0; all zero: evenly). Prioritized Level Replay (Jiang et al.
    2021), which breaks ties by position; here equal scores share the best of their ranks.
    Raises UserError for other numbers.
    """
    scores_N = np.asarray(scores, float)
    stale_N = np.asarray(staleness, float)
    _check_replay(scores_N, stale_N, beta, rho)

    # A rank is one more than the number of higher scores.
    not_higher_N = np.searchsorted(np.sort(scores_N), scores_N, side="right")
    rank_N = 1.0 + scores_N.size - not_higher_N
    by_rank_N = _normalise(np.power(rank_N, -1 / beta))
    return (1 - rho) * by_rank_N + rho * _normalise(stale_N)


def _check_replay(
    scores_N: FloatArray,
    stale_N: FloatArray,
    beta: float,
    rho: float,
) -> None:
    if scores_N.ndim != 1 or not scores_N.size or scores_N.shape != stale_N.shape:
        raise UserError(
            f"replay expected one staleness per score, and at least one score: "
            f"got {scores_N.shape} and {stale_N.shape}"
        )
    if not np.isfinite(scores_N).all():
        raise UserError(f"replay expected finite scores: got {scores_N.tolist()}")
    if not (np.isfinite(stale_N).all() and (stale_N >= 0).all()):
        raise UserError(
            f"replay expected finite staleness of at least 0: got {stale_N.tolist()}"
        )
    if not (beta > 0 and 0 <= rho <= 1):
        raise UserError(
            f"replay expected beta above 0 and rho in 0 to 1: got {beta} and {rho}"
        )


def _with_floor(weights_N: FloatArray, floor: float) -> FloatArray:
    """Probabilities in proportion to the weights, after a share `floor` was distributed equally."""
    equal_share = 1 / max(1, len(weights_N))
    return (1 - floor) * _normalise(weights_N) + floor * equal_share


def _normalise(weights_N: FloatArray) -> FloatArray:
    """Divided by their sum; equal where all are zero."""
    highest = weights_N.max()
    if not highest:
        return np.full(weights_N.size, 1 / weights_N.size)

    # Scaled first, so that sums of tiny weights do not underflow.
    scaled_N = weights_N / highest
    probabilities_N: FloatArray = scaled_N / scaled_N.sum()
    return probabilities_N
