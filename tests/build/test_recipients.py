"""Who imitates what, by the settings of learning."""

import pytest

from docendo.build.recipients import build_recipients
from docendo.config.load import parse_config


def recipients(**learning):
    return build_recipients(parse_config({"seed": 7, "learning": learning}, "test"))


def test_lessons_are_shared_with_the_class_unless_sharing_is_off():
    assert recipients().lessons["mathematics"] == ["ada", "rosalind"]
    assert recipients(share_lessons="none").lessons == {}


@pytest.mark.parametrize(
    ("homework", "readers"),
    [("self", ["ada"]), ("all", ["ada", "emmy", "rosalind"])],
)
def test_practice_solutions_go_to_their_author_or_to_everybody(homework, readers):
    assert sorted(recipients(share_solutions=homework).solutions["ada"]) == readers


def test_practice_solutions_are_shared_only_if_the_config_says_so():
    assert recipients().solutions == {}


def test_lessons_are_withheld_from_students_by_the_run_s_seed():
    assert recipients().withholding.fraction == 0
    withholding = recipients(withhold_fraction=0.5).withholding
    assert (withholding.fraction, withholding.seed) == (0.5, 7)
    assert withholding.students["mathematics"] == ["ada", "rosalind"]


def test_where_all_are_experts_all_are_students():
    tables = {
        "agents": {name: {"domain": "biology"} for name in ("ann", "bob")},
        "domains": {"biology": {}},
    }
    withholding = build_recipients(parse_config(tables, "test")).withholding
    assert withholding.students == {"biology": ["ann", "bob"]}
