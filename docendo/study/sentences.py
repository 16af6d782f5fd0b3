"""What a study says, in sentences that claim no more than the intervals allow."""

from collections.abc import Sequence
from typing import Literal

from docendo.formatting import compact, percent, signed
from docendo.statistics import Estimate
from docendo.study.arms import (
    EXPERTS,
    JOINT,
    JOINT_SFT,
    JOINT_SHARED,
    LESSONS_ONLY,
    SHARING_ONLY,
    SINGLE,
    SINGLE_WIDE,
    TEACHING,
    is_ablation,
)
from docendo.study.bootstrap import Closure, Difference
from docendo.study.measures import MEASURES
from docendo.study.regimes import RegimeResults

__all__ = [
    "compare_with_rivals",
    "describe_ablations",
    "describe_closure",
    "describe_difference",
    "describe_regime",
    "format_interval",
    "format_points",
    "side_of_zero",
    "write_headline",
]

_Side = Literal["above", "below", "open"]

_EQUAL_COMPUTE = 0.05
"""Operations of two arms may differ by this share and still be called equal."""
_RIVALS = (
    (JOINT_SFT, "mean", "Where agents are only fine-tuned on the solutions,"),
    (JOINT_SHARED, "mean", "Where joint training shares its correct solutions,"),
    (SINGLE, "mean", "Its mean against a single agent with all the compute:"),
    (SINGLE, "best", "Its best member against a single agent with all the compute:"),
    (SINGLE_WIDE, "mean", "Its mean against one that has all the weights too:"),
)
_HALVES = (
    (LESSONS_ONLY, "By lessons, without others' solutions:"),
    (SHARING_ONLY, "Without lessons, by others' solutions where they are shared:"),
)
_PRIVATE_DATA = (
    "Only an expert studies its domain's solutions here. Joint training, of a population or of "
    "one agent, sees all of them. Where data are private that is not allowed: there it is a "
    "yardstick and no rival."
)


def format_points(value: float | None) -> str:
    """A share as percentage points: ``+4.2``."""
    return signed(None if value is None else 100 * value, 1)


def format_interval(estimate: Estimate) -> str:
    """``+1.1 to +7.3``; empty where there is no interval."""
    if estimate.low is None:
        return ""
    return f"{format_points(estimate.low)} to {format_points(estimate.high)}"


def side_of_zero(difference: Difference) -> _Side:
    """The side of 0 that the whole interval is on, else ``open``; one seed is always open."""
    _, low, high, seeds = difference.estimate
    # One seed's interval is over problems alone, and says nothing of another training.
    if seeds < 2 or low is None or high is None:
        return "open"
    if low > 0:
        return "above"
    return "below" if high < 0 else "open"


def describe_difference(arm: str, baseline: str, difference: Difference) -> str:
    """Whether one arm beats another, by how much, and how sure that is."""
    estimate = difference.estimate
    side = side_of_zero(difference)
    seeds = _count_seeds(estimate.n)
    # No winner is named where the interval holds 0, however large the difference.
    if side == "open":
        interval = format_interval(estimate)
        interval = f"95% interval {interval}" if interval else "no interval"
        caveat = (
            ", and one seed says nothing of another training" if estimate.n == 1 else ""
        )
        return (
            f"{arm} and {baseline} cannot be told apart: {format_points(estimate.mean)} points "
            f"({interval}, {seeds}{caveat})"
        )

    winner, loser = arm, baseline
    if side == "below":
        winner, loser = baseline, arm
        estimate = _negate(estimate)
    return (
        f"{winner} beats {loser} by {format_points(estimate.mean)} points "
        f"(95% interval {format_interval(estimate)}, {seeds})"
    )


def _count_seeds(count: int) -> str:
    return f"{count} seeds" if count > 1 else "one seed"


