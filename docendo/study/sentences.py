"""What a study says, in sentences that claim no more than the intervals allow."""

from collections import Counter
from collections.abc import Sequence
from shlex import quote

from docendo.formatting import DASH, compact, percent, signed, visible
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
from docendo.study.results import StudyResults

__all__ = [
    "compare_with_rivals",
    "describe_ablations",
    "describe_closure",
    "describe_difference",
    "describe_regime",
    "format_interval",
    "format_points",
    "list_limits",
    "side_of_zero",
    "write_headline",
    "write_reproduction",
]

_EVEN = 0.05
"""How far apart the operations of two arms may be to be called equal."""
_RIVALS = (
    (JOINT_SFT, "mean", "Where agents are only fine-tuned on the solutions,"),
    (JOINT_SHARED, "mean", "Where joint training pools what it found,"),
    (SINGLE, "mean", "Its mean against a single agent with all the compute:"),
    (SINGLE, "best", "Its best member against a single agent with all the compute:"),
    (SINGLE_WIDE, "mean", "Its mean against one that has all the weights too:"),
)
_HALVES = (
    (LESSONS_ONLY, "By lessons, without others' homework:"),
    (SHARING_ONLY, "Without lessons, by others' homework where that is read:"),
)


_SHUT = (
    "Only an expert studies its domain's solutions here. Joint training, of a population or of one agent, sees all of "
    "them, which is not allowed where data are private: there it is a yardstick and no rival."
)


def format_points(value: float | None) -> str:
    """A share as percentage points: ``+4.2``."""
    return signed(None if value is None else 100 * value, 1)


def format_interval(estimate: Estimate) -> str:
    """``+1.1 to +7.3``; empty where there is no interval."""
    return (
        f"{format_points(estimate.low)} to {format_points(estimate.high)}"
        if estimate.low is not None
        else ""
    )


def side_of_zero(found: Difference) -> str:
    """``above``, ``below`` or ``open``: which side of 0 the whole interval is on; one seed never tells."""
    low, high = found.estimate.low, found.estimate.high
    if found.estimate.n < 2 or low is None or high is None:
        return "open"
    return "above" if low > 0 else "below" if high < 0 else "open"


def describe_difference(one: str, other: str, found: Difference) -> str:
    """Whether one arm beats another, by how much, and how sure that is."""
    told = side_of_zero(found)
    told_by = f"{format_points(found.estimate.mean)} points"
    interval = (
        f"95% interval {format_interval(found.estimate)}"
        if format_interval(found.estimate)
        else "no interval"
    )
    seeds = _seeds(found.estimate.n)
    if told == "open":
        describe_ablations = (
            ""
            if found.estimate.n > 1
            else ", and one seed says nothing of another training"
        )
        return f"{one} and {other} cannot be told apart: {told_by} ({interval}, {seeds}{describe_ablations})"
    winner, loser = (one, other) if told == "above" else (other, one)
    turned = found if told == "above" else _turned(found)
    low_high = f"95% interval {format_interval(turned.estimate)}"
    return f"{winner} beats {loser} by {format_points(turned.estimate.mean)} points ({low_high}, {seeds})"


def _seeds(count: int) -> str:
    return f"{count} seeds" if count > 1 else "one seed"


def _turned(found: Difference) -> Difference:
    mean, low, high, n = found.estimate
    flipped = Estimate(
        -mean, None if high is None else -high, None if low is None else -low, n
    )
    return found._replace(estimate=flipped)


def write_headline(found: Sequence[RegimeResults]) -> str:
    """In which regimes teaching beats joint training, in which it is beaten, and which are open."""
    sides: dict[str, list[str]] = {"above": [], "below": [], "open": [], "missing": []}
    for regime in found:
        describe_closure = regime.boot.difference(TEACHING, JOINT, "mean")
        sides[side_of_zero(describe_closure) if describe_closure else "missing"].append(
            regime.name
        )
    told = {
        "above": f"{TEACHING} beats {JOINT}",
        "below": f"{JOINT} beats {TEACHING}",
        "open": "which is ahead cannot be told",
        "missing": "nothing can be said yet",
    }
    parts = [
        f"{told[side]} in {', '.join(names)}" for side, names in sides.items() if names
    ]
    return f"At equal compute, {'; '.join(parts)}."


