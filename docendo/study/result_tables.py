"""The tables of a study, as text that a page, a terminal and Markdown show each in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docendo.formatting import DASH, compact, duration, interval_text, percent, signed
from docendo.study.arms import JOINT
from docendo.study.bootstrap import Difference, MeasureDraws
from docendo.study.measures import MEASURES
from docendo.study.regimes import RegimeResults, average_ledger, expected_cyclic_share
from docendo.study.results import ArmResult
from docendo.study.sentences import format_interval, format_points

__all__ = [
    "Cell",
    "ResultTable",
    "tabulate_arms",
    "tabulate_costs",
    "tabulate_differences",
    "tabulate_domains",
    "tabulate_families",
    "tabulate_rounds",
    "tabulate_tuning",
]

_SHORT = {
    "mean": "mean",
    "best": "best",
    "worst": "worst",
    "lesson": "with a lesson",
    "outside": "outside",
    "area": "area",
    "vote": "vote",
    "forgotten": "forgotten",
}


class Cell(NamedTuple):
    text: str
    note: str = ""
    """An interval, or what else is smaller."""


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table; the first `words` columns are text, the others numbers."""

    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: int = 1


def tabulate_arms(regime: RegimeResults) -> ResultTable:
    """Every arm with what was measured of it, the best mean first."""
    measured = {arm: regime.boot.measured(arm) for arm in regime.ranked}
    shown = [name for name in MEASURES if any(name in found for found in measured.values())]
    rows = [
        [
            Cell(arm),
            *(_measured(n, found) for n in shown),
            Cell(str(len(regime.arms[arm]))),
            _spent(list(regime.arms[arm].values())),
        ]
        for arm, found in measured.items()
    ]
    explained = "; ".join(
        f"{_SHORT[name]}: {MEASURES[name]}"
        for name in shown
        if _SHORT[name] != MEASURES[name]
    )
    explained += (
        f"{'; ' if explained else ''}spent: operations, and their share of the budget"
    )
    note = f"Share of held-out problems answered right, with 95% intervals over seeds and problems. {explained}."
    return ResultTable(
        "Every arm", note, ("arm", *(_SHORT[n] for n in shown), "seeds", "spent"), rows
    )


def tabulate_differences(regime: RegimeResults) -> ResultTable:
    """Every arm minus joint training on the seeds that both have."""
    found = {
        name: regime.against(JOINT, name) for name in ("mean", "lesson", "outside", "area")
    }
    shown = [name for name, gaps in found.items() if gaps]
    rows = [
        [
            Cell(arm),
            *(_gap(found[name].get(arm)) for name in shown),
            Cell(signed(gap.effect)),
            Cell(_chance(gap.improvement)),
            Cell(percent(gap.dominance)),
            Cell(str(gap.estimate.n)),
        ]
        for arm, gap in found["mean"].items()
    ]
    note = (
        f"Each arm minus {JOINT} in percentage points, paired by seed and problem. Effect: Cohen's d_z over the seeds "
        "with Hedges' correction for few. P(better): share of the resamples above 0. P(X > Y): share of all pairs of "
        "seeds in which the arm is ahead, not paired."
    )
    heads = ("arm", *(_SHORT[n] for n in shown), "effect", "P(better)", "P(X > Y)", "seeds")
    return ResultTable(f"Differences from {JOINT}", note, heads, rows)


def tabulate_domains(regime: RegimeResults) -> ResultTable:
    """Every arm's mean in every domain."""
    return _shares(
        regime,
        "domain",
        list(dict.fromkeys(d for r in regime.results for d in r.about.domains)),
    )


def tabulate_families(regime: RegimeResults) -> ResultTable:
    """Every arm's mean in every family."""
    trained = (
        f"{d}/{f}"
        for r in regime.results
        for d, some in r.about.domains.items()
        for f in some
    )
    return _shares(regime, "family", list(dict.fromkeys(trained)))


def _shares(regime: RegimeResults, by: str, names: Sequence[str]) -> ResultTable:
    measured = {arm: regime.boot.measured(arm) for arm in regime.ranked}
    rows = [
        [Cell(arm), *(_measured(f"{by}/{name}", found) for name in names)]
        for arm, found in measured.items()
    ]
    return ResultTable(
        f"By {by}", "Mean of the population without a lesson.", ("arm", *names), rows
    )


