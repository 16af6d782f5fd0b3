"""The tables of a study as text, which a page, a terminal and Markdown show each in its way."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal

from docendo.formatting import compact, duration, interval_text, percent, signed
from docendo.report.render.tables import EMPTY, Cell, Row, Table
from docendo.statistics import Estimate
from docendo.study.arms import EXPERTS, JOINT, TEACHING, name_control
from docendo.study.bootstrap import Difference, MeasureDraws
from docendo.study.measures import MEASURES, measure_imitation
from docendo.study.regimes import RegimeResults, average_ledger, expected_cyclic_share
from docendo.study.results import ArmResult, TrainingTrace
from docendo.study.sentences import format_interval, format_points

__all__ = [
    "tabulate_against_teaching",
    "tabulate_arms",
    "tabulate_closures",
    "tabulate_costs",
    "tabulate_differences",
    "tabulate_lessons",
    "tabulate_rounds",
    "tabulate_shares",
    "tabulate_tuning",
]

_COLUMN_NAMES = {
    "mean": "mean",
    "best": "best",
    "worst": "worst",
    "with_lesson": "with a lesson",
    "ood": "OOD",
    "curve_area": "area",
    "vote": "vote",
    "forgotten": "forgotten",
}


def tabulate_arms(regime: RegimeResults) -> Table:
    """Every arm with its measures, the best mean first."""
    taken: set[str] = set()
    for arm in regime.arms:
        taken.update(regime.bootstrap.measures(arm))
    # What no arm has, such as a vote, has no column.
    names = list(filter(taken.__contains__, MEASURES))

    rows: list[Row] = []
    for arm in regime.ranked:
        results = list(regime.arms[arm].values())
        cells = _measure_cells(regime, arm, names)
        rows.append([arm, *cells, str(len(results)), _spent_cell(results)])

    explanations = []
    for name in names:
        if _COLUMN_NAMES[name] != MEASURES[name]:  # "vote: vote" explains nothing
            explanations.append(f"{_COLUMN_NAMES[name]}: {MEASURES[name]}")
    explanations.append("spent: operations, and their share of the budget")
    note = (
        "Share of held-out problems answered right, with 95% intervals over seeds and problems. "
        f"{'; '.join(explanations)}."
    )
    columns = map(_COLUMN_NAMES.__getitem__, names)
    return Table("Every arm", note, ("arm", *columns, "seeds", "spent"), rows)


def tabulate_differences(regime: RegimeResults) -> Table:
    """Every arm minus joint training, on the seeds that both have."""
    # A measure that no arm shares with joint training has no column.
    by_measure: dict[str, dict[str, Difference]] = {}
    for name in ("mean", "with_lesson", "ood", "curve_area"):
        if differences := regime.differences_from(JOINT, name):
            by_measure[name] = differences

    rows: list[Row] = []
    for arm, main in by_measure.get("mean", {}).items():
        gaps = [_difference_cell(by_arm.get(arm)) for by_arm in by_measure.values()]
        statistics = [
            signed(main.effect),
            _bounded_percent(main.improvement),
            percent(main.dominance),
            str(main.estimate.n),
        ]
        rows.append([arm, *gaps, *statistics])

    note = (
        f"Each arm minus {JOINT} in percentage points, paired by seed and problem. Effect: "
        "Cohen's d_z over the seeds with Hedges' correction for few. P(better): share of the "
        "resamples above 0. P(X > Y): share of all pairs of seeds in which the arm is ahead, "
        "not paired."
    )
    columns = map(_COLUMN_NAMES.__getitem__, by_measure)
    headers = ("arm", *columns, "effect", "P(better)", "P(X > Y)", "seeds")
    return Table(f"Differences from {JOINT}", note, headers, rows)


def tabulate_against_teaching(regime: RegimeResults) -> Table:
    """Every arm minus teaching: the page's chart in numbers."""
    rows: list[Row] = []
    for arm, difference in regime.differences_from(TEACHING).items():
        rows.append([arm, _difference_cell(difference), str(difference.estimate.n)])
    note = (
        f"Mean of the population without a lesson: each arm minus {TEACHING}, in percentage "
        "points."
    )
    return Table(f"Every arm against {TEACHING}", note, ("arm", "mean", "seeds"), rows)


