"""Curricula: which types of problems to work on next, from the success rates at each.

A curriculum maps task types and the posterior of a success rate at each to probabilities. It is
any function of that shape; your own is named as "package.module:name" in a config.

Axes: N task types, levels or problems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from docendo.errors import UserError
from docendo.interfaces import Curriculum, FloatArray, Posterior
from docendo.parts import Part, PartConfig, default_part
from docendo.records import TaskType

__all__ = [
    "ByErrorRate",
    "ByLearnability",
    "ByLearnabilityConfig",
    "ByRarity",
    "ByRarityConfig",
    "PrioritizedLevelReplay",
    "PrioritizedLevelReplayConfig",
    "UniformCurriculum",
    "UniformCurriculumConfig",
    "UnlockLevels",
    "replay_weights",
]


@dataclass(frozen=True)
class UniformCurriculum:
    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        """All task types equally often."""
        return np.full(len(task_types), 1 / max(1, len(task_types)))


@dataclass(frozen=True)
class ByLearnability:
    """In proportion to the expected p(1-p): the variance of a reward, which a policy gradient needs.

    Task types that were never tried are promising, since their p may be anything.
    """

    floor: float = 0.1
    """Probability that is distributed equally, so that too hard task types are tried again."""

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        return _with_floor(success.variance_N, self.floor)


@dataclass(frozen=True)
class ByErrorRate:
    """In proportion to 1-p: imitation needs no success of one's own, and mastered types need no more."""

    floor: float = 0.1

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        return _with_floor(1 - success.mean_N, self.floor)


@dataclass(frozen=True)
class ByRarity:
    """The weights of another curriculum, lower where many right answers exist already.

    Where right answers are imitated, another one is worth less the more there are.
    """

    curriculum: Curriculum
    half_count: float = 4.0
    """At this many answers the weight is half of that with none."""

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        counts_N = np.array([demonstrations.get(kind, 0) for kind in task_types])
        weights_N = self.curriculum(task_types, success, demonstrations)
        return _normalise(weights_N / (1 + counts_N / self.half_count))


@dataclass(frozen=True)
class PrioritizedLevelReplay:
    """Prioritized Level Replay: by the rank of p(1-p), and a fraction by staleness."""

    beta: float = 1.0
    rho: float = 0.1

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        return replay_weights(
            list(success.variance_N), list(success.stale_N), self.beta, self.rho
        )


@dataclass(frozen=True)
class UnlockLevels:
    """Another curriculum in which a level stays closed until all lower levels are solved."""

    curriculum: Curriculum
    threshold: float = 0.6
    """Success rate at which a level counts as solved."""
    min_evidence: float = 3.0
    """Problems of the level that must have been tried."""

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        is_solved_N = (success.mean_N >= self.threshold) & (
            success.evidence_N >= self.min_evidence
        )
        is_open_N = np.array(
            [_is_open(kind, task_types, is_solved_N) for kind in task_types]
        )

        weights_N = self.curriculum(task_types, success, demonstrations) * is_open_N
        if weights_N.any():
            return _normalise(weights_N)
        return np.asarray(is_open_N / is_open_N.sum())


def _is_open(
    kind: TaskType,
    task_types: Sequence[TaskType],
    is_solved_N: NDArray[np.bool_],
) -> bool:
    """Whether every lower level of the family that is taught is solved."""
    for other, is_solved in zip(task_types, is_solved_N, strict=True):
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


_Share = Annotated[float, Field(ge=0, le=1)]


class UniformCurriculumConfig(PartConfig):
    """All task types equally often."""

    type: str = "uniform"

    def build(self, context: Any = None) -> UniformCurriculum:
        return UniformCurriculum()


class ByLearnabilityConfig(PartConfig):
    """Weights by the expected p(1-p): task types that are solved sometimes."""

    type: str = "learnability"
    floor: _Share = 0.1
    """Probability that is shared out equally before the rest is distributed."""

    def build(self, context: Any = None) -> ByLearnability:
        return ByLearnability(self.floor)


class ByRarityConfig(PartConfig):
    """Another curriculum's weights, reduced where an agent has many correct answers."""

    type: str = "rarity"
    curriculum: Annotated[PartConfig, Part("curriculum")] = default_part(
        "curriculum", "learnability"
    )
    """Curriculum whose weights are scaled."""
    half_count: Annotated[float, Field(gt=0)] = 4.0
    """Number of correct answers at which a weight is halved."""

    def build(self, context: Any = None) -> ByRarity:
        return ByRarity(self.curriculum.build(context), self.half_count)


class PrioritizedLevelReplayConfig(PartConfig):
    """Prioritized Level Replay: by the rank of p(1-p), and a fraction by staleness."""

    type: str = "plr"
    beta: Annotated[float, Field(gt=0)] = 1.0
    """Temperature of the ranks. Small: only the best ranks. Large: all alike."""
    rho: _Share = 0.1
    """Fraction that goes by how long a task type was not drawn."""

    def build(self, context: Any = None) -> PrioritizedLevelReplay:
        return PrioritizedLevelReplay(self.beta, self.rho)