def _negate(estimate: Estimate) -> Estimate:
    mean, low, high, seeds = estimate
    return Estimate(
        mean=-mean,
        low=None if high is None else -high,
        high=None if low is None else -low,
        n=seeds,
    )


def write_headline(regimes: Sequence[RegimeResults]) -> str:
    """In which regimes teaching beats its rival, in which it loses, and which are open."""
    claims: dict[str, list[str]] = {}
    for rival in (JOINT, SHARING_ONLY):
        claims[f"{TEACHING} beats {rival}"] = []
        claims[f"{rival} beats {TEACHING}"] = []
    undecided = claims["the interval does not tell which is ahead"] = []
    missing = claims["nothing can be said yet"] = []

    for regime in regimes:
        rival = _find_rival(regime)
        difference = regime.bootstrap.difference(TEACHING, rival, "mean")
        by_side = {
            "above": claims[f"{TEACHING} beats {rival}"],
            "below": claims[f"{rival} beats {TEACHING}"],
            "open": undecided,
        }
        names = by_side[side_of_zero(difference)] if difference else missing
        names.append(regime.name)

    parts = [f"{claim} in {', '.join(names)}" for claim, names in claims.items() if names]
    return f"At equal compute, {'; '.join(parts)}."


def _find_rival(regime: RegimeResults) -> str:
    """The arm that teaching is compared with first.

    Where joint training learned from solutions that teaching must do without, it is a yardstick.
    The question is then what lessons are worth.
    """
    if not {TEACHING, JOINT, SHARING_ONLY} <= regime.arms.keys():
        return JOINT
    is_yardstick = regime.keeps_solutions(TEACHING) and not regime.keeps_solutions(JOINT)
    return SHARING_ONLY if is_yardstick else JOINT


def describe_regime(regime: RegimeResults) -> list[str]:
    """Teaching against its rival in one regime: the main measure first, then the rest."""
    main = regime.bootstrap.difference(TEACHING, JOINT, "mean")
    if not main:
        return [_describe_missing(regime)]

    claim = describe_difference(TEACHING, JOINT, main)
    sentences = [f"Without a lesson, {claim}."]
    rival = _find_rival(regime)
    is_yardstick = rival != JOINT
    if is_yardstick and (lessons := regime.bootstrap.difference(TEACHING, rival, "mean")):
        sentences = [
            f"Where only lessons travel, {describe_difference(TEACHING, rival, lessons)}.",
            f"Against joint training on all solutions, a yardstick: {claim}.",
        ]
    if _never_taught(regime):
        sentences.append(
            "But the budget ended in the experts' stage: nobody taught anybody, and a larger one "
            "is needed."
        )
    sentences += _describe_other_measures(regime)
    # With more data than the experts' the gap would not be closed by teaching alone.
    if _has_equal_data(regime):
        sentences.append(
            describe_closure(regime.bootstrap.closure(TEACHING, EXPERTS, JOINT))
        )
        if regime.has_private_data(TEACHING):
            sentences.append(_PRIVATE_DATA)
    if unequal := _describe_unequal_compute(regime):
        sentences.append(unequal)
    return sentences + compare_with_rivals(regime) + describe_ablations(regime)


def _describe_missing(regime: RegimeResults) -> str:
    for arm in (TEACHING, JOINT):
        if arm not in regime.arms:
            return f"There is no result of {arm} yet."
    return f"{TEACHING} and {JOINT} have no seed in common yet."


def _never_taught(regime: RegimeResults) -> bool:
    """Whether every training of `teaching` spent its budget in the experts' stage."""
    ledgers = [result.cost.ledger for result in regime.arms[TEACHING].values()]
    return all(ledger and ledger.keys() <= {"experts"} for ledger in ledgers)