def tabulate_lessons(regime: RegimeResults) -> Table:
    """Every arm with lessons minus the same arm without them: what its lessons are worth."""
    names = ("mean", "with_lesson", "ood", "forgotten")
    rows: list[Row] = []
    for arm in regime.ranked:
        control = name_control(arm)
        gaps = [regime.bootstrap.difference(arm, control, name) for name in names]
        if main := gaps[0]:
            better = _bounded_percent(main.improvement)
            rows.append([arm, *map(_difference_cell, gaps), better, str(main.estimate.n)])

    note = (
        "Each arm minus its control in percentage points, paired by seed and problem. The control "
        "has the same settings and the same compute, which it spends without lessons."
    )
    columns = map(_COLUMN_NAMES.__getitem__, names)
    headers = ("arm", *columns, "P(better)", "seeds")
    return Table("What lessons are worth", note, headers, rows)


def tabulate_closures(regime: RegimeResults) -> Table:
    """What each arm closed of the gap to joint training without others' solutions."""
    rows: list[Row] = []
    for arm in regime.ranked:
        results = list(regime.arms[arm].values())
        trains = any(result.cost.spent for result in results)
        if arm == EXPERTS or not trains or not regime.keeps_solutions(arm):
            continue
        share = regime.bootstrap.closure(arm, EXPERTS, JOINT).share
        if share is not None:
            interval = f"{percent(share.low)} to {percent(share.high)}"
            travelled = ", ".join(results[0].setup.travelled or ()) or "nothing"
            rows.append([arm, travelled, Cell(percent(share.mean), interval), str(share.n)])
    note = (
        f"(arm - {EXPERTS}) / ({JOINT} - {EXPERTS}), of arms that saw no solution of another's "
        f"domain: 0% is as good as {EXPERTS}, 100% as {JOINT} with everything."
    )
    headers = ("arm", "travelled", "gap closed", "seeds")
    return Table("What was closed of the gap", note, headers, rows, text_columns=2)


def tabulate_shares(regime: RegimeResults, unit: Literal["domain", "family"]) -> Table:
    """Every arm's mean in every domain, or in every family."""
    names: dict[str, None] = {}
    for result in regime.results:
        setup = result.setup
        names |= dict.fromkeys(setup.domains if unit == "domain" else setup.families)

    rows: list[Row] = []
    for arm in regime.ranked:
        cells = _measure_cells(regime, arm, [f"{unit}/{name}" for name in names])
        rows.append([arm, *cells])

    note = "Mean of the population without a lesson."
    return Table(f"By {unit}", note, ("arm", *names), rows)


def tabulate_rounds(regime: RegimeResults) -> Table:
    """What the rounds of every arm were like, for the arms that have a trace."""
    left = {
        arm: measure_imitation(list(by_seed.values()))
        for arm, by_seed in regime.arms.items()
    }
    has_left = any(left.values())
    rows: list[Row] = []
    for arm in regime.ranked:
        traces = [result.trace for result in regime.arms[arm].values()]
        cells = [
            _trace_cell(traces, "nonzero_variance"),
            _trace_cell(traces, "gate_passed"),
            _trace_cell(traces, "cyclic_share"),
            _gain_cell(traces),
        ]
        if has_left:
            cells.append(_points_cell(left[arm]))
        if set(cells) != {EMPTY}:
            rows.append([arm, *cells])

    noise = percent(expected_cyclic_share(regime))
    note = (
        "Means over evaluations and seeds. Nonzero variance: groups of attempts whose rewards "
        "were not all the same. Gate: written lessons that passed it. Cyclic: share of who "
        f"helps whom that no rating explains; noise alone has about {noise}. Gain of a lesson "
        "in its student's score, and of how many lessons."
    )
    headers = ["arm", "nonzero variance", "gate", "cyclic", "gain"]
    if has_left:
        headers.append("left in the weights")
        note += (
            " Left in the weights: points on held-out problems that students gained by imitating "
            "a family's lessons, against students from whom these were withheld by chance."
        )
    return Table("What the rounds were like", note, headers, rows)


