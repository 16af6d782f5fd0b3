"""What the agents of a run know: accuracy without a lesson, by domain and round."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from docendo.records import BASE
from docendo.report.facts.run import Facts, ScoresByProblem, all_scores
from docendo.statistics import (
    Estimate,
    PairedChange,
    PairedScores,
    clustered_share,
    estimate_share,
    paired_change,
)

__all__ = [
    "accuracy_by_domain",
    "base_accuracy",
    "evaluated_domains",
    "evaluation_rounds",
    "knowledge_change",
    "learning_curve",
]


def evaluated_domains(facts: Facts) -> list[str]:
    """Every domain that was evaluated, in the order of its owners, then of the alphabet."""
    evaluated = {domain for _, _, domain in facts.scores}
    ordered: dict[str, None] = {}
    # A dict keeps the order in which they came; a set would not.
    for domains in facts.own_domains.values():
        ordered |= dict.fromkeys(filter(evaluated.__contains__, domains))
    ordered |= dict.fromkeys(sorted(evaluated))
    return list(ordered)


def evaluation_rounds(facts: Facts) -> tuple[int | None, int | None]:
    """The rounds of the start (after the experts stage) and of the end.

    None for a missing one.

    A run without an experts stage starts with its first evaluation. Only learners' scores
    count.
    """
    learners = facts.own_domains
    evaluated = sorted({index for index, agent, _ in facts.scores if agent in learners})
    if not evaluated:
        return None, None

    # Teaching starts from what the experts know, so the stage before it is no part of the change.
    expert_rounds = {row.round for row in facts.rounds if row.stage == "experts"}
    start = max((i for i in evaluated if i in expert_rounds), default=evaluated[0])
    end = evaluated[-1]
    return start, end if end > start else None


def accuracy_by_domain(
    facts: Facts, round_index: int | None, agent: str
) -> dict[str, Estimate]:
    """The agent's accuracy after a round, in the domains evaluated then."""
    accuracies: dict[str, Estimate] = {}
    if round_index is None:
        return accuracies

    for domain in evaluated_domains(facts):
        cell = facts.scores.get((round_index, agent, domain), {})
        scores = all_scores(cell)
        if scores:
            accuracies[domain] = estimate_share(scores)

    return accuracies


def base_accuracy(facts: Facts) -> dict[str, Estimate]:
    """The base model's accuracy in each domain, after the first round that evaluated it."""
    first = min((index for index, agent, _ in facts.scores if agent == BASE), default=None)
    return accuracy_by_domain(facts, first, BASE)


def knowledge_change(facts: Facts, *, is_own: bool) -> PairedChange:
    """Mean accuracy without a lesson from start to end, over agents and their own domains.

    With ``is_own=False``, over agents and the domains of others. The interval is of the
    change, with problems resampled within each domain.
    """
    start, end = evaluation_rounds(facts)
    if start is None:
        return PairedChange()
    if end is None:
        mean = _mean_accuracy(facts, start, is_own=is_own)
        return PairedChange(start=mean)

    # Only problems are resampled: the agents and the domains of a run are no sample.
    strata = []
    for domain in evaluated_domains(facts):
        before = []
        after = []
        for agent, owned in facts.own_domains.items():
            if (domain in owned) == is_own:
                before.append(facts.scores.get((start, agent, domain), {}))
                after.append(facts.scores.get((end, agent, domain), {}))
        strata.append(_pair_scores(before, after))

    return paired_change(strata)


def _mean_accuracy(facts: Facts, round_index: int, *, is_own: bool) -> float | None:
    means = []
    for agent, owned in facts.own_domains.items():
        for domain, accuracy in accuracy_by_domain(facts, round_index, agent).items():
            if (domain in owned) == is_own:
                means.append(accuracy.mean)
    return math.fsum(means) / len(means) if means else None


def _pair_scores(
    before: Sequence[ScoresByProblem], after: Sequence[ScoresByProblem]
) -> list[PairedScores]:
    """The scores of each problem, one entry for each agent."""
    keys = dict.fromkeys(chain(*before, *after))
    pairs = []
    for key in keys:
        start = [cell.get(key, ()) for cell in before]
        end = [cell.get(key, ()) for cell in after]
        pairs.append(
            PairedScores(
                start=tuple(map(math.fsum, start)),
                start_count=tuple(map(len, start)),
                end=tuple(map(math.fsum, end)),
                end_count=tuple(map(len, end)),
            )
        )

    return pairs


def learning_curve(facts: Facts, domain: str, agents: Iterable[str]) -> dict[int, Estimate]:
    """Mean accuracy over the agents by round; problems are the independent units.

    A round that evaluated only some of the agents is left out: a mean over other agents is
    no point of the same curve.
    """
    members = set(agents)
    agents_by_round: dict[int, set[str]] = defaultdict(set)
    scores_by_round: dict[int, dict[str, list[float]]] = {}
    for (index, agent, cell_domain), cell in facts.scores.items():
        if agent not in members or cell_domain != domain:
            continue
        agents_by_round[index].add(agent)
        by_problem = scores_by_round.setdefault(index, {})
        for key, scores in cell.items():
            by_problem.setdefault(key, []).extend(scores)

    curve = {}
    for index in sorted(scores_by_round):
        if agents_by_round[index] == members:
            curve[index] = clustered_share(list(scores_by_round[index].values()))

    return curve
