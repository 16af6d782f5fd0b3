"""Writes docs/study.md, and the README's table, from the committed results of studies.

Results are docs/results/study/NAME/results/REGIME/ARM-SEED.json; in the README's table EQUAL_COMPUTE comes first, and
others' columns name their base. What studies of the same base came to stands below the table.
``--check`` only tells whether both are up to date, exit 1 if not. Without results there is no page.
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from docendo.formatting import DASH, percent
from docendo.study.arms import EXPERTS, JOINT, JOINT_SFT, JOINT_SHARED, SINGLE, TEACHING
from docendo.study.markdown import render_markdown
from docendo.study.regimes import RegimeResults, split_by_regime
from docendo.study.results import StudyResults, load_study
from docendo.study.sentences import describe_difference

ROOT = Path(__file__).parents[1]
RESULTS, PAGE, README = (
    ROOT / "docs" / "results" / "study",
    ROOT / "docs" / "study.md",
    ROOT / "README.md",
)
EQUAL_COMPUTE = "equal_compute"
BEGIN, END = "<!-- study: made by docs/make_study.py -->", "<!-- end of study -->"
HEAD = """# Teaching against joint training at equal compute

Is a population whose members teach each other better than the same agents, each trained on all the data, for the same
number of floating-point operations? This page is made by `python docs/make_study.py` from the results in
[results/study](results/study); `docendo/study/bootstrap.py` says how its intervals are made, and
`python benchmarks/coverage.py 1000` how often such intervals are wrong. [compare.md](compare.md) says what the arms
are, and what the numbers mean. Grids grew after results of their seeds had been seen, which no interval accounts for:
[findings.md](findings.md) tells how the numbers changed. Where equal\\_compute\\_fresh is among the studies, it
repeats what was chosen in equal\\_compute from seeds that nobody had seen, and has no grids.

"""
ARMS = {
    "base": "base model",
    EXPERTS: "experts, each on its own domain",
    JOINT_SFT: "every agent fine-tuned on all data",
    JOINT: "... and then practises all domains",
    JOINT_SHARED: "... and all imitate what anybody found",
    TEACHING: "**agents that teach each other**",
    SINGLE: "one agent, with the compute of all",
}
"""Those of the README, and what they are there."""


def page(folder: Path) -> str:
    """The whole page of all studies in a folder; empty where there is none."""
    studies = [read(path) for path in sorted(folder.glob("*")) if path.is_dir()]
    return (
        HEAD + "\n".join(render_markdown(study, found) for study, found in studies)
        if studies
        else ""
    )


@cache
def read(folder: Path) -> tuple[StudyResults, list[RegimeResults]]:
    """A study and its regimes, whose resamples are made once."""
    study = load_study(folder)
    return study, split_by_regime(study)


def block(columns: Mapping[str, RegimeResults], others: Mapping[str, RegimeResults]) -> str:
    """The README's table: regimes in columns, and whether teaching is better than joint training in each of these and
    of the others.
    """
    told = {name: r for name, r in columns.items() if {TEACHING, JOINT} <= r.arms.keys()}
    every = [*told.values(), *others.values()]
    commits = sorted(
        {result.about.commit for r in every for result in r.results if result.arm in ARMS}
    )
    note = "Share of held-out problems answered right without a lesson, mean of the population, with 95 % intervals"
    lines = [
        f"{note} over seeds and problems (commits {', '.join(f'`{commit}`' for commit in commits)}).",
        "",
    ]
    lines += ["| | " + " | ".join(told) + " |", "|---|" + "---|" * len(told)]
    for arm, said in ARMS.items():
        lines.append(
            f"| {said} | " + " | ".join(_share(r, arm) for r in told.values()) + " |"
        )
    gaps = [
        (name, r.boot.difference(TEACHING, JOINT, "mean"))
        for name, r in {**told, **others}.items()
    ]
    return "\n".join(
        [
            *lines,
            "",
            *(
                f"*{name}*: {describe_difference(TEACHING, JOINT, gap)}.\n"
                for name, gap in gaps
                if gap
            ),
        ]
    )


def columns(folder: Path) -> dict[str, RegimeResults]:
    """Of the README's table, by what stands above them."""
    found = {r.name: r for r in read(folder / EQUAL_COMPUTE)[1]}
    base = _base(folder / EQUAL_COMPUTE)
    for path in (path for path in _others(folder) if _base(path) != base):
        for r in read(path)[1]:
            named = f"{r.name}, {_base(path)}"
            found[f"{r.name}, {path.name}" if named in found else named] = r
    return found


def repeats(folder: Path) -> dict[str, RegimeResults]:
    """Of other studies of the first one's base."""
    base = _base(folder / EQUAL_COMPUTE)
    return {
        f"{r.name}, {path.name}": r
        for path in _others(folder)
        if _base(path) == base
        for r in read(path)[1]
    }


def _others(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.glob("*"))
        if path.is_dir() and path.name != EQUAL_COMPUTE
    ]


def _base(path: Path) -> str:
    return read(path)[1][0].results[0].about.model


def _share(regime: RegimeResults, arm: str) -> str:
    if arm not in regime.arms:
        return DASH
    mean, low, high, _ = regime.boot.measured(arm)["mean"].estimate("mean")
    return f"{percent(mean)} ({percent(low)} to {percent(high)})"


def readme(text: str, made: str) -> str:
    """The README with this block in the place of the one that it has."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{made.strip()}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """0 where both are what the results say, or were made so."""
    wanted = {PAGE: page(RESULTS)}
    if (RESULTS / EQUAL_COMPUTE).is_dir():
        wanted[README] = readme(
            README.read_text(encoding="utf-8"), block(columns(RESULTS), repeats(RESULTS))
        )
    for path, text in wanted.items():
        there = path.read_text(encoding="utf-8") if path.is_file() else ""
        if "--check" in sys.argv and text != there:
            sys.stderr.write(f"{path} is stale; run: python docs/make_study.py\n")
            return 1
        if text and "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
