"""An old setting gives an error that names the new one."""

import pytest

from docendo.config.load import load_config, parse_config
from docendo.config.renamed import (
    RENAMED_SETTINGS,
    RENAMED_VALUES,
    new_name_of,
    new_value_of,
)
from docendo.errors import UserError


@pytest.mark.parametrize("old", sorted(RENAMED_SETTINGS))
def test_every_old_setting_names_the_new_one(old: str) -> None:
    path = [part if part != "*" else "ada" for part in old.split(".")]
    new = new_name_of(path)
    assert new is not None
    assert new != ".".join(path), "the old name is not the new one"


@pytest.mark.parametrize(("setting", "old"), sorted(RENAMED_VALUES))
def test_every_old_value_names_the_new_one(setting: str, old: str) -> None:
    path = [part if part != "*" else "0" for part in setting.split(".")]
    assert new_value_of(path, old)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("learning.policy_rate=0.1", "'policy_rate' has a new name: learning.policy_lr"),
        ("experts.every=3", "'every' has a new name: experts.eval_every"),
        ("agents.ada.plays='model'", "'plays' has a new name: agents.ada.policy"),
        ("teaching.authors='frozen'", "'authors' has a new name: teaching.lesson_source"),
        (
            "teaching.lesson_source='frozen'",
            "'frozen' has a new name: 'initial_policy'",
        ),
        (
            "learning.estimator='ppo'",
            "'estimator' has a new name: learning.baseline and learning.loss",
        ),
    ],
)
def test_a_config_with_an_old_setting_name_is_refused_with_the_new_one(
    override: str, told: str
) -> None:
    with pytest.raises(UserError, match=told):
        load_config(None, (override,))


def test_an_unknown_setting_has_no_new_name() -> None:
    assert new_name_of(["learning", "magic"]) is None
    assert new_value_of(["learning", "share_lessons"], "sometimes") is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"league": {"teachers": "improving"}}, "new name: league.teacher_selection"),
        ({"league": {"teacher_selection": "improving"}}, "new name: 'thompson'"),
        ({"league": {"curriculum": "missing"}}, "practice_curriculum = rarity"),
        ({"league": {"anchored": 2}}, "new name: league.reference_matches"),
        ({"alarms": {"stop": ["leak"]}}, "new name: monitors"),
        ({"monitors": {"stop_on": ["leak"]}}, "new name: 'answer_leak'"),
        ({"league": {"curriculum": "learnabilty"}}, "did you mean 'learnability'"),
    ],
)
def test_old_setting_names_are_refused_with_the_new_ones(table, message):
    with pytest.raises(UserError, match=message):
        parse_config(table, "test")
