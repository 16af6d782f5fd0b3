import pytest

from docendo.league.lineage import Lineage, Milestone
from docendo.league.snapshot_rules import (
    AnyRule,
    EveryRounds,
    Never,
    WhenStronger,
    mean_improvement,
)
from docendo.records import AgentId
from tests.league.skills import Skills
from tests.toys import ANN

OLD = Lineage(0, AgentId("ann@0"), "snapshot", (ANN,))


@pytest.mark.parametrize(
    ("won", "due"), [((8, 10), True), ((5, 10), False), ((4, 4), False)]
)
def test_a_snapshot_is_due_when_the_last_one_is_beaten_often_enough(won, due) -> None:
    rule = WhenStronger(0.2, game="kuhn", min_games=8)
    assert rule(ANN, Milestone(OLD, {}), 5, Skills(won=won)) is due


def test_a_snapshot_is_due_when_either_rule_says_so() -> None:
    rule, mark = (
        AnyRule([EveryRounds(5), WhenStronger(0.3)]),
        Milestone(Lineage(0, ANN, "founder"), {"sums": 0.0}),
    )
    known = [(1, 0.1), (1, 0.4), (5, 0.1)]
    assert [rule(ANN, mark, i, Skills({ANN: {"sums": s}})) for i, s in known] == [
        False,
        True,
        True,
    ]
    assert Never()(ANN, mark, 100, Skills({ANN: {"sums": 1.0}})) is False


def test_improvement_is_averaged_over_task_types_known_both_times() -> None:
    assert mean_improvement({"a": 0.5, "b": 1.0}, {"a": 0.25, "c": 0.0}) == 0.25
    assert mean_improvement({"a": 1.0}, {"b": 0.0}) is None
