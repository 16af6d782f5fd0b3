"""`docendo eval`: fresh held-out problems for the agents of a run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docendo.cli.options import AsJson, OnlyDomains, RunPath
from docendo.cli.output import safe, show, show_json, table, title
from docendo.cli.runs import (
    check_names,
    list_members,
    load_run_config,
    open_trained,
)
from docendo.errors import UserError
from docendo.formatting import DASH, percent
from docendo.records import BASE, AgentId, Problem
from docendo.statistics import estimate_share
from docendo.store import RunDirectory

if TYPE_CHECKING:
    from docendo.config.load import Config
    from docendo.run.agents import LoadedAgents

__all__ = ["evaluate", "score_agents", "summarize_scores"]

_CUT = "cut/evaluation"
_Scores = Mapping[tuple[AgentId, str], Sequence[float]]

_AGENT_HELP = "Only this agent; 'base' is the model."
_SEED_HELP = "Seed that selects the problems. Default: the run's plus 1."
_LESSON_HELP = "Show one right worked example first."
_SYSTEM_HELP = (
    "The population as a system: lessons of recommended teachers, against a vote."
)
_N_HELP = "Problems per domain. Default: as in the run."


def evaluate(
    path: RunPath,
    agent: Annotated[list[str] | None, typer.Option(metavar="A", help=_AGENT_HELP)] = None,
    domain: OnlyDomains = None,
    seed: Annotated[int | None, typer.Option(min=0, help=_SEED_HELP)] = None,
    n: Annotated[int | None, typer.Option(min=1, help=_N_HELP)] = None,
    with_lesson: Annotated[bool, typer.Option("--with-lesson", help=_LESSON_HELP)] = False,
    system: Annotated[bool, typer.Option("--system", help=_SYSTEM_HELP)] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a run's agents on held-out problems.

    Accuracy without a lesson, with 95% intervals. Reads the newest checkpoint and writes
    nothing. --agent and --domain may be given several times.
    """
    if system and (agent or with_lesson):
        raise UserError("--system asks all agents; leave --agent and --with-lesson out")
    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        _check_has_domains(config, path)
        own_domains = list_members(run, config)
        available = [BASE, *own_domains, *config.guests]
        names = check_names(agent or [BASE, *config.learners], available, "agent", path)
        agents = [AgentId(name) for name in names]
        domains = check_names(
            domain or config.domains, list(config.domains), "domain", path
        )
        trained = open_trained(run)
        # other seeds may draw a problem again, where a level has few of them
        keys_in_run = {evaluation.problem.key for evaluation in run.evaluations()}

    if seed is None:
        # another than the run's own, so that the problems are new
        seed = config.evaluation.seed + 1
    count = config.evaluation.problems if n is None else n
    problems = _draw_problems(trained, domains, count, seed)
    if system:
        _show_system(trained, problems, seed, as_json=as_json)
        return

    scores = score_agents(trained, agents, problems, seed if with_lesson else None)
    summary = summarize_scores(scores, own_domains) | {"cut": _cut_share(trained)}
    repeated = sum(problem.key in keys_in_run for problem in problems)
    if as_json:
        settings = {
            "run": str(path),
            "seed": seed,
            "n": count,
            "with_lesson": with_lesson,
            "asked_in_run": repeated,
        }
        show_json({**settings, **summary})
        return

    _show(summary, with_lesson)
    show(
        f"{count} held-out problems a domain, seed {seed}, after round {trained.round_index}; "
        f"{repeated} of {len(problems)} were asked in the run too; none was trained on"
    )


def _draw_problems(
    trained: "LoadedAgents", domains: Sequence[str], count: int, seed: int
) -> list[Problem]:
    from docendo.run.evaluation import held_out_problems

    problems = []
    for name in domains:
        problems += held_out_problems(trained.catalog, name, count, seed)
    return problems


