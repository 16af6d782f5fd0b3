"""What an episode was worth to each side. A reward is a function from an episode to a payoff."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from docendo.parts import PartConfig
from docendo.records import Episode, Payoff

__all__ = ["GainReward", "GainRewardConfig"]


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


class GainRewardConfig(PartConfig):
    """The student is paid its scores, the teacher the gain of its lesson."""

    type: str = "gain"
    rejected_lesson: Annotated[float, Field(ge=-10, le=0)] = -0.5
    """Reward of a teacher whose lesson the gate rejects."""

    def build(self, context: Any = None) -> GainReward:
        return GainReward(self.rejected_lesson)
