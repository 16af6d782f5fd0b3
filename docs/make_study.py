"""Write docs/study.md from the committed results of studies.

Results are docs/results/study/NAME/results/REGIME/ARM-SEED.json. In the table at the top the first
columns are of EQUAL_COMPUTE; columns of other studies name their base model. Below the table stand
the differences that studies of the same base model measured.
``--check`` writes nothing and exits with 1 where the page is out of date. Without results there is
no page.
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from docendo.formatting import DASH, percent
from docendo.study.arms import EXPERTS, JOINT, JOINT_SFT, JOINT_SHARED, SINGLE, TEACHING
from docendo.study.markdown import render_markdown
from docendo.study.regimes import RegimeResults, split_by_regime
from docendo.study.result_files import load_study
from docendo.study.results import StudyResults
from docendo.study.sentences import describe_difference

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "study"
PAGE = ROOT / "docs" / "study.md"
EQUAL_COMPUTE = "equal_compute"
HEAD = """# Teaching against joint training at equal compute

Do agents that teach each other end up better than the same agents trained on all the data? Both get
the same number of floating-point operations.

On the laboratory base, teaching beats joint training by about 3 points (+3.1, 95 % CI +0.9 to +5.1,
10 fresh seeds). The benefit comes from sharing verified solutions. A benefit of the lessons
themselves could not be measured. Where worked solutions are plentiful, finetuning alone is at least
as good.

[compare.md](compare.md) explains the arms and the figures. [findings.md](findings.md) tells how the
numbers changed. Two cautions:

* Search spaces grew after results of their seeds had been seen. No interval accounts for that.
* *equal\\_compute\\_fresh* repeats the chosen settings on ten seeds that nobody had seen. It tunes nothing.

This page is made by `python docs/make_study.py` from the results in
`docs/results/study`.
`docendo/study/bootstrap.py` makes the intervals. `python benchmarks/coverage.py 1000` measures how
often such intervals are wrong.

"""
ROWS = {
    "base": "base model",
    EXPERTS: "experts, each on its own domain",
    JOINT_SFT: "every agent fine-tuned on all data",
    JOINT: "... and then practises all domains",
    JOINT_SHARED: "... and all imitate what anybody found",
    TEACHING: "**agents that teach each other**",
    SINGLE: "one agent, with the compute of all",
}
"""The arms of the summary's table, and what they are called there."""


@cache
def read_study(folder: Path) -> tuple[StudyResults, list[RegimeResults]]:
    """A study and its regimes. Cached, since the resamples take seconds."""
    study = load_study(folder)
    return study, split_by_regime(study)


def make_page(folder: Path) -> str:
    """The whole page of all studies in a folder; empty where there is none."""
    studies = [read_study(path) for path in sorted(folder.glob("*")) if path.is_dir()]
    if not studies:
        return ""

    summary = ""
    if (folder / EQUAL_COMPUTE).is_dir():
        table = make_table(read_columns(folder), read_repeats(folder))
        summary = f"## Summary\n\n{table}\n"
    return (
        HEAD
        + summary
        + "\n".join(render_markdown(study, regimes) for study, regimes in studies)
    )


def make_table(
    columns: Mapping[str, RegimeResults], repeats: Mapping[str, RegimeResults]
) -> str:
    """The summary's table, with the main difference of each column and each repeat below it."""
    comparable = {
        name: regime
        for name, regime in columns.items()
        if {TEACHING, JOINT} <= regime.arms.keys()
    }
    regimes = {**comparable, **repeats}
    commits: set[str] = set()
    for regime in regimes.values():
        commits.update(r.setup.commit for r in regime.results if r.arm in ROWS)

    shown_commits = ", ".join(f"`{commit}`" for commit in sorted(commits))
    lines = [
        "Share of held-out problems answered right without a lesson, mean of the population, "
        f"with 95 % intervals over seeds and problems (commits {shown_commits}).",
        "",
        "| | " + " | ".join(comparable) + " |",
        "|---|" + "---|" * len(comparable),
    ]
    for arm, name in ROWS.items():
        shares = [format_share(regime, arm) for regime in comparable.values()]
        lines.append(f"| {name} | " + " | ".join(shares) + " |")
    lines.append("")
    for name, regime in regimes.items():
        difference = regime.bootstrap.difference(TEACHING, JOINT, "mean")
        if difference:
            claim = describe_difference(TEACHING, JOINT, difference)
            lines.append(f"*{name}*: {claim}.\n")
    return "\n".join(lines)


def read_columns(folder: Path) -> dict[str, RegimeResults]:
    """The regimes of the summary's table by what stands above them."""
    main = folder / EQUAL_COMPUTE
    columns = {regime.name: regime for regime in read_study(main)[1]}
    for path in other_studies(folder):
        model = base_model(path)
        if model == base_model(main):
            continue
        for regime in read_study(path)[1]:
            name = f"{regime.name}, {model}"
            if name in columns:
                name = f"{regime.name}, {path.name}"
            columns[name] = regime
    return columns


def read_repeats(folder: Path) -> dict[str, RegimeResults]:
    """The regimes of other studies of the first one's base model."""
    repeats: dict[str, RegimeResults] = {}
    for path in other_studies(folder):
        if base_model(path) == base_model(folder / EQUAL_COMPUTE):
            for regime in read_study(path)[1]:
                repeats[f"{regime.name}, {path.name}"] = regime
    return repeats


def other_studies(folder: Path) -> list[Path]:
    paths = [path for path in folder.glob("*") if path.is_dir()]
    return [path for path in sorted(paths) if path.name != EQUAL_COMPUTE]


def base_model(path: Path) -> str:
    first_regime = read_study(path)[1][0]
    return first_regime.results[0].setup.model


def format_share(regime: RegimeResults, arm: str) -> str:
    if arm not in regime.arms:
        return DASH
    estimate = regime.bootstrap.measures(arm)["mean"].estimate("mean")
    low, high = percent(estimate.low), percent(estimate.high)
    return f"{percent(estimate.mean)} ({low} to {high})"


def main() -> int:
    """Write the page, or check it. Returns the exit code."""
    text = make_page(RESULTS)
    if "--check" in sys.argv:
        current = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
        if text != current:
            sys.stderr.write(f"{PAGE} is out of date; run: python docs/make_study.py\n")
        return int(text != current)
    if text:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
