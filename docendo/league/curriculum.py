"""The right problem: what to work on next, from what is believed of each kind of problem. N kinds, levels or problems.

A curriculum is a value that maps kinds and beliefs to probabilities. Its kinds of one student's family may differ in
level only; what is believed is how often the student is right.
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
        """All kinds equally often."""
        return np.full(len(kinds), 1 / max(1, len(kinds)))


@dataclass(frozen=True)
class ByLearnability:
    """In proportion to p(1-p), expected under what is believed: the variance of a reward, without which a policy
    gradient learns nothing. Kinds that were never tried count as promising, since p may be anything.
    """

    floor: float = 0.1
    """Probability that is shared out equally, so that what was too hard is looked at again."""

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        return (1 - self.floor) * _shares(
            belief.variance_N
        ) + self.floor * UniformCurriculum().weights(kinds, belief)


@dataclass(frozen=True)
class ByErrorRate:
    """In proportion to 1-p: what is imitated need not have been right before, and what is known needs it no more."""

    floor: float = 0.1

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        return (1 - self.floor) * _shares(
            1 - belief.mean_N
        ) + self.floor * UniformCurriculum().weights(kinds, belief)


@dataclass(frozen=True)
class ByRarity:
    """What another curriculum wants, over the right answers at hand: where these are imitated, one more is worth less
    the more there are.
    """

    inside: Curriculum
    held: Mapping[TaskType, int]
    """Right answers of each kind; none of those that are not named."""
    few: float = 4.0
    """So many are half as good as none."""

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        held_N = np.array([self.held.get(kind, 0) for kind in kinds])
        return _shares(self.inside.weights(kinds, belief) / (1 + held_N / self.few))


@dataclass(frozen=True)
class PrioritizedLevelReplay:
    """Prioritized Level Replay over kinds: by rank of p(1-p), and some by how long a kind was not seen."""

    beta: float = 1.0
    rho: float = 0.1

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        return replay_weights(
            list(belief.variance_N), list(belief.stale_N), self.beta, self.rho
        )


@dataclass(frozen=True)
class UnlockLevels:
    """Levels open as success rises: a level is closed until the one below it is solved at the rate `opens`."""

    inside: Curriculum
    opens: float = 0.6
    least: float = 3.0
    """Problems of the lower level that must have been met."""

    def weights(self, kinds: Sequence[TaskType], belief: Posterior) -> FloatArray:
        solved = (belief.mean_N >= self.opens) & (belief.evidence_N >= self.least)
        open_N = np.array([self._open(kind, kinds, solved) for kind in kinds])
        weights = self.inside.weights(kinds, belief) * open_N
        return _shares(weights) if weights.any() else open_N / open_N.sum()

    @staticmethod
    def _open(kind: TaskType, kinds: Sequence[TaskType], solved: NDArray[np.bool_]) -> bool:
        """Whether every lower level of the family that is taught is solved."""
        lower = [
            i for i, k in enumerate(kinds) if k[:2] == kind[:2] and k.level < kind.level
        ]
        return all(solved[i] for i in lower)


def replay_weights(
    scores: Sequence[float], staleness: Sequence[float], beta: float = 0.1, rho: float = 0.1
) -> NDArray[np.float64]:
    """Probability of each of N levels, (N,): mostly the best scores, some of what was not seen for long.

    A share 1 - `rho` goes by rank ** (-1 / `beta`), rank 1 being the highest score: a small `beta` is greedy, a large
    one even. A share `rho` goes in proportion to `staleness`, the rounds since a level was last drawn (>= 0; all zero:
    evenly). Prioritized Level Replay (Jiang et al. 2021), which breaks ties by position; here equal scores share the
    best of their ranks. Raises UseError where the numbers are not such.
    """
    scores_N, stale_N = np.asarray(scores, float), np.asarray(staleness, float)
    if scores_N.ndim != 1 or not scores_N.size or scores_N.shape != stale_N.shape:
        raise UserError(
            f"replay wants one staleness per score, and at least one: {scores_N.shape} and {stale_N.shape}"
        )
    if not np.isfinite(scores_N).all():
        raise UserError(f"replay wants finite scores: {scores_N.tolist()}")
    if not (np.isfinite(stale_N).all() and (stale_N >= 0).all()):
        raise UserError(f"replay wants finite staleness of at least 0: {stale_N.tolist()}")
    if not (beta > 0 and 0 <= rho <= 1):
        raise UserError(f"replay wants beta above 0 and rho in 0 to 1: {beta} and {rho}")
    rank_N = (
        1.0 + scores_N.size - np.searchsorted(np.sort(scores_N), scores_N, side="right")
    )
    return (1 - rho) * _shares(np.power(rank_N, -1 / beta)) + rho * _shares(stale_N)


def _shares(weights_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divided by their sum; even where all are zero."""
    highest = weights_N.max()
    if not highest:
        return np.full(weights_N.size, 1 / weights_N.size)
    scaled_N = weights_N / highest
    shares_N: NDArray[np.float64] = scaled_N / scaled_N.sum()
    return shares_N
