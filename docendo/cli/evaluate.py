"""`docendo eval`: fresh held-out problems for the agents of a run."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docendo.cli.options import AsJson, RunPath
from docendo.cli.output import safe, show, show_json, table, title
from docendo.cli.runs import (
    TrainedRun,
    check_name,
    list_members,
    load_run_config,
    open_trained,
)
from docendo.errors import UserError
from docendo.records import BASE, AgentId, Lesson, Problem

if TYPE_CHECKING:
    pass

__all__ = ["evaluate", "scores_of", "summed_up"]

_Scores = Mapping[tuple[AgentId, str], Sequence[float]]


def evaluate(
    path: RunPath,
    agent: Annotated[
        list[str] | None,
        typer.Option(metavar="A", help="Only this agent; 'base' is the model."),
    ] = None,
    domain: Annotated[
        list[str] | None, typer.Option(metavar="D", help="Only this domain.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Picks the problems; without it, the run's plus 1."),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(min=1, help="Problems of each domain; without it, as in the run."),
    ] = None,
    with_lesson: Annotated[
        bool, typer.Option("--with-lesson", help="Show one right worked example first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Examine a run's agents on held-out problems.

    Accuracy without a lesson, with 95% intervals. Reads the newest checkpoint and writes nothing.
    --agent and --domain may be given several times.
    """
    from docendo.store import RunDirectory

    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        if not config.domains:
            raise UserError(
                f"{path} has no domains to be examined in; its agents play: docendo league {path}"
            )
        known = [BASE, *(owns := list_members(run, config)), *config.guests]
        agents = [
            AgentId(check_name(a, known, "agent", path))
            for a in agent or [BASE, *config.learners]
        ]
        domains = [
            check_name(d, list(config.domains), "domain", path)
            for d in domain or config.domains
        ]
        seed = config.evaluation.seed + 1 if seed is None else seed
        count = config.evaluation.problems if n is None else n
        trained = open_trained(run)
        seen = {e.problem.key for e in run.evaluations()}
    from docendo.run.evaluation import held_out_problems

    problems = [
        p
        for d in dict.fromkeys(domains)
        for p in held_out_problems(trained.catalog, d, count, seed)
    ]
    scores = scores_of(
        trained, list(dict.fromkeys(agents)), problems, seed if with_lesson else None
    )
    found = summed_up(scores, owns)
    again = sum(p.key in seen for p in problems)
    if as_json:
        about = {
            "run": str(path),
            "seed": seed,
            "n": count,
            "with_lesson": with_lesson,
            "asked_in_run": again,
        }
        show_json({**about, **found})
        return
    _show(found, with_lesson)
    told = f"{again} of {len(problems)} were asked in the run too; none was trained on"
    show(
        f"{count} held-out problems a domain, seed {seed}, after round {trained.round}; {told}"
    )


def scores_of(
    trained: TrainedRun,
    agents: Sequence[AgentId],
    problems: Sequence[Problem],
    lesson_seed: int | None,
) -> _Scores:
    """Every agent's scores on the problems, by domain; each after a worked example where there is a seed for those."""
    from docendo.run.evaluation import worked_lesson
    from docendo.teaching.game import RolloutSpec

    sources, lessons = trained.catalog.sources, dict[str, Lesson]()
    if lesson_seed is not None:
        lessons = {
            p.key: worked_lesson(sources[p.domain], p, lesson_seed) for p in problems
        }
    wanted = [
        RolloutSpec(a, p, lessons.get(p.key), "evaluation", 0)
        for a in agents
        for p in problems
    ]
    scores: dict[tuple[AgentId, str], list[float]] = {}
    for tried, attempt in zip(
        wanted, trained.classroom.attempt(wanted, temperature=0.0), strict=True
    ):
        scores.setdefault((tried.agent, tried.problem.domain), []).append(
            attempt.verdict.score
        )
    return scores


def summed_up(scores: _Scores, owns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """``accuracy`` by agent and domain with Wilson's interval, and its means over ``own`` cells and ``others``.

    Who does not learn, the base among them, counts in neither mean; a mean of no cells is None.
    """
    from docendo.statistics import wilson_interval

    accuracy: dict[str, dict[str, Any]] = {}
    for (agent, domain), values in scores.items():
        mean = fmean(values)
        low, high = wilson_interval(mean, len(values))
        own = domain in owns.get(agent, ())
        cell = {"accuracy": mean, "low": low, "high": high, "n": len(values), "own": own}
        accuracy.setdefault(agent, {})[domain] = cell
    cells = [c for agent, row in accuracy.items() if agent in owns for c in row.values()]
    means = {}
    for name, own in (("own", True), ("others", False)):
        chosen = [c["accuracy"] for c in cells if c["own"] == own]
        means[name] = fmean(chosen) if chosen else None
    return {"accuracy": accuracy, **means}


def _show(found: Mapping[str, Any], with_lesson: bool) -> None:
    from docendo.formatting import DASH, percent

    domains = list(dict.fromkeys(d for row in found["accuracy"].values() for d in row))
    how = "after a worked example" if with_lesson else "without a lesson"
    made = table(["agent"], domains)
    for agent, row in found["accuracy"].items():
        cells = []
        for domain in domains:
            c = row.get(domain)
            mark = " *" if c and c["own"] else ""
            cells.append(
                f"{percent(c['accuracy'])} ({100 * c['low']:.0f} to {100 * c['high']:.0f}){mark}"
                if c
                else DASH
            )
        made.add_row(safe(agent), *cells)
    show(title(f"Accuracy {how} (95% interval; * own domain)"), made)
    show(f"own {percent(found['own'])}, others {percent(found['others'])}")
