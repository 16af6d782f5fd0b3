"""Write docs/study.md, docs/studies/NAME.md and the pictures from the committed results of studies.

Results are docs/results/study/NAME/results/REGIME/ARM-SEED.json. docs/study.md has a claim, a picture
and a table for each regime; a study's own page has everything else.
``--check`` writes nothing and exits with 1 where a file is out of date. Without results there is
no page.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from write_page import write_or_check

from docendo.report.render.tables import EMPTY, Row, Table
from docendo.study.arms import ARMS, EXPERTS, JOINT, is_ablation, name_control
from docendo.study.bootstrap import Difference
from docendo.study.markdown import render_markdown, render_table
from docendo.study.plots import difference_chart
from docendo.study.regimes import RegimeResults, split_by_regime
from docendo.study.result_files import load_study
from docendo.study.result_tables import (
    tabulate_arms,
    tabulate_differences,
    tabulate_lessons,
)
from docendo.study.results import StudyResults
from docendo.study.sentences import describe_regime

DOCS = Path(__file__).parent
RESULTS = DOCS / "results" / "study"
HEAD = """# Teaching against joint training at equal compute

Do agents that teach each other end up better than the same agents trained on all the data? Both get
the same number of floating-point operations. [compare.md](compare.md) explains arms and intervals, and
[findings.md](findings.md) says what we make of the numbers.

"""
STYLE = """<style>
svg { color-scheme: light dark; background: #fffefb; font: 12px sans-serif; }
text, .dot { fill: #1d1b18; } .tick, .note { fill: #67625a; font-size: 11px; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: #e2ddd3; } .zero { stroke: #67625a; }
.span { stroke: #a9a49a; stroke-width: 3; } .span.above { stroke: #3ba3b8; } .span.below { stroke: #e08a5b; }
</style>"""
NO_RIVALS = {"base", EXPERTS, *(name for name, arm in ARMS.items() if arm.merge_method)}
"""Arms so far below all others that a picture with them would show nothing else."""


def make_files(folder: Path) -> dict[str, str]:
    """The text of every file by its path below docs; empty where there is no study."""
    files = {}
    parts = []
    for path in sorted(folder.glob("*/")):
        study = load_study(path)
        regimes = split_by_regime(study)
        files[f"studies/{study.name}.md"] = render_markdown(study, regimes)
        for regime in regimes:
            differences = find_rivals(regime)
            if not differences:  # a study that has hardly begun
                continue
            picture = f"studies/{study.name}-{regime.name}.svg"
            files[picture] = draw_differences(differences)
            parts.append(render_regime(study, regime, picture))
    if parts:
        files["study.md"] = HEAD + "\n".join(parts)
    return files


def render_regime(study: StudyResults, regime: RegimeResults, picture: str) -> str:
    """One regime on the short page: what it says, its picture, its main arms."""
    model = regime.results[0].setup.model
    name = study.name.replace("_", "\\_")
    lines = [
        f"## {regime.name}, {name}",
        f"**{describe_regime(regime)[0]}** ({model}, [all numbers](studies/{study.name}.md))",
        f"![Each arm minus {JOINT}, in points]({picture})",
        render_table(tabulate_main_arms(regime)),
    ]
    return "\n\n".join(lines) + "\n"


def tabulate_main_arms(regime: RegimeResults) -> Table:
    """The arms that leave nothing out, with their means and differences."""
    from_joint = {str(row[0]): row[1] for row in tabulate_differences(regime).rows}
    from_control = {str(row[0]): row[1] for row in tabulate_lessons(regime).rows}
    arms = tabulate_arms(regime)
    rows: list[Row] = []
    for row in arms.rows:
        arm = str(row[0])
        if is_whole(arm):
            columns = dict(zip(arms.heads, row, strict=True))
            gaps = from_joint.get(arm, EMPTY), from_control.get(arm, EMPTY)
            rows.append([arm, columns["mean"], *gaps, columns["seeds"]])
    heads = (
        "arm",
        "right, in %",
        f"minus {JOINT}",
        "minus itself without lessons",
        "seeds",
    )
    return Table("", "", heads, rows)


def is_whole(arm: str) -> bool:
    """Whether it is no other arm with something left out."""
    return not is_ablation(arm) and not arm.endswith(name_control(""))


def find_rivals(regime: RegimeResults) -> dict[str, Difference]:
    """The differences of the main arms from joint training."""
    return {
        arm: difference
        for arm, difference in regime.differences_from(JOINT).items()
        if arm not in NO_RIVALS and is_whole(arm)
    }


def draw_differences(differences: Mapping[str, Difference]) -> str:
    """A picture as a file of its own."""
    opening, rest = str(difference_chart(differences, JOINT)).split(">", 1)
    return f'{opening} xmlns="http://www.w3.org/2000/svg">{STYLE}{rest}\n'


def main() -> int:
    """Write all files, or check them. Returns the exit code."""
    codes = [0]
    for name, text in make_files(RESULTS).items():
        page = DOCS / name
        page.parent.mkdir(exist_ok=True)
        codes.append(write_or_check(page, text, __file__))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
