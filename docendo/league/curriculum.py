"""Curricula: which types of problems to work on next, from the success rates at each.

A curriculum maps task types and the posterior of a success rate at each to probabilities. It is
any function of that shape; your own is named as "package.module:name" in a config.

Axes: N task types, levels or problems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from docendo.errors import UserError
from docendo.interfaces import Curriculum, FloatArray, Posterior
from docendo.league.probabilities import mix_with_uniform, uniform
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
        return uniform(len(task_types))


@dataclass(frozen=True)
class ByLearnability:
    """In proportion to the expected p(1-p), the learnability of Rutherford et al. (2024).

    It is the variance of a right-or-wrong reward, without which a policy gradient is 0.
    """

    floor: float
    """Probability that is distributed equally, so that too hard task types are tried again."""

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        # The expectation over the posterior: 1/6 for what was never tried, where 1/4 is the most.
        # So new task types are promising without a bonus.
        return mix_with_uniform(_normalise(success.variance_N), self.floor)


@dataclass(frozen=True)
class ByErrorRate:
    """In proportion to 1-p: imitation needs no success of one's own, and mastered types need no more."""

    floor: float

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        return mix_with_uniform(_normalise(1 - success.mean_N), self.floor)


@dataclass(frozen=True)
class ByRarity:
    """The weights of another curriculum, lower where many right answers exist already.

    Where right answers are imitated, another one is worth less the more there are.
    """

    curriculum: Curriculum
    half_count: float
    """At this many answers the weight is half of that with none."""

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        counts_N = np.array([demonstrations.get(t, 0) for t in task_types])
        weights_N = self.curriculum(task_types, success, demonstrations)

        # A hyperbola, not a threshold: one more right answer is always worth a little less.
        return _normalise(weights_N / (1 + counts_N / self.half_count))


@dataclass(frozen=True)
class PrioritizedLevelReplay:
    """Prioritized Level Replay: by the rank of p(1-p), and a fraction by staleness."""

    beta: float
    rho: float

    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        return replay_weights(success.variance_N, success.stale_N, self.beta, self.rho)


@dataclass(frozen=True)
class UnlockLevels:
    """Another curriculum in which a level stays closed until all lower levels are solved."""

    curriculum: Curriculum
    threshold: float
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
        # By family the lowest level that is not solved: nothing above it is open.
        lowest: dict[tuple[str, str], int] = {}
        for (domain, family, level), is_solved in zip(task_types, is_solved_N, strict=True):
            if not is_solved:
                lowest[domain, family] = min(level, lowest.get((domain, family), level))
        is_open_N = np.array([k.level <= lowest.get(k[:2], k.level) for k in task_types])

        weights_N = self.curriculum(task_types, success, demonstrations) * is_open_N
        if weights_N.any():
            return _normalise(weights_N)
        # the curriculum has no use for what is open: evenly among that, never what is closed
        return np.asarray(is_open_N / is_open_N.sum())


def replay_weights(
    scores: ArrayLike,
    staleness: ArrayLike,
    beta: float = 0.1,
    rho: float = 0.1,
) -> FloatArray:
    """Probability of each of N levels, (N,): mostly the best scores, a share of stale ones.

    `staleness` are the rounds since a level was drawn last (>= 0; all zero: evenly). Raises
    UserError for other numbers.
    """
    scores_N = np.asarray(scores, float)
    stale_N = np.asarray(staleness, float)
    _check_replay(scores_N, stale_N, beta, rho)

    # Prioritized Level Replay (Jiang et al. 2021, section 3): P = (1 - rho) P_S + rho P_C, with
    # P_S in proportion to (1 / rank) ** (1 / beta), so that a small beta is greedy and a large one
    # even, and P_C in proportion to the staleness, since scores are out of date by then.
    # A rank is one more than the number of higher scores: equal scores share the best of their
    # ranks, where the paper breaks ties by position.
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


def _normalise(weights_N: FloatArray) -> FloatArray:
    """Divided by their sum; equal where all are zero."""
    highest = weights_N.max()
    if not highest:
        return uniform(weights_N.size)

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
