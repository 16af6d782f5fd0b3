"""Write docs/study.md, and the README's table, from the committed results of studies.

Results are docs/results/study/NAME/results/REGIME/ARM-SEED.json. In the README's table the
first columns are of EQUAL_COMPUTE; columns of other studies name their base model. Below the
table stand the findings of studies of the same base model.
``--check`` writes nothing and exits with 1 where one of the two is out of date. Without
results there is no page.
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
README = ROOT / "README.md"
EQUAL_COMPUTE = "equal_compute"
BEGIN = "<!-- study: made by docs/make_study.py -->"
END = "<!-- end of study -->"
HEAD = """# Teaching against joint training at equal compute

Is a population whose members teach each other better than the same agents, each trained on all the data, for the same
number of floating-point operations? This page is made by `python docs/make_study.py` from the results in
[results/study](results/study); `docendo/study/bootstrap.py` says how its intervals are made, and
`python benchmarks/coverage.py 1000` how often such intervals are wrong. [compare.md](compare.md) says what the arms
are, and what the numbers mean. Grids grew after results of their seeds had been seen, which no interval accounts for:
[findings.md](findings.md) tells how the numbers changed. Where equal\\_compute\\_fresh is among the studies, it
repeats what was chosen in equal\\_compute from seeds that nobody had seen, and has no grids.

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
"""The arms of the README's table, and what they are called there."""


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
    return HEAD + "\n".join(render_markdown(study, regimes) for study, regimes in studies)


def make_table(
    columns: Mapping[str, RegimeResults], repeats: Mapping[str, RegimeResults]
) -> str:
    """The README's table, with the main difference of each column and each repeat below it."""
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
    """The regimes of the README's table by what stands above them."""
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


def replace_table(readme: str, table: str) -> str:
    """The README with this table in the place of the one that it has."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Write both files, or check them. Returns the exit code."""
    check_only = "--check" in sys.argv
    texts = {PAGE: make_page(RESULTS)}
    if (RESULTS / EQUAL_COMPUTE).is_dir():
        table = make_table(read_columns(RESULTS), read_repeats(RESULTS))
        texts[README] = replace_table(README.read_text(encoding="utf-8"), table)

    for path, text in texts.items():
        current = path.read_text(encoding="utf-8") if path.is_file() else ""
        if check_only and text != current:
            sys.stderr.write(f"{path} is out of date; run: python docs/make_study.py\n")
            return 1
        if text and not check_only:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