def tabulate_costs(regime: RegimeResults) -> Table:
    """Where every arm's operations went, by purpose."""
    ledgers = average_ledger(regime)
    purposes = sorted(set[str]().union(*ledgers.values()))
    rows: list[Row] = []
    for arm, ledger in ledgers.items():
        costs = [result.cost for result in regime.arms[arm].values()]
        rounds = sum(ledger.values()) - ledger.get("experts", 0.0)
        spent = [_purpose_cell(name, ledger.get(name), rounds) for name in purposes]
        # Evaluation counts against no budget, so it is in no purpose.
        evaluation = fmean(cost.evaluation for cost in costs)
        seconds = fmean(cost.seconds for cost in costs)
        rows.append([arm, *spent, _flops_cell(evaluation), duration(seconds)])

    note = (
        "Operations by purpose, with their share of the rounds after the experts' stage; "
        "evaluation apart from the budget, and time; means over the seeds."
    )
    headers = ("arm", *purposes, "evaluation", "time")
    return Table("Where the compute went", note, headers, rows)


def tabulate_tuning(regime: RegimeResults) -> Table:
    """The settings that tuning chose for every arm, and what tuning cost beside the budget."""
    rows: list[Row] = []
    for arm, by_seed in regime.arms.items():
        results = list(by_seed.values())
        chosen = dict.fromkeys(_settings_text(result.setup.settings) for result in results)
        # Results from before a trial was added may lack its cost; the largest has all.
        cost = max(result.cost.tuning for result in results)
        rows.append([arm, "; ".join(chosen), _flops_cell(cost or None)])
    note = (
        "The settings that each arm was given, and the operations spent on finding them, once "
        "per arm."
    )
    return Table("Tuning", note, ("arm", "settings", "cost"), rows, text_columns=2)


def _settings_text(settings: Mapping[str, float | str | bool]) -> str:
    if not settings:
        return "not tuned"
    texts = []
    for name, value in settings.items():
        value_text = f"{value:g}" if isinstance(value, float) else value
        texts.append(f"{name} = {value_text}")
    return ", ".join(texts)


def _measure_cells(regime: RegimeResults, arm: str, names: Sequence[str]) -> list[Cell]:
    measures = regime.bootstrap.measures(arm)
    return [_measure_cell(name, measures) for name in names]


def _measure_cell(name: str, measures: Mapping[str, MeasureDraws]) -> Cell:
    if name not in measures:
        return EMPTY
    estimate = measures[name].estimate(name)
    if name == "forgotten":
        return _points_cell(estimate)
    return Cell(f"{100 * estimate.mean:.1f}", interval_text(estimate, share=True))


def _difference_cell(difference: Difference | None) -> Cell:
    return _points_cell(difference and difference.estimate)


def _points_cell(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return EMPTY
    return Cell(format_points(estimate.mean), format_interval(estimate))


def _bounded_percent(share: float) -> str:
    """A share of resamples, which are too few to say never or always."""
    if share < 0.005:
        return "< 1%"
    if share > 0.995:
        return "> 99%"
    return percent(share)


def _trace_cell(traces: Sequence[TrainingTrace], name: str) -> Cell:
    values = []
    for trace in traces:
        values += [share for _, share in getattr(trace, name)]
    return Cell(percent(sum(values) / len(values))) if values else EMPTY


def _gain_cell(traces: Sequence[TrainingTrace]) -> Cell:
    """The mean gain of a lesson, every lesson weighing the same, and how many there were."""
    lessons = 0
    total = 0.0
    for trace in traces:
        for gain in trace.lesson_gains:
            lessons += gain.lessons
            total += gain.gain * gain.lessons
    return Cell(signed(total / lessons), f"{lessons:,}") if lessons else EMPTY


def _spent_cell(results: Sequence[ArmResult]) -> Cell:
    # All trainings of an arm have one budget.
    mean = sum(result.cost.spent for result in results) / len(results)
    return Cell(compact(mean, "FLOP"), percent(mean / results[0].cost.budget))


def _purpose_cell(purpose: str, flops: float | None, rounds: float) -> Cell:
    if flops is None or purpose == "experts" or not rounds:
        return _flops_cell(flops)
    return Cell(compact(flops, "FLOP"), percent(flops / rounds))


def _flops_cell(flops: float | None) -> Cell:
    return EMPTY if flops is None else Cell(compact(flops, "FLOP"))
