"""What an episode was worth to each side. A reward is a function from an episode to a payoff."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from docendo.interfaces import Reward
from docendo.parts import PartConfig
from docendo.records import Episode, Payoff

__all__ = [
    "DenseGainReward",
    "DenseGainRewardConfig",
    "GainReward",
    "GainRewardConfig",
    "needs_dense_gain",
    "pay_episode",
]


@dataclass(frozen=True)
class GainReward:
    """The student earns its scores, the teacher how much its lesson raised them.

    The teacher is paid the expected gain, which compares with an estimate of the student's score
    without the lesson. The measured gain compares with a few control attempts, which are 0 or 1 by
    chance: a teacher that is paid it learns from noise.
    """

    penalty: float
    """What a lesson earns that does not reach the right answer itself. It is not shown to the student."""

    def __call__(self, episode: Episode) -> Payoff:
        # Gain, not score: a teacher is not paid for what its student could do without it.
        gain = episode.expected_gain
        teacher = self.penalty if gain is None else gain
        return Payoff(teacher, tuple(a.verdict.score for a in episode.attempts))


@dataclass(frozen=True)
class DenseGainReward:
    """As `GainReward`, but the teacher earns the dense gain of its lesson.

    It is the same for all who ask, where a gain from a few attempts is 0 or 1 by chance, and
    lessons that were not shown are paid, too. A lesson without a dense gain earns its gain.
    """

    penalty: float
    needs_dense_gain: bool = True

    def __call__(self, episode: Episode) -> Payoff:
        payoff = GainReward(self.penalty)(episode)
        if episode.dense_gain is None:
            return payoff
        return payoff._replace(teacher=episode.dense_gain)


def pay_episode(reward: Reward, episode: Episode) -> Payoff:
    """What a reward says of an episode.

    A lesson that was not shown is paid by its dense gain or not at all: neither 0 nor the penalty
    is what it would have earned.
    """
    is_measured = needs_dense_gain(reward) and episode.dense_gain is not None
    if episode.is_dropped and not is_measured:
        return Payoff(None, ())
    return reward(episode)


def needs_dense_gain(reward: Reward) -> bool:
    """Whether a reward reads `Episode.dense_gain`, which costs a scoring pass.

    A reward says so by an attribute `needs_dense_gain`.
    """
    # settings of a function make it a functools.partial
    return bool(getattr(getattr(reward, "func", reward), "needs_dense_gain", False))


_RejectedLesson = Annotated[float, Field(ge=-10, le=0)]


class GainRewardConfig(PartConfig):
    """The student is paid its scores, the teacher the gain of its lesson."""

    type: str = "gain"
    rejected_lesson: _RejectedLesson = -0.5
    """Reward of a teacher whose lesson the gate rejects."""

    def build(self, context: Any = None) -> GainReward:
        return GainReward(self.rejected_lesson)


class DenseGainRewardConfig(PartConfig):
    """The student is paid its scores, the teacher how much likelier its lesson makes a right answer."""

    type: str = "dense_gain"
    rejected_lesson: _RejectedLesson = -0.5
    """Reward of a teacher whose lesson the gate rejects."""

    def build(self, context: Any = None) -> DenseGainReward:
        return DenseGainReward(self.rejected_lesson)
