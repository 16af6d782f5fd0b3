"""The tables of docs/real-data.md, from runs of recipes/real.toml.

``python docs/make_real.py RUN COMMIT`` stores the figures of a run in docs/results/real, by its
model, and writes the tables of all stored runs. With ``--check`` nothing is written; the exit code
is 1 where the page is stale.
"""

import json
import sys
from pathlib import Path
from typing import Any

from write_page import replace_between, write_or_check

from docendo.report import summary
from docendo.store.run import RunDirectory

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "real-data.md"
RESULTS = ROOT / "docs" / "results" / "real"
BEGIN, END = "<!-- results: made by docs/make_real.py -->", "<!-- end of results -->"
KEPT = (
    "run",
    "rounds",
    "agents",
    "accuracy",
    "transfer",
    "own",
    "gain",
    "gain_matrix",
    "gate",
    "cut",
    "origins",
    "ledger",
)


def store_run(run_path: str, commit: str) -> None:
    """Write the figures of a run to the file of its model."""
    with RunDirectory.open(run_path) as run:
        figures = summary(run)
    model = figures["run"]["model"].rstrip("/").rsplit("/", 1)[-1]
    RESULTS.mkdir(parents=True, exist_ok=True)
    stored = {"commit": commit, **{key: figures[key] for key in KEPT}}
    (RESULTS / f"{model}.json").write_text(json.dumps(stored, indent=1) + "\n")


def write_tables(model: str, figures: dict[str, Any]) -> str:
    """Markdown: accuracy of every agent in every domain, and the gain of lessons by domain."""
    rounds = figures["rounds"]["teaching"]
    lines = [
        f"### {model}",
        "",
        f"One run, seed 0, commit `{figures['commit']}`, {rounds} rounds of teaching.",
        "",
        *_accuracy_table(figures),
        "",
        f"Own domains: {_change(figures['own'])}. Other domains: {_change(figures['transfer'])}.",
        "",
        *_gain_table(figures),
        "",
        f"{figures['gate']['passed']} of {figures['gate']['lessons']} lessons were right and were shown. "
        f"Mean gain of those: {_interval(figures['gain'], 'mean')}.",
    ]
    return "\n".join(lines)


def _accuracy_table(figures: dict[str, Any]) -> list[str]:
    accuracy = figures["accuracy"]
    domains = list(accuracy["base"])
    lines = [
        "| agent | " + " | ".join(domains) + " |",
        "|---|" + "---|" * len(domains),
        "| base model | " + " | ".join(_cell(accuracy["base"][d]) for d in domains) + " |",
    ]
    for agent, description in figures["agents"].items():
        for label, key in (("before", "start"), ("after", "end")):
            cells = []
            for domain in domains:
                cell = _cell(accuracy[key][agent].get(domain))
                cells.append(f"**{cell}**" if domain in description["domains"] else cell)
            lines.append(f"| {agent}, {label} | " + " | ".join(cells) + " |")
    return lines


def _cell(figures: dict[str, float] | None) -> str:
    if figures is None:
        return "-"
    low, high = 100 * figures["low"], 100 * figures["high"]
    return f"{100 * figures['accuracy']:.0f} ({low:.0f} to {high:.0f})"


def _gain_table(figures: dict[str, Any]) -> list[str]:
    lines = [
        "| domain | matches | lessons shown | right without a lesson | gain of a lesson |",
        "|---|---|---|---|---|",
    ]
    for row in figures["origins"]:
        without = row["without"]["accuracy"]
        lines.append(
            f"| {row['domain']} | {row['matches']} | {row['gain']['lessons']} | "
            f"{100 * (without or 0):.0f} % | "
            f"{_interval(row['gain'], 'mean')} |"
        )
    return lines


def _interval(figures: dict[str, Any], key: str) -> str:
    if figures[key] is None:
        return "-"
    points = [
        100 * figures[name] for name in (key, "low", "high") if figures[name] is not None
    ]
    mean, *ends = points
    interval = f" ({ends[0]:+.1f} to {ends[1]:+.1f})" if len(ends) == 2 else ""
    return f"{mean:+.1f} points{interval}"


def _change(figures: dict[str, float]) -> str:
    return (
        f"{100 * figures['start']:.1f} → {100 * figures['end']:.1f} % ({_interval(figures, 'rise')})"
        if figures["end"] is not None
        else f"{100 * figures['start']:.1f} %"
    )


def main() -> int:
    """0 where the page holds the tables of the stored runs."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if arguments:
        store_run(*arguments)

    tables = []
    for path in sorted(RESULTS.glob("*.json")):
        tables.append(write_tables(path.stem, json.loads(path.read_text())))
    text = replace_between(PAGE, BEGIN, END, "\n\n".join(tables))
    return write_or_check(PAGE, text, __file__)


if __name__ == "__main__":
    sys.exit(main())