def _describe_other_measures(regime: RegimeResults) -> list[str]:
    measures: list[tuple[_Side, str]] = []
    for name in ("best", "worst", "with_lesson", "ood", "curve_area", "vote"):
        if difference := regime.bootstrap.difference(TEACHING, JOINT, name):
            gap = format_points(difference.estimate.mean)
            measures.append((side_of_zero(difference), f"{MEASURES[name]} ({gap})"))

    return _list_by_side(
        measures,
        above=f"Where {TEACHING} is ahead:",
        below=f"Where {JOINT} is ahead:",
        open="Not decided:",
    )


def _list_by_side(names: Sequence[tuple[_Side, str]], **openings: str) -> list[str]:
    """A sentence for each side of 0 that has names, in the order of the openings."""
    sentences = []
    for side, opening in openings.items():
        listed = ", ".join(name for name_side, name in names if name_side == side)
        if listed:
            sentences.append(f"{opening} {listed}.")
    return sentences


def compare_with_rivals(regime: RegimeResults) -> list[str]:
    """Teaching against each rival, then each half of teaching against agents without contact.

    The rivals are fine-tuning alone, joint training that shares its solutions, and a single
    agent. The agents without contact are joint training, or the experts where teaching has no
    more data than they have.
    """
    # Against joint training, experts' data would be a second difference beside the contact.
    isolated = EXPERTS if _has_equal_data(regime) else JOINT
    pairs = [(TEACHING, rival, measure, opening) for rival, measure, opening in _RIVALS]
    pairs += [(half, isolated, "mean", opening) for half, opening in _HALVES]

    sentences = []
    for arm, baseline, measure, opening in pairs:
        if difference := regime.bootstrap.difference(arm, baseline, measure):
            claim = describe_difference(arm, baseline, difference)
            sentences.append(f"{opening} {claim}.")
    return sentences


def _has_equal_data(regime: RegimeResults) -> bool:
    """Whether the agents of `teaching` studied no more solutions than the experts did."""
    return EXPERTS in regime.arms and regime.sft_data(EXPERTS) == regime.sft_data(TEACHING)


def describe_ablations(regime: RegimeResults) -> list[str]:
    """Without which parts teaching is worse, without which better, and which are undecided."""
    arms: list[tuple[_Side, str]] = []
    for arm, difference in regime.differences_from(TEACHING).items():
        if is_ablation(arm):  # joint training and custom arms remove no single part
            gap = format_points(difference.estimate.mean)
            interval = format_interval(difference.estimate)
            arms.append((side_of_zero(difference), f"{arm} ({gap}, {interval})"))

    return _list_by_side(
        arms,
        below="Worse than teaching, so the part helps:",
        above="Better than teaching:",
        open="Not distinguishable from teaching:",
    )


def describe_closure(closure: Closure) -> str:
    """How much of the gap between experts and joint training teaching closed."""
    if not closure.share:
        return (
            f"What {TEACHING} closed of the gap between {EXPERTS} and {JOINT} is undefined: "
            f"{closure.why}."
        )
    mean, low, high, seeds = closure.share
    interval = f"{percent(low)} to {percent(high)}".replace("-", "\N{MINUS SIGN}")
    share = f"{percent(mean)} (95% interval {interval}, {_count_seeds(seeds)})"
    return f"Of the gap between {EXPERTS} and {JOINT}, {TEACHING} closed {share}."


def _describe_unequal_compute(regime: RegimeResults) -> str:
    """Says so where the two arms did not cost the same; empty where they did."""
    teaching = _mean_spent(regime, TEACHING)
    joint = _mean_spent(regime, JOINT)
    # A budget ends with the round that crosses it, so a few percent are always between them.
    ratio = teaching / joint if joint else 0.0
    if abs(ratio - 1) <= _EQUAL_COMPUTE:
        return ""
    return (
        f"Their compute is not equal: {TEACHING} spent {compact(teaching, 'FLOP')}, "
        f"{JOINT} {compact(joint, 'FLOP')}."
    )


def _mean_spent(regime: RegimeResults, arm: str) -> float:
    results = regime.arms[arm].values()
    return sum(result.cost.spent for result in results) / len(results)
