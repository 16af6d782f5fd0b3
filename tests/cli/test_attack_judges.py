"""`docendo attack-judges` on runs whose answers are judged by the truth and by models."""

from pathlib import Path

import pytest

from docendo.judges.attacks import load_attacks
from tests.cli.toys import TINY, docendo, hashes

JUDGED = (
    TINY
    + """
[domains.mathematics]
families = { sums = [1] }
evaluator = "peers"

[agents]
emmy = { domain = "mathematics" }
carl = {}

[evaluators.peers]
type = "judge"
model = "base"
mode = "%s"
"""
)


def test_no_attack_fools_the_right_answer(finished: Path, here: Path) -> None:
    before = hashes(finished)
    done = docendo("attack-judges", finished, "--n", 4, "--attacked", 2, "--json")
    assert done.code == 0
    assert hashes(finished) == before
    assert done.json["passed"] is True
    assert set(done.json["domains"]) == {"mathematics", "programming", "biology"}
    told = done.json["domains"]["mathematics"]
    assert told == {
        "attacks": 2 * len(load_attacks()),
        "through": {},
        "right": 1.0,
        "wrong": 0.0,
        "rate": 0.0,
        "near_misses": told["near_misses"],
        "near_through": {},
        "near_rate": 0.0,
    }
    assert told["near_misses"] > 4
    shown = docendo(
        "attack-judges", finished, "--n", 2, "--attacked", 1, "--domain", "biology"
    ).out
    assert "the right answer" in shown
    assert shown.rstrip().endswith("passed")


@pytest.mark.parametrize("way", ["solving", "reading", "comparing"])
def test_a_run_is_judged_by_a_model_and_then_attacked(way: str, here: Path) -> None:
    (here / "judged.toml").write_text(JUDGED % way)
    assert docendo("run", "judged.toml", "--out", "judged").code == 0
    told = docendo("attack-judges", "judged", "--n", 3, "--attacked", 1, "--json").json[
        "domains"
    ]["mathematics"]
    assert told["attacks"] == len(load_attacks())
    assert told["rate"] <= 0.01
    ledger = docendo("report", "judged", "--json").json["ledger"]
    assert ("judging" in str(ledger)) is (way == "solving"), (
        "this model writes nothing that rules let to a reader"
    )


def test_too_many_successful_attacks_are_listed_by_kind_with_exit_code_1(
    here: Path,
) -> None:
    easy = JUDGED.replace(
        'type = "judge"\nmodel = "base"\nmode = "%s"', 'type = "format"\npattern = "(?s).*"'
    )
    (here / "easy.toml").write_text(easy)
    assert docendo("run", "easy.toml", "--out", "easy").code == 0
    done = docendo("attack-judges", "easy", "--n", 2, "--attacked", 1)
    assert done.code == 1
    assert "more than 1.0% of the attacks or near misses passed in mathematics" in done.out
    assert "instruction" in done.out
    assert (
        docendo("attack-judges", "easy", "--n", 2, "--attacked", 1, "--max-passed", 1).code
        == 0
    )


def test_an_unknown_domain_is_refused_in_one_line(finished: Path, here: Path) -> None:
    done = docendo("attack-judges", finished, "--domain", "biologie")
    assert done.code == 2
    assert "did you mean 'biology'" in done.err
