"""Writes docs/study.md from the committed results of studies, docs/results/study/NAME/results/REGIME/ARM-SEED.json.

``--check`` only tells whether the page is up to date, exit 1 if not. Without results there is no page.
"""

import sys
from pathlib import Path

from docendo.study.findings import regimes
from docendo.study.plain import markdown
from docendo.study.results import load_study

RESULTS, PAGE = Path(__file__).parent / "results" / "study", Path(__file__).with_name("study.md")
HEAD = """# Teaching against joint training at equal compute

Is a population whose members teach each other better than the same agents, each trained on all the data, for the same
number of floating-point operations? This page is made by `python docs/make_study.py` from the results in
[results/study](results/study); `docendo/study/statistics.py` says how its intervals are made, and
`python benchmarks/coverage.py 1000` how often such intervals are wrong.

"""


def page(folder: Path) -> str:
    """The whole page of all studies in a folder; empty where there is none."""
    studies = [load_study(path) for path in sorted(folder.glob("*")) if path.is_dir()]
    return HEAD + "\n".join(markdown(study, regimes(study)) for study in studies) if studies else ""


def main() -> int:
    """0 where the page is what the results say, or was made so."""
    wanted = page(RESULTS)
    there = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    if "--check" in sys.argv and wanted != there:
        sys.stderr.write(f"{PAGE} is stale; run: python docs/make_study.py\n")
        return 1
    if wanted:
        PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
