"""Whole runs on the tiny model: askers, evaluators and answerers of every sort, together."""

import json
from pathlib import Path

import pytest

from tests.cli.toys import docendo

TASTES = """
model = "tiny"
domains.mathematics = { families = { sums = [1] }, evaluator = "olga", askers = { own = 1, olga = 1 } }
domains.programming = {}
agents = { emmy = { domain = "mathematics" }, ada = { domain = "programming" } }
askers = { olga = { type = "person", person = "olga" } }
evaluators = { olga = { type = "person", person = "olga" } }
people = { olga = { tastes = { short = 5.0 }, manner = "Quick:" } }
teaching = { rounds = 2, matches = 4 }
experts = { steps = 2 }
evaluation = { problems = 3 }
"""

EVERYTHING = """
model = "tiny"
[domains.mathematics]
families = { sums = [1], products = [3] }
askers = { own = 2, people = 1, olga = 1 }
evaluator = "mixed"
[domains.programming]
families = { fix = [1] }
[askers.people]
type = "persona"
model = "emmy"
personas = ["nurse", "chef"]
verify = "program"
[askers.olga]
type = "person"
person = "olga"
[people.olga]
tastes = { right = 1.0 }
interests = { sums = 1 }
[evaluators.mixed]
type = "weighted"
members = ["truth", "words", "peers"]
weights = [8, 1, 1]
[evaluators.truth]
type = "truth"
[evaluators.words]
type = "spelling"
[evaluators.peers]
type = "judge"
model = "population"
[agents]
emmy = { domain = "mathematics" }
abacus = { domain = "mathematics", tools = ["calculator"] }
ada = { domain = "programming", system_prompt = "Be brief." }
cribber = { domain = "mathematics", data = { domains = { mathematics = 1 }, leaked = { mathematics = 2 } } }
former = { grammar = { regex = '-?[0-9]{1,3}', free_tokens = 20 } }
[teaching]
rounds = 2
matches = 4
[experts]
steps = 2
[evaluation]
problems = 3
"""


@pytest.mark.parametrize(("name", "text"), [("tastes", TASTES), ("everything", EVERYTHING)])
def test_a_run_with_pools_reports_what_each_asker_contributed(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / "run.toml").write_text(text)
    run = tmp_path / "run"
    done = docendo("run", str(tmp_path / "run.toml"), "--out", str(run))
    assert done.code == 0, done.err
    found = docendo("report", str(run), "--json").json
    judged = found["contributions"]["evaluator"]
    if name == "tastes":
        assert judged["olga"]["verdicts"] > 0
        assert found["gate"]["passed"] + found["gate"]["lessons"] > 0
        return
    assert {n: told["verdicts"] > 0 for n, told in judged.items()} == dict.fromkeys(
        ("mixed", "peers", "truth", "words"), True
    )
    assert sum(row["asked"] for row in found["questions"]) == 8
    assert {g["agent"] for g in found["contamination"]} == {
        "emmy",
        "abacus",
        "ada",
        "cribber",
        "former",
    }
    assert found["members"]["abacus"]["tools"] == ["calculator"]
    page = (run / "report.html").read_text()
    for title in ("Who takes part", "Who knew the test", "Who judged", "Who asked as whom"):
        assert f"<h2>{title}</h2>" in page
    assert json.loads(json.dumps(found, allow_nan=False)) == found
