"""From rewards to advantages: one number per completion, against its group's baseline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
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
    samples = []
    for group in groups:
        # before the skip: a running mean moves with a group of equal rewards, too
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

    variances: dict[str, list[float]] = {}
    has_variance: dict[str, list[bool]] = {}
    for group in groups:
        variances.setdefault(group.role, []).append(pvariance(group.rewards))
        has_variance.setdefault(group.role, []).append(not group.has_zero_variance)

    metrics: dict[str, float] = {}
    for role in variances:
        metrics[f"groups/nonzero_variance/{role}"] = fmean(has_variance[role])
        metrics[f"reward_variance/{role}"] = fmean(variances[role])

    num_varied = sum(map(sum, has_variance.values()))
    metrics["groups/nonzero_variance"] = num_varied / len(groups)
    metrics["groups/total"] = len(groups)
    metrics["groups/zero_variance"] = len(groups) - num_varied
    return metrics


def discarded_usage(groups: Sequence[Group]) -> list[Usage]:
    """Sampled tokens of zero-variance groups: nobody learns from them by policy gradient."""
    tokens: Counter[AgentId] = Counter()
    for group in groups:
        if not group.has_zero_variance:
            continue
        for completion in chain.from_iterable(group.completions):
            tokens[group.agent] += len(completion.tokens)

    # without FLOPs: the ledger has counted them already, under the purpose they were spent for
    return [Usage(agent, DISCARDED, count, 0.0) for agent, count in sorted(tokens.items())]
