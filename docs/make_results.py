"""The README's result table, from a run: ``python docs/make_results.py RUN COMMIT``.

The numbers are stored in docs/results/demo.json, so the table can be checked without the run. With
``--check`` nothing is written; the exit code is 1 where the table is stale.
"""

import json
import sys
from pathlib import Path
from typing import Any

from write_page import replace_between, write_or_check

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
    accuracy = found["accuracy"]
    domains = list(accuracy["base"])
    lines = [
        f"One demo on 2 CPU cores (commit `{found['commit']}`): share of "
        f"{accuracy['base'][domains[0]]['n']} held-out problems answered right without a lesson, "
        f"before → after {found['rounds']['teaching']} rounds of teaching; "
        "**bold**: the agent's own domain.",
        "",
        "| agent | " + " | ".join(domains) + " |",
        "|---|" + "---|" * len(domains),
        "| base model | "
        + " | ".join(f"{accuracy['base'][d]['accuracy']:.2f}" for d in domains)
        + " |",
    ]
    for agent, about in found["agents"].items():
        cells = []
        for domain in domains:
            before = accuracy["start"][agent][domain]["accuracy"]
            after = accuracy["end"][agent][domain]["accuracy"]
            cell = f"{before:.2f} → {after:.2f}"
            cells.append(f"**{cell}**" if domain in about["domains"] else cell)
        lines.append(f"| {agent} | " + " | ".join(cells) + " |")

    gain, gate = found["gain"], found["gate"]
    lines += [
        "",
        f"Other domains: {_change(found['transfer'])}. Own domain: {_change(found['own'])}. "
        f"{gate['passed']} of {gate['lessons']} lessons passed the gate; a lesson raised its student's "
        f"score by {gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}).",
    ]
    return "\n".join(lines)


def _change(figures: dict[str, float]) -> str:
    return (
        f"{figures['start']:.2f} → {figures['end']:.2f} ({figures['rise']:+.2f}, "
        f"95 % CI {figures['low']:+.2f} to {figures['high']:+.2f})"
    )


def main() -> int:
    """0 where the README holds the table of the results."""
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if arguments:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(collect(*arguments), indent=1) + "\n")
    text = replace_between(README, BEGIN, END, table(json.loads(RESULTS.read_text())))
    return write_or_check(README, text, __file__)


if __name__ == "__main__":
    sys.exit(main())
