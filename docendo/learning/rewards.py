"""What an episode was worth to each side. A reward is a function from an episode to a payoff."""

from dataclasses import dataclass

from docendo.records import Episode, Payoff

__all__ = ["GainReward"]


@dataclass(frozen=True)
class GainReward:
    """The student earns its scores, the teacher how much its lesson raised them."""

    penalty: float = -0.5
    """What a lesson earns that does not reach the right answer itself. It is not shown to the student."""

    def __call__(self, episode: Episode) -> Payoff:
        gain = episode.gain
        return Payoff(
            self.penalty if gain is None else gain,
            tuple(a.verdict.score for a in episode.attempts),
        )
