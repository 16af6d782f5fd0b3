"""All commands, each with its example."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

import docendo
from docendo.cli.analyse import analyse
from docendo.cli.attack_judges import attack
from docendo.cli.bench import bench
from docendo.cli.chat import play
from docendo.cli.compare import compare
from docendo.cli.doctor import doctor
from docendo.cli.evaluate import evaluate
from docendo.cli.export import export
from docendo.cli.league import league
from docendo.cli.measure import plan
from docendo.cli.problems import audit, domains
from docendo.cli.report import report
from docendo.cli.run import resume, run
from docendo.cli.serve import serve
from docendo.cli.votes import preferences

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"docendo {docendo.__version__}")
        raise typer.Exit


@app.callback(epilog="\b\nExample:\n  docendo run")
def _docendo(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train a population of language-model agents that get better by teaching each other."""


_COMMANDS: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("run", run, "docendo run league.toml --set teaching.rounds=20 --out runs/long"),
    ("resume", resume, "docendo resume runs/long --set teaching.rounds=60"),
    ("report", report, "docendo report runs/long --html long.html"),
    (
        "eval",
        evaluate,
        "docendo eval runs/long --agent emmy --domain biology --n 50 --json",
    ),
    ("play", play, "docendo play runs/long --agent emmy --agent ada"),
    ("preferences", preferences, "docendo preferences runs/long --out said.jsonl"),
    ("league", league, "docendo league runs/long"),
    (
        "analyse",
        analyse,
        "docendo analyse results.csv --win-rates --games 100 --html results.html",
    ),
    ("compare", compare, "docendo compare study.toml --jobs 2 --out studies/mine"),
    ("export", export, "docendo export runs/long emmy adapters/emmy"),
    ("serve", serve, "docendo serve runs/long --token-file token"),
    ("domains", domains, "docendo domains programming --level 2"),
    ("audit", audit, "docendo audit geography --config league.toml --n 5"),
    ("attack", attack, "docendo attack runs/long --domain biology"),
    ("plan", plan, "docendo plan league.toml --set teaching.matches=24"),
    ("bench", bench, "docendo bench --quick --set engine.rank=16"),
    ("doctor", doctor, "docendo doctor"),
)
for _name, _command, _example in _COMMANDS:
    app.command(_name, epilog=f"\b\nExample:\n  {_example}")(_command)