def describe_regime(regime: RegimeResults) -> list[str]:
    """Teaching against joint training in one regime: the main measure first, then what else was measured."""
    main = regime.boot.difference(TEACHING, JOINT, "mean")
    if not main:
        lacking = [arm for arm in (TEACHING, JOINT) if arm not in regime.arms]
        apart = f"{TEACHING} and {JOINT} have no seed in common yet."
        return [f"There is no result of {lacking[0]} yet." if lacking else apart]
    said = [f"Without a lesson, {describe_difference(TEACHING, JOINT, main)}."]
    if all(
        r.cost.ledger and r.cost.ledger.keys() <= {"experts"}
        for r in regime.arms[TEACHING].values()
    ):
        said.append(
            "But the budget ended with the experts' study: nobody taught anybody, and a larger one is needed."
        )
    others: dict[str, list[str]] = {"above": [], "below": [], "open": []}
    for name in ("best", "worst", "lesson", "outside", "area", "vote"):
        if found := regime.boot.difference(TEACHING, JOINT, name):
            others[side_of_zero(found)].append(
                f"{MEASURES[name]} ({format_points(found.estimate.mean)})"
            )
    heads = {
        "above": f"Where {TEACHING} is ahead",
        "below": f"Where {JOINT} is ahead",
        "open": "Not decided",
    }
    said += [
        f"{heads[side]}: {', '.join(names)}." for side, names in others.items() if names
    ]
    if _alike(regime):
        said.append(describe_closure(regime.boot.closure(TEACHING, EXPERTS, JOINT)))
        said += [_SHUT] if regime.apart(TEACHING) else []
    if uneven := _uneven(regime):
        said.append(uneven)
    return said + compare_with_rivals(regime) + describe_ablations(regime)


def compare_with_rivals(regime: RegimeResults) -> list[str]:
    """Teaching against fine-tuning alone, against joint training that pools what it found, and its mean and best member
    against a single agent, of one member's weights or of all members'. Then half of teaching against those who learn
    from nobody: joint training, or experts where teaching has no more data than they have.
    """
    alone = EXPERTS if _alike(regime) else JOINT
    asked = [(TEACHING, other, by, said) for other, by, said in _RIVALS]
    asked += [(half, alone, "mean", said) for half, said in _HALVES]
    found = [
        (said, one, other, regime.boot.difference(one, other, by))
        for one, other, by, said in asked
    ]
    return [
        f"{said} {describe_difference(one, other, describe_closure)}."
        for said, one, other, describe_closure in found
        if describe_closure
    ]


def _alike(regime: RegimeResults) -> bool:
    """Whether the agents that teach studied nothing but what the experts did."""
    return EXPERTS in regime.arms and regime.studied(EXPERTS) == regime.studied(TEACHING)


def describe_ablations(regime: RegimeResults) -> list[str]:
    """What the ablations say: without which parts teaching is worse, better, or neither that one could tell."""
    sides: dict[str, list[str]] = {"below": [], "above": [], "open": []}
    for arm, found in regime.against(TEACHING).items():
        if is_ablation(arm):
            sides[side_of_zero(found)].append(
                f"{arm} ({format_points(found.estimate.mean)}, {format_interval(found.estimate)})"
            )
    heads = {
        "below": "What teaching owes to its parts: worse without them are",
        "above": "Better than teaching are",
    }
    heads["open"] = "Not to be told apart from teaching are"
    return [f"{heads[side]} {', '.join(arms)}." for side, arms in sides.items() if arms]


def describe_closure(found: Closure) -> str:
    """How much of what joint training gains over experts the population gained by teaching."""
    if not found.share:
        return f"What {TEACHING} closed of the gap between {EXPERTS} and {JOINT} is undefined: {found.why}."
    low, high = found.share.low, found.share.high
    interval = f"95% interval {percent(low)} to {percent(high)}".replace(
        "-", "\N{MINUS SIGN}"
    )
    told = f"{percent(found.share.mean)} ({interval}, {_seeds(found.share.n)})"
    return f"Of the gap between {EXPERTS} and {JOINT}, {TEACHING} closed {told}."


