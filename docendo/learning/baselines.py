"""Baselines: what a reward is compared with, so that an advantage says better or worse than expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Annotated, Any, Protocol

from pydantic import Field

from docendo.learning.groups import Group
from docendo.parts import PartConfig

__all__ = [
    "Baseline",
    "LeaveOneOut",
    "LeaveOneOutConfig",
    "RunningMean",
    "RunningMeanConfig",
]


class Baseline(Protocol):
    """Turns the rewards of a group into advantages. Its state is saved with every checkpoint."""

    def advantages(self, group: Group) -> list[float]:
        """One advantage per reward of the group."""
        ...

    def state(self) -> Mapping[str, float]:
        """JSON from which `restore` makes an equal object."""
        ...

    def restore(self, state: Mapping[str, float]) -> None: ...


@dataclass(frozen=True)
class LeaveOneOut:
    """RLOO (Ahmadian et al. 2024): A_i = r_i - 1/(G-1) * sum of r_j over j != i."""

    def advantages(self, group: Group) -> list[float]:
        """One advantage per reward; 0 for a group of one."""
        total = sum(group.rewards)
        num_others = len(group.rewards) - 1
        if num_others == 0:
            return [0.0]

        # r_i - (sum - r_i) / (G-1) = G/(G-1) * (r_i - mean): the advantage of Dr. GRPO (Liu et
        # al. 2025) but for the factor. GRPO's division by the standard deviation is left out: it
        # weights a problem by how easy or hard it is.
        return [reward - (total - reward) / num_others for reward in group.rewards]

    def state(self) -> Mapping[str, float]:
        """Empty: a group is its own baseline."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Nothing to restore."""


@dataclass
class RunningMean:
    """Each reward minus a running mean of the agent's rewards (REINFORCE, Williams 1992).

    There is one mean for each agent, role and domain.
    """

    decay: float
    means: dict[str, float] = field(default_factory=dict)

    def advantages(self, group: Group) -> list[float]:
        """One advantage per reward. The first group of an agent, role and domain is its own baseline."""
        key = f"{group.agent}/{group.role}/{group.domain}"
        group_mean = fmean(group.rewards)
        baseline = self.means.get(key, group_mean)

        # The mean from before this group: a baseline may not depend on the rewards it is
        # subtracted from, or the gradient is biased (Williams 1992).
        self.means[key] = self.decay * baseline + (1 - self.decay) * group_mean
        return [reward - baseline for reward in group.rewards]

    def state(self) -> Mapping[str, float]:
        """The running means."""
        return dict(self.means)

    def restore(self, state: Mapping[str, float]) -> None:
        """Continue with the means of a checkpoint."""
        self.means = dict(state)


class LeaveOneOutConfig(PartConfig):
    """The mean of the other rewards in the group (RLOO)."""

    type: str = "leave_one_out"

    def build(self, context: Any = None) -> LeaveOneOut:
        return LeaveOneOut()


class RunningMeanConfig(PartConfig):
    """A running mean of the agent's rewards in its role and domain (REINFORCE)."""

    type: str = "running_mean"
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Weight of the old mean when a group arrives."""

    def build(self, context: Any = None) -> RunningMean:
        return RunningMean(self.decay)
