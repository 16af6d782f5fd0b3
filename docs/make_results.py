"""The README's result table, from a run: ``python docs/make_results.py RUN COMMIT``; ``--check`` only compares it.

The numbers are kept in docs/results/demo.json, so that the table can be checked without the run.
"""

import json
import sys
from pathlib import Path
from typing import Any

from docendo.report import summary
from docendo.store.run import RunDirectory

ROOT = Path(__file__).parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "docs" / "results" / "demo.json"
BEGIN, END = "<!-- results: made by docs/make_results.py -->", "<!-- end of results -->"


def collect(run_path: str, commit: str) -> dict[str, Any]:
    """The summary of a run, with the commit that it was made from."""
    with RunDirectory.open(run_path) as run:
        found = summary(run)
    return {"commit": commit, **found}


def table(found: dict[str, Any]) -> str:
    """Markdown: accuracy before and after, and what the lessons did."""
    accuracy, domains = found["accuracy"], list(found["accuracy"]["base"])
    lines = [
        f"A `make demo` on 2 cores (commit `{found['commit']}`): share of {accuracy['base'][domains[0]]['n']} held-out "
        f"problems answered right without any lesson, before → after {found['rounds']['teaching']} rounds of teaching.",
        "",
        "| agent | " + " | ".join(domains) + " |",
        "|---|" + "---|" * len(domains),
        "| base model | "
        + " | ".join(f"{accuracy['base'][d]['accuracy']:.2f}" for d in domains)
        + " |",
    ]
    for agent, about in found["agents"].items():
        cells = []
        for d in domains:
            cell = f"{accuracy['start'][agent][d]['accuracy']:.2f} → {accuracy['end'][agent][d]['accuracy']:.2f}"
            cells.append(f"**{cell}**" if d in about["domains"] else cell)
        lines.append(f"| {agent} | " + " | ".join(cells) + " |")
    others, own, gain, gate = found["transfer"], found["own"], found["gain"], found["gate"]
    lines += [
        "",
        f"Bold: the agent's own domain. On the others' domains the mean went from {others['start']:.2f} to "
        f"{others['end']:.2f} ({_change(others)}), on the own from {own['start']:.2f} to {own['end']:.2f} "
        f"({_change(own)}). {gate['passed']} of {gate['lessons']} lessons passed the gate; a lesson that was shown "
        f"raised its student's score on the test problem by {gain['mean']:+.3f} (95 % interval {gain['low']:+.3f} to "
        f"{gain['high']:+.3f}).",
    ]
    return "\n".join(lines)


def _change(figures: dict[str, float]) -> str:
    return f"{figures['rise']:+.2f}, 95 % interval {figures['low']:+.2f} to {figures['high']:+.2f}"


def main() -> int:
    """0 where the README holds the table of the results."""
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if arguments:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(collect(*arguments), indent=1) + "\n")
    before, rest = README.read_text().split(BEGIN)
    _, after = rest.split(END)
    fresh = f"{before}{BEGIN}\n{table(json.loads(RESULTS.read_text()))}\n{END}{after}"
    if "--check" in sys.argv:
        return int(fresh != README.read_text())
    README.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