def _uneven(regime: RegimeResults) -> str:
    """Says so where the two did not cost the same; empty where they did."""
    spent = {
        arm: sum(r.cost.spent for r in regime.arms[arm].values()) / len(regime.arms[arm])
        for arm in (TEACHING, JOINT)
    }
    ratio = spent[TEACHING] / spent[JOINT] if spent[JOINT] else 0.0
    if abs(ratio - 1) <= _EVEN:
        return ""
    return (
        f"Their compute is not equal: {TEACHING} spent {compact(spent[TEACHING], 'FLOP')}, "
        f"{JOINT} {compact(spent[JOINT], 'FLOP')}."
    )


def list_limits(found: Sequence[RegimeResults]) -> list[str]:
    """What the numbers do not say."""
    results = [result for regime in found for result in regime.results]
    counts = sorted({len(by_seed) for regime in found for by_seed in regime.arms.values()})
    seeds = sorted(
        {seed for regime in found for by_seed in regime.arms.values() for seed in by_seed}
    )
    tasks = sorted(
        {
            f"{d}/{f}"
            for r in results
            for d, families in r.about.domains.items()
            for f in families
        }
    )
    problems = sorted(
        {sum(map(len, next(iter(r.scores.test.values())).values())) for r in results}
    )
    used = [r.cost.spent / r.cost.budget for r in results]
    models = ", ".join(sorted({r.about.model for r in results}))
    said = [
        f"Model: {models}. Nothing here says what a larger one would do.",
        f"Tasks: {', '.join(tasks)}; {_range(problems)} held-out problems per training.",
        f"Seeds per arm: {_range(counts)} ({', '.join(map(str, seeds))}).{_missing(found)}",
        f"Spent: {percent(min(used))} to {percent(max(used))} of the budget. Evaluation and tuning are counted apart.",
        "The best and the worst member are drawn towards the mean by the share of the spread that is chance.",
        "Differences are shown without a correction for how many they are: of twenty that are nothing, one is expected "
        "outside its interval.",
    ]
    if min(counts) == 1:
        said.append(
            "Where an arm has one seed, its intervals know of the problems only, and no winner is named."
        )
    return said


def _missing(found: Sequence[RegimeResults]) -> str:
    """Trainings that other arms of the regime have."""
    lost = []
    for regime in found:
        seeds = {seed for by_seed in regime.arms.values() for seed in by_seed}
        lost += [
            f"{regime.name} {arm} {s}"
            for arm, by in regime.arms.items()
            for s in sorted(seeds - by.keys())
        ]
    shown = ", ".join(lost[:12]) + (f" and {len(lost) - 12} more" if len(lost) > 12 else "")
    return (
        f" Missing: {shown}; differences are of the seeds that both have." if lost else ""
    )


def _range(numbers: Sequence[int]) -> str:
    if not numbers:
        return DASH
    return (
        str(numbers[0]) if len(set(numbers)) == 1 else f"{min(numbers)} to {max(numbers)}"
    )


def write_reproduction(study: StudyResults) -> str:
    """The command that makes the study again, and the commit that made it, or how much each of several made."""
    results = [
        r for arms in study.results.values() for by in arms.values() for r in by.values()
    ]
    made = Counter(r.about.commit for r in results)
    changed = (
        "# some had changes that are in no commit\n"
        if any(commit.endswith("+") for commit in made)
        else ""
    )
    if len(made) > 1:
        lines = [
            f"#   {commit or 'unknown'}  {count}\n" for commit, count in made.most_common()
        ]
        told = f"# results of each commit:\n{''.join(lines)}"
    else:
        told = "".join(f"git checkout {commit.rstrip('+')}\n" for commit in made if commit)
    file = " ".join(visible(study.file or f"{study.name}.toml").replace("`", "'").split())
    return f"{told}{changed}docendo compare {quote(file)}"
