"""From rewards to advantages: one number per completion, against its group's baseline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, pvariance

from docendo.learning.baselines import Baseline
from docendo.learning.groups import Group
from docendo.records import DISCARDED, AgentId, ScoredSample, Usage

__all__ = ["assign_advantages", "discarded_usage", "measure_groups"]


def assign_advantages(groups: Sequence[Group], baseline: Baseline) -> list[ScoredSample]:
    """The completions that the policy learns from, each with its advantage.

    Groups with zero variance are dropped (Yu et al. 2025, DAPO), and so are advantages of 0: neither
    has a gradient. The baseline still sees every group, since it may keep running means.
    """
    samples: list[ScoredSample] = []
    for group in groups:
        advantages = baseline.advantages(group)
        if group.has_zero_variance:
            continue
        for completions, advantage in zip(group.completions, advantages, strict=True):
            if advantage:
                samples += [ScoredSample(group.agent, c, advantage) for c in completions]
    return samples


def measure_groups(groups: Sequence[Group]) -> Mapping[str, float]:
    """Shares of groups with and without variance, and the variance of rewards, by role."""
    if not groups:
        return {}

    flat = sum(group.has_zero_variance for group in groups)
    metrics: dict[str, float] = {}
    for role in dict.fromkeys(group.role for group in groups):
        of_role = [group for group in groups if group.role == role]
        nonzero = fmean(not group.has_zero_variance for group in of_role)
        metrics[f"groups/nonzero_variance/{role}"] = nonzero
        metrics[f"reward_variance/{role}"] = fmean(
            pvariance(group.rewards) for group in of_role
        )
    metrics["groups/nonzero_variance"] = fmean(
        not group.has_zero_variance for group in groups
    )
    metrics["groups/total"] = len(groups)
    metrics["groups/zero_variance"] = flat
    return metrics


def discarded_usage(groups: Sequence[Group]) -> list[Usage]:
    """Sampled tokens of zero-variance groups: nobody learns from them by policy gradient."""
    tokens: Counter[AgentId] = Counter()
    for group in groups:
        if not group.has_zero_variance:
            continue
        for completions in group.completions:
            tokens[group.agent] += sum(len(completion.tokens) for completion in completions)
    return [Usage(agent, DISCARDED, count, 0.0) for agent, count in sorted(tokens.items())]