def tabulate_rounds(regime: RegimeResults) -> ResultTable:
    """What the rounds of every arm were like, as far as it was told of them."""
    rows = []
    for arm in regime.ranked:
        traces = [r.trace for r in regime.arms[arm].values()]
        shares = [
            _mean([v for t in traces for _, v in getattr(t, name)])
            for name in ("useful", "passed", "cyclic")
        ]
        told = [gain for t in traces for gain in t.gains]
        lessons = sum(gain.lessons for gain in told)
        gain = (
            Cell(signed(sum(g.gain * g.lessons for g in told) / lessons), f"{lessons:,}")
            if told
            else Cell(DASH)
        )
        if lessons or any(cell.text != DASH for cell in shares):
            rows.append([Cell(arm), *shares, gain])
    note = (
        "Means over looks and seeds. Useful: groups of attempts whose rewards were not all the same. Gate: written "
        "lessons that passed it. Cyclic: share of who helps whom that no rating explains; noise alone has about "
        f"{percent(expected_cyclic_share(regime))}. Gain of a lesson in its student's score, and of how many lessons."
    )
    return ResultTable(
        "What the rounds were like", note, ("arm", "useful", "gate", "cyclic", "gain"), rows
    )


def _mean(values: Sequence[float]) -> Cell:
    return Cell(percent(sum(values) / len(values)) if values else DASH)


def tabulate_costs(regime: RegimeResults) -> ResultTable:
    """Where every arm's operations went, by purpose."""
    found = average_ledger(regime)
    purposes = list(dict.fromkeys(sorted({p for spent in found.values() for p in spent})))
    rows = []
    for arm, spent in found.items():
        results = list(regime.arms[arm].values())
        cells = [Cell(compact(spent[p], "FLOP") if p in spent else DASH) for p in purposes]
        examined = compact(sum(r.cost.evaluation for r in results) / len(results), "FLOP")
        seconds = duration(sum(r.cost.seconds for r in results) / len(results))
        rows.append([Cell(arm), *cells, Cell(examined), Cell(seconds)])
    note = "Operations by purpose, those of examinations beside the budget, and time; means over the seeds."
    return ResultTable(
        "Where the compute went", note, ("arm", *purposes, "examinations", "time"), rows
    )


def tabulate_tuning(regime: RegimeResults) -> ResultTable:
    """What the tuning chose for every arm, and what it cost beside the budget."""
    rows = []
    for arm, by_seed in regime.arms.items():
        results = list(by_seed.values())
        chosen = list(dict.fromkeys(_setting(r.about.setting) for r in results))
        cost = max(r.cost.tuning for r in results)
        rows.append(
            [
                Cell(arm),
                Cell("; ".join(chosen)),
                Cell(compact(cost, "FLOP") if cost else DASH),
            ]
        )
    note = "The settings that each arm was given, and the operations spent on finding them, once per arm."
    return ResultTable("Tuning", note, ("arm", "settings", "cost"), rows, words=2)


def _setting(chosen: Mapping[str, float | str | bool]) -> str:
    told = (
        f"{name} = {f'{value:g}' if isinstance(value, float) else value}"
        for name, value in chosen.items()
    )
    return ", ".join(told) or "not tuned"


def _measured(name: str, found: Mapping[str, MeasureDraws]) -> Cell:
    if name not in found:
        return Cell(DASH)
    estimate = found[name].estimate(name)
    if name == "forgotten":
        return Cell(format_points(estimate.mean), format_interval(estimate))
    return Cell(f"{100 * estimate.mean:.1f}", interval_text(estimate, share=True))


def _chance(share: float) -> str:
    """A share of resamples, which are too few to say never or always."""
    return "< 1%" if share < 0.005 else "> 99%" if share > 0.995 else percent(share)


def _gap(found: Difference | None) -> Cell:
    return (
        Cell(format_points(found.estimate.mean), format_interval(found.estimate))
        if found
        else Cell(DASH)
    )


def _spent(results: Sequence[ArmResult]) -> Cell:
    mean = sum(r.cost.spent for r in results) / len(results)
    return Cell(compact(mean, "FLOP"), percent(mean / results[0].cost.budget))
