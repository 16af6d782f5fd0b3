"""Which agents knew the test: accuracy on its problems against fresh ones."""

from typing import NamedTuple

from docendo.config.load import Config
from docendo.records import BASE, AgentId
from docendo.report.facts.run import Scores, all_scores
from docendo.statistics import Estimate, difference_of_shares

__all__ = ["Contamination", "domains_without_fresh", "measure_contamination"]


class Contamination(NamedTuple):
    """Accuracy on the evaluation's own problems minus that on fresh ones."""

    agent: AgentId
    domain: str
    test: Estimate
    fresh: Estimate
    gap: Estimate

    @property
    def is_certain(self) -> bool:
        """Whether all of the gap's interval is above 0."""
        return self.gap.low is not None and self.gap.low > 0


def measure_contamination(test_scores: Scores, fresh_scores: Scores) -> list[Contamination]:
    """The gap by agent and domain, after the last round that evaluated both splits."""
    # Fresh problems may be evaluated less often than the test.
    last = max((index for index, _, _ in fresh_scores), default=None)

    gaps = []
    for (index, agent, domain), fresh in sorted(fresh_scores.items()):
        test = test_scores.get((index, agent, domain))
        # The base model saw neither: its gap would say how hard the two samples are.
        if index == last and agent != BASE and test:
            difference = difference_of_shares(all_scores(test), all_scores(fresh))
            gaps.append(Contamination(AgentId(agent), domain, *difference))

    return gaps


def domains_without_fresh(
    test_scores: Scores,
    fresh_scores: Scores,
    config: Config,
    *,
    is_finished: bool,
) -> list[str]:
    """Domains that should have fresh problems and have none.

    They come from files whose held-out rows are all in the test.
    """
    # A run evaluates fresh problems only at its end, and only if something leaked.
    fresh = {domain for _, _, domain in fresh_scores}
    leaks = any(agent.data and agent.data.leaked for agent in config.agents.values())
    if not fresh and not (leaks and is_finished):
        return []
    return sorted({domain for _, _, domain in test_scores} - fresh)
