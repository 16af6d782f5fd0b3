"""`docendo report` and `docendo league`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docendo.cli.options import AsJson, RunPath
from docendo.cli.output import safe, show, show_json, table, title
from docendo.errors import UseError

if TYPE_CHECKING:
    from docendo.report.intervals import Estimate
    from docendo.store import RunDirectory

__all__ = ["league", "report", "standings"]


def report(
    path: RunPath,
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="The page; without it, RUN/report.html.")] = None,
) -> None:
    """Show what a run came to.

    The run need not be finished. The report is written as one HTML page too;
    with --json nothing is written but what --html asks for.
    """
    from docendo.report import summary, terminal_report, write_page
    from docendo.store import RunDirectory

    if html is not None and not html.parent.is_dir():
        raise UseError(f"--html {html}: no such folder: {html.parent}")
    if html is not None and html.is_dir():
        raise UseError(f"--html {html} is a folder; wanted a file")
    with RunDirectory.open(path) as run:
        page = html or (None if as_json else path / "report.html")
        if as_json:
            show_json(summary(run))
        else:
            show(terminal_report(run))
        if page:
            write_page(run, page)
            if not as_json:
                show(f"{page}")


def league(path: RunPath, as_json: AsJson = False) -> None:
    """Show who helps whom.

    Mean gains over the whole run, and the standings that matches are made from: recent lessons count more.
    """
    from docendo.report.tables import collect, gain_matrix
    from docendo.store import RunDirectory

    with RunDirectory.open(path) as run:
        facts, now = collect(run), standings(run)
    matrix = gain_matrix(facts)
    agents = list(facts.owns)
    if as_json:
        gains = {t: {s: _estimate(e) for s, e in row.items()} for t, row in matrix.items()}
        show_json({"run": str(path), "agents": agents, "gains": gains, "standings": now})
        return
    if not matrix:
        show(f"{path} has no lesson yet that was shown to a student")
    else:
        show(title("Mean gain of a shown lesson (95% interval; lessons), teachers down"), _matrix(agents, matrix), "")
    if now["gains"]:
        rows = _rows(["teacher", "student", "domain"], ["gain", "evidence"], now["gains"])
        show(title("Running gain of a lesson"), rows, "")
    if now["alone"]:
        names, numbers = ["student", "domain", "family"], ["level", "rate", "evidence"]
        show(title("Running share of right answers without a lesson"), _rows(names, numbers, now["alone"]))


def standings(run: "RunDirectory") -> dict[str, list[dict[str, Any]]]:
    """The run's standings as rows; `evidence` is what decay has left of the number of lessons or answers."""
    state = run.state().get("standings", {"gains": {}, "alones": {}})
    gains, alone = [], []
    for key, (total, weight) in sorted(state["gains"].items()):
        teacher, student, domain = key.split("|", 2)
        names = {"teacher": teacher, "student": student, "domain": domain}
        gains.append(names | {"gain": total / weight if weight else 0.0, "evidence": weight})
    for key, (total, weight) in sorted(state["alones"].items()):
        student, rest = key.split("|", 1)
        kind, level = rest.rsplit("|", 1)
        domain, _, family = kind.partition("/")
        names = {"student": student, "domain": domain, "family": family}
        alone.append(names | {"level": int(level), "rate": total / weight if weight else 0.0, "evidence": weight})
    return {"gains": gains, "alone": alone}


def _estimate(e: "Estimate") -> dict[str, Any]:
    return {"mean": e.mean, "low": e.low, "high": e.high, "lessons": e.n}


def _matrix(agents: Sequence[str], matrix: Mapping[str, Mapping[str, "Estimate"]]) -> Any:
    from docendo.report.text import DASH, between, signed

    made = table(["teacher"], agents)
    for teacher in agents:
        cells = []
        for student in agents:
            e = matrix.get(teacher, {}).get(student)
            inside = "; ".join(p for p in (between(e, share=False), str(e.n)) if p) if e else ""
            cells.append(f"{signed(e.mean)} ({inside})" if e else DASH)
        made.add_row(safe(teacher), *cells)
    return made


def _rows(names: Sequence[str], numbers: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Any:
    from docendo.report.text import percent, signed

    form: dict[str, Callable[[Any], str]] = {
        "gain": signed,
        "rate": percent,
        "level": str,
        "evidence": lambda value: f"{value:.1f}",
    }
    made = table(names, numbers)
    for row in rows:
        made.add_row(*(safe(str(row[n])) for n in names), *(form[n](row[n]) for n in numbers))
    return made
