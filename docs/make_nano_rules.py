"""The tables of docs/nano-rules.md and their picture, from docs/results/nano-rules.json.

``python docs/make_nano_rules.py CURVES RUN`` first stores what benchmarks/in_context.py printed
with --json, and the experts' curves of a run of recipes/rules_league.toml. With ``--check``
nothing is written; the exit code is 1 where the page or the picture is stale.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

from make_study import STYLE
from write_page import replace_between, write_or_check

from docendo.config.load import read_run_config
from docendo.problems.rules import DOMAINS, STYLES
from docendo.report.render.curves import Curve, draw_curves
from docendo.report.render.plot import Margins, Plot
from docendo.statistics import Estimate
from docendo.store.run import RunDirectory

DOCS = Path(__file__).parent
PAGE, PICTURE = DOCS / "nano-rules.md", DOCS / "nano-rules.svg"
RESULTS = DOCS / "results" / "nano-rules.json"
BEGIN, END = "<!-- curves: made by docs/make_nano_rules.py -->", "<!-- end of curves -->"
GROUPS = (2, 3, 4, 6)
COLOURS = {"answer": "#a9a49a", "pairs": "#e08a5b", "steps": "#3ba3b8", "why": "#5b6fd6"}
"""By style: each of its lines has two classes, and the dashed one is the best reader's."""


def store_curves(curves: str, run: str) -> None:
    """Write what was measured to the file of results."""
    rows = json.loads(Path(curves).read_text())
    stored = {"curves": rows, "weights": experts_curve(run)}
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n")


def experts_curve(path: str) -> dict[str, list[tuple[int, float]]]:
    """By number of groups: (supervised steps, the experts' share right); the base has 0 steps."""
    scores = defaultdict[tuple[int, int], list[float]](list)
    with RunDirectory.open(path) as run:
        config = read_run_config(run)
        for evaluation in run.evaluations():
            problem = evaluation.problem
            agent = config.agents.get(evaluation.agent)
            groups = len(DOMAINS[problem.domain].words[problem.family].split(" "))
            if agent is None:
                scores[groups, 0].append(evaluation.verdict.score)
            elif agent.domain == problem.domain:
                step = config.experts.eval_every * (evaluation.round + 1)
                scores[groups, step].append(evaluation.verdict.score)
    return {
        str(groups): [
            (step, fmean(shares))
            for (count, step), shares in sorted(scores.items())
            if count == groups
        ]
        for groups in GROUPS
    }


def mean_curve(stored: dict[str, Any], groups: int, style: str, kind: str) -> list[float]:
    """The mean over domains by number of examples; `kind` is "right" or "ideal"."""
    rows = [
        row[kind]
        for row in stored["curves"]
        if (row["groups"], row["style"]) == (groups, style)
    ]
    return [fmean(values) for values in zip(*rows, strict=True)]


def tables(stored: dict[str, Any]) -> str:
    """Markdown: right answers after examples, and after finetuning."""
    lines = ["| groups | examples show | none | 1 | 2 | 3 |", "|---|---|---|---|---|---|"]
    for groups in GROUPS:
        for style in STYLES:
            right, ideal = (
                mean_curve(stored, groups, style, kind) for kind in ("right", "ideal")
            )
            cells = [f"{r:.2f} ({i:.2f})" for r, i in zip(right, ideal, strict=True)]
            lines.append(f"| {groups} | {style} | " + " | ".join(cells) + " |")
    weights = stored["weights"]
    steps = [step for step, _ in weights[str(GROUPS[0])]]
    lines += ["", "Share right without an example, by supervised steps of an expert:", ""]
    lines += [
        "| groups | " + " | ".join(map(str, steps)) + " |",
        "|---" * (len(steps) + 1) + "|",
    ]
    for groups, points in weights.items():
        lines.append(f"| {groups} | " + " | ".join(f"{s:.2f}" for _, s in points) + " |")
    return "\n".join(lines)


def draw(stored: dict[str, Any]) -> str:
    """A panel for each number of groups, side by side: a line for each style."""
    margins = Margins(left=40, right=16, top=26, bottom=30)
    plot = Plot((900, 250), margins, x=(-0.3, 17), y=(0, 1))
    plot.x_axis({4 * panel + n: f"{n}" for panel in range(len(GROUPS)) for n in range(4)})
    curves = []
    for panel, groups in enumerate(GROUPS):
        plot.text(f"{groups} groups", (4 * panel + 1.5, 1), "middle", shift=(0, -14))
        for style, kind in ((s, k) for k in ("ideal", "right") for s in STYLES):
            shares = mean_curve(stored, groups, style, kind)
            points = [
                (4 * panel + n, Estimate(s, None, None, 0)) for n, s in enumerate(shares)
            ]
            curves.append(Curve(f"{style}, {kind}", points, f"{style} {kind}"))
    draw_curves(plot, curves)
    for row, style in enumerate(STYLES):
        plot.text(style, (15.6, 0.7 - 0.1 * row), f"key {style}")
    opening, rest = str(plot.svg("Right answers by worked examples")).split(">", 1)
    colours = "".join(
        f".{name} {{ stroke: {colour}; }} .key.{name} {{ fill: {colour}; stroke: none; }}\n"
        for name, colour in COLOURS.items()
    )
    lines = ".line { fill: none; stroke-width: 2; } .ideal { stroke-dasharray: 2 4; }\n"
    style = STYLE.replace("</style>", lines + colours + "</style>")
    return f'{opening} xmlns="http://www.w3.org/2000/svg">{style}{rest}\n'


def main() -> int:
    """0 where the page and the picture show the results."""
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if arguments:
        store_curves(*arguments)
    stored = json.loads(RESULTS.read_text())
    page = replace_between(PAGE, BEGIN, END, tables(stored))
    return max(
        write_or_check(PAGE, page, __file__),
        write_or_check(PICTURE, draw(stored), __file__),
    )


if __name__ == "__main__":
    sys.exit(main())