def _show_system(
    trained: "LoadedAgents", problems: Sequence[Problem], seed: int, *, as_json: bool
) -> None:
    """The population as a system, on the problems whose kinds somebody teaches."""
    from docendo.report.facts.system import describe_way
    from docendo.report.render.lesson_tables import tabulate_ways
    from docendo.report.render.tables import terminal_table
    from docendo.system import compare_ways

    ways, _ = compare_ways(trained.classroom, trained.league, problems, seed)
    if not ways:
        raise UserError("nobody teaches these problems to anybody else")
    if as_json:
        show_json({"seed": seed, "system": list(map(describe_way, ways))})
        return
    show(terminal_table(tabulate_ways(ways)))


def _cut_share(trained: "LoadedAgents") -> float | None:
    """The share of the answers just given that their limit of tokens cut."""
    measured: dict[Any, float] = {}
    for pop_metrics in trained.classroom.metric_sources:
        measured |= pop_metrics()
    return measured.get(_CUT)


def _check_has_domains(config: "Config", path: Path) -> None:
    if not config.domains:
        raise UserError(
            f"{path} has no domains to be evaluated in; its agents play games: "
            f"docendo league {path}"
        )


def score_agents(
    trained: "LoadedAgents",
    agents: Sequence[AgentId],
    problems: Sequence[Problem],
    lesson_seed: int | None,
) -> _Scores:
    """Every agent's scores on the problems, by agent and domain.

    With a `lesson_seed` each problem comes after a worked example that the seed picks.
    """
    from docendo.run.evaluation import worked_lesson
    from docendo.study.eval_answers import answer_greedily

    pairs = []
    for problem in problems:
        lesson = None
        if lesson_seed is not None:
            source = trained.catalog.sources[problem.domain]
            lesson = worked_lesson(source, problem, lesson_seed)
        pairs.append((problem, lesson))

    scores = defaultdict[tuple[AgentId, str], list[float]](list)
    answers = answer_greedily(trained.classroom, agents, pairs)
    for agent, rollouts in answers.items():
        for problem, rollout in zip(problems, rollouts, strict=True):
            scores[agent, problem.domain].append(rollout.verdict.score)
    return scores


def summarize_scores(
    scores: _Scores, own_domains: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Accuracy by agent and domain with Wilson's interval, and means over ``own`` and ``others``.

    The means are over cells of agent and domain. Agents that do not learn, the base among
    them, count in neither; a mean of no cells is None.
    """

    accuracy: dict[str, dict[str, Any]] = {}
    own_means: list[float] = []
    other_means: list[float] = []
    for (agent, domain), values in scores.items():
        mean, low, high, n = estimate_share(values)
        is_own = domain in own_domains.get(agent, ())
        cell = {"accuracy": mean, "low": low, "high": high, "n": n, "own": is_own}
        accuracy.setdefault(agent, {})[domain] = cell
        if agent in own_domains:
            # the base and guests do not learn: their cells would dilute both means
            (own_means if is_own else other_means).append(mean)

    return {
        "accuracy": accuracy,
        "own": fmean(own_means) if own_means else None,
        "others": fmean(other_means) if other_means else None,
    }


def _show(summary: Mapping[str, Any], with_lesson: bool) -> None:
    from docendo.report.facts.cut import cut_hints

    accuracy = summary["accuracy"]
    domains = list(dict.fromkeys(domain for row in accuracy.values() for domain in row))
    rows = table(["agent"], domains)
    for agent, row in accuracy.items():
        cells = [_format_cell(row[domain]) if domain in row else DASH for domain in domains]
        rows.add_row(safe(agent), *cells)

    condition = "after a worked example" if with_lesson else "without a lesson"
    show(title(f"Accuracy {condition} (95% interval; * own domain)"), rows)
    show(f"own {percent(summary['own'])}, others {percent(summary['others'])}")
    if summary["cut"]:
        show(f"{percent(summary['cut'])} of the answers ended at their limit of tokens")
        show(*cut_hints({_CUT: summary["cut"]}))


def _format_cell(cell: Mapping[str, Any]) -> str:
    """``75% (41 to 93) *``."""

    interval = f"{100 * cell['low']:.0f} to {100 * cell['high']:.0f}"
    mark = " *" if cell["own"] else ""
    return f"{percent(cell['accuracy'])} ({interval}){mark}"
