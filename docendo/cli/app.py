"""The table of commands: name, function, group and example of each."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from docendo.cli.analyse import analyse
from docendo.cli.attack_judges import attack_judges
from docendo.cli.bench import bench
from docendo.cli.chat import chat
from docendo.cli.compare import compare
from docendo.cli.doctor import doctor
from docendo.cli.evaluate import evaluate
from docendo.cli.export import export
from docendo.cli.league import league
from docendo.cli.parts import parts
from docendo.cli.plan import plan
from docendo.cli.preferences import preferences
from docendo.cli.problems import audit, domains
from docendo.cli.report import report
from docendo.cli.run import resume, run
from docendo.cli.serve import serve
from docendo.errors import UserError
from docendo.version import VERSION

__all__ = ["COMMANDS", "Command", "app", "reject_old_names"]


class Command(NamedTuple):
    """One command of `docendo`."""

    name: str
    function: Callable[..., Any]
    group: str
    """The heading that `docendo --help` lists it under."""
    example: str


COMMANDS = (
    Command(
        "run", run, "Train", "run league.toml --set teaching.rounds=20 --out runs/long"
    ),
    Command("resume", resume, "Train", "resume runs/long --set teaching.rounds=60"),
    Command("compare", compare, "Train", "compare study.toml --jobs 2 --out studies/mine"),
    Command("report", report, "Inspect", "report runs/long --html long.html"),
    Command(
        "eval",
        evaluate,
        "Inspect",
        "eval runs/long --agent emmy --domain biology --n 50 --json",
    ),
    Command("league", league, "Inspect", "league runs/long"),
    Command(
        "analyse",
        analyse,
        "Inspect",
        "analyse results.csv --win-rates --games 100 --html results.html",
    ),
    Command("chat", chat, "Use", "chat runs/long --agent emmy --agent ada"),
    Command("preferences", preferences, "Use", "preferences runs/long --out votes.jsonl"),
    Command("serve", serve, "Use", "serve runs/long --token-file token"),
    Command("export", export, "Use", "export runs/long emmy adapters/emmy"),
    Command("doctor", doctor, "Check", "doctor"),
    Command("plan", plan, "Check", "plan league.toml --set teaching.matches=24"),
    Command("parts", parts, "Check", "parts loss"),
    Command("bench", bench, "Check", "bench --quick --set engine.rank=16"),
    Command("domains", domains, "Check", "domains programming --level 2"),
    Command("audit", audit, "Check", "audit geography --config league.toml --n 5"),
    Command(
        "attack-judges",
        attack_judges,
        "Check",
        "attack-judges runs/long --domain biology",
    ),
)

# words of earlier versions, which must never get another meaning
_OLD_COMMANDS = {"attack": "attack-judges", "play": "chat"}
_OLD_OPTIONS = {
    ("resume", "--anyway"): "--force",
    ("attack-judges", "--most"): "--max-passed",
    ("serve", "--most"): "--max-answers",
}


def reject_old_names(words: Sequence[str]) -> None:
    """Raise UserError for a command or option that has a new name. `words` follow `docendo`."""
    if not words:
        return

    command = words[0]
    if command in _OLD_COMMANDS:
        raise UserError(f"`docendo {command}` is now `docendo {_OLD_COMMANDS[command]}`")

    for word in words[1:]:
        # what follows is no option
        if word == "--":
            return
        option = word.split("=", 1)[0]
        if (command, option) in _OLD_OPTIONS:
            raise UserError(
                f"`docendo {command} {option}` is now `{_OLD_OPTIONS[command, option]}`"
            )


class _GroupedHelp(TyperGroup):
    """Lists the commands under the headings of the table, with uncut descriptions."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for group in dict.fromkeys(command.group for command in COMMANDS):
            rows = []
            for command in COMMANDS:
                if command.group == group:
                    help_text = self.commands[command.name].help or ""
                    rows.append((command.name, help_text.split("\n")[0]))

            with formatter.section(group):
                # the same column for all groups
                formatter.write_dl([(name.ljust(13), text) for name, text in rows])


app = typer.Typer(
    cls=_GroupedHelp,
    add_completion=False,
    # plain help: rich's boxes cut words at 80 columns, and importing rich takes time
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"docendo {VERSION}")
        raise typer.Exit


@app.callback(epilog="\b\nExample:\n  docendo run")
def _docendo(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Train a population of language-model agents that get better by teaching each other."""


# \b keeps the lines of the example apart: click would join them
for _command in COMMANDS:
    app.command(_command.name, epilog=f"\b\nExample:\n  docendo {_command.example}")(
        _command.function
    )
