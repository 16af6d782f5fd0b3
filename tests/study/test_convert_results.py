"""Old results get new names, and results that have them stay as they are."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from docendo.study.result_files import write_result
from tests.study.toys import result
from tests.toys import load_script

SCRIPT = Path(__file__).parents[2] / "docs" / "convert_results.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script(SCRIPT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["learning.homework=author"], ["learning.share_solutions=self"]),
        (['learning.homework="author"'], ['learning.share_solutions="self"']),
        (["agents.*.practises=[]"], ["agents.*.practice_domains=[]"]),
        (
            ["league.curriculum=missing"],
            [
                "league.curriculum=learnability",
                "learning.practice_curriculum=rarity",
                "learning.imitation_sampling=error_rate",
            ],
        ),
        (["domains.*.solutions=32"], ["domains.*.solutions=32"]),
    ],
)
def test_converting_settings_twice_changes_nothing_more(script, old, new):
    assert script.convert_assignments(old) == new
    assert script.convert_assignments(new) == new


def test_a_league_config_of_an_earlier_version_is_converted(script):
    old = (
        'model = "nano"\n[learning]\nestimator = "reinforce"\n[teaching]\npenalty = -0.25\n'
    )
    new = script.convert_league(old)
    assert 'baseline = "running_mean"' in new.replace(
        "[learning.baseline]\ntype", "baseline"
    )
    assert "rejected_lesson = -0.25" in new
    assert script.convert_league(new) == new


def test_an_old_result_gets_new_names_and_a_new_one_is_unchanged(script, tmp_path: Path):
    path = write_result(tmp_path, result("joint-rl"))
    new = json.loads(path.read_text())
    old = json.loads(path.read_text())
    old |= {"format": 1, "arm": "all-data", "about": old.pop("setup")}
    old["about"]["expert_of"] = old["about"].pop("expert_domains")
    old["about"]["studied"] = old["about"].pop("sft_domains")
    old["about"]["setting"] = old["about"].pop("settings")
    old["scores"]["outside"] = old["scores"].pop("ood")
    assert script.convert_result(old).model_dump(mode="json") == new
    assert script.convert_result(new).model_dump(mode="json") == new
