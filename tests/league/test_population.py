import json

from docendo.league.lineage import Lineage
from docendo.league.population import Population, Replacement
from docendo.league.snapshot_rules import (
    AnyRule,
    EveryRounds,
    Never,
    WhenStronger,
)
from docendo.records import AgentId, TaskType, TeachingOption, base_agent, is_frozen_copy
from tests.league.skills import Skills
from tests.toys import ANN, BOB, CAT

SUMS = TaskType("sums", "small", 1)
NO_SNAPSHOTS = {"snapshot_rule": Never(), "max_snapshots": 4}
OLD = Lineage(0, AgentId("ann@0"), "snapshot", (ANN,))


def population(opened: int | None = -1, **parts) -> Population:
    made = Population(**{**NO_SNAPSHOTS, **parts})
    made.add_founders([ANN, BOB, CAT])
    if opened is not None:
        made.start_teaching(opened)
    return made


def names(births: list[Lineage]) -> list[str]:
    return [b.name for b in births]


def test_snapshots_are_taken_every_few_rounds_and_the_oldest_are_removed() -> None:
    league = population(opened=9, snapshot_rule=EveryRounds(2), max_snapshots=2)
    seen = [league.renew(i, Skills(), 0) for i in range(10, 18)]
    assert [names(born)[:1] for born, _ in seen] == [
        [],
        ["ann@11"],
        [],
        ["ann@13"],
        [],
        ["ann@15"],
        [],
        ["ann@17"],
    ]
    assert [gone for _, gone in seen if gone] == [
        ["ann@11", "bob@11", "cat@11"],
        ["ann@13", "bob@13", "cat@13"],
    ]
    assert league.copies(ANN) == ["ann@15", "ann@17"]
    assert league.learners == [ANN, BOB, CAT]


def test_a_snapshot_is_taken_when_the_agent_beats_its_last_snapshot() -> None:
    league, born = population(snapshot_rule=WhenStronger(0.2)), []
    for index, rate in enumerate([0.1, 0.25, 0.31, 0.45, 0.52]):
        born += league.renew(index, Skills({ANN: {"sums": rate}}), 0)[0]
    assert names(born) == ["ann@2", "ann@4"], (
        "0.31 is 0.2 above the first look at 0.1, and 0.52 is 0.2 above 0.31"
    )


def test_progress_on_a_new_task_type_is_measured_from_its_first_result() -> None:
    league, seen = population(snapshot_rule=WhenStronger(0.2)), []
    history = [
        {},
        {"sums": 0.5},
        {"sums": 0.5, "plums": 0.9},
        {},
        {"sums": 0.6, "plums": 0.9},
        {"plums": 1.0, "sums": 0.8},
    ]
    for index, known in enumerate(history):
        seen.append(names(league.renew(index, Skills({ANN: known}), 0)[0]))
    assert seen == [[], [], [], [], [], ["ann@5"]], "0.3 and 0.1 above the first look"


def test_the_first_snapshot_in_a_game_is_taken_when_the_win_rate_has_risen() -> None:
    league = population(snapshot_rule=WhenStronger(0.2, game="kuhn"))
    for index, rate in enumerate([0.4, 0.5, 0.65]):
        born, _ = league.renew(index, Skills({ANN: {"kuhn": rate}}, won=(100, 100)), 0)
    assert names(born) == ["ann@2"]


def test_anchors_are_copied_once_and_never_removed() -> None:
    league = population(
        opened=None, snapshot_rule=EveryRounds(1), max_snapshots=1, reference_copies=True
    )
    assert names(league.start_teaching(-1)) == ["ann@-1", "bob@-1", "cat@-1"]
    assert league.start_teaching(0) == []
    for i in range(4):
        league.renew(i, Skills(), 0)
    assert league.copies(ANN) == ["ann@-1", "ann@3"]
    assert league.copies(ANN, "reference") == ["ann@-1"]
    assert population(opened=None).start_teaching(0) == [], "not wanted"


def test_snapshots_teach_and_anchors_are_taught() -> None:
    league = population(snapshot_rule=EveryRounds(1), reference_copies=True)
    league.renew(1, Skills(), 0)
    courses = [TeachingOption(SUMS, (ANN,), (BOB,))]
    assert league.with_copies(courses) == [
        TeachingOption(SUMS, (ANN, "ann@-1", "ann@1"), (BOB, "bob@-1"))
    ]
    assert league.with_copies(courses, reference_students=False) == [
        TeachingOption(SUMS, (ANN, "ann@-1", "ann@1"), (BOB,))
    ]
    assert population().with_copies(courses) == courses


def test_the_weakest_rival_becomes_a_mutated_copy_of_the_strongest() -> None:
    league = population(
        replacement=Replacement(every=2, scale=0.02, margin=0.1),
        rivals=[(ANN, BOB), (CAT,)],
    )
    record = Skills({ANN: {"sums": 0.9}, BOB: {"sums": 0.2}, CAT: {"sums": 0.0}})
    assert league.renew(0, record, 0)[0] == [], "not yet"
    assert league.renew(1, record, 0)[0] == [Lineage(1, BOB, "mutated", (ANN,))]
    assert league.members[BOB].parents == (ANN,)
    near = Skills({ANN: {"sums": 0.9}, BOB: {"sums": 0.85}})
    assert league.renew(3, near, 0)[0] == [], "nearly as good"


def test_rivals_are_compared_only_on_task_types_known_for_all() -> None:
    league = population(replacement=Replacement(every=1, scale=0.02), rivals=[(ANN, BOB)])
    easy = Skills({ANN: {"hard": 0.3}, BOB: {"easy": 0.9}})
    assert league.renew(0, easy, 0)[0] == []
    assert league.renew(0, Skills({ANN: {"hard": 0.3}}), 0)[0] == [], (
        "of Bob nothing is known"
    )
    both = Skills({ANN: {"hard": 0.3, "easy": 0.2}, BOB: {"easy": 0.9}})
    assert [b.parents for b in league.renew(0, both, 0)[0]] == [(BOB,)]


def test_the_weakest_of_three_rivals_may_become_a_cross_of_the_others() -> None:
    record, seen = Skills({ANN: {"s": 0.9}, BOB: {"s": 0.6}, CAT: {"s": 0.0}}), set()
    for seed in range(20):
        league = population(
            replacement=Replacement(every=1, scale=0.02), rivals=[(ANN, BOB, CAT)]
        )
        (birth,) = league.renew(0, record, seed)[0]
        seen.add((birth.how, birth.parents))
        assert birth.name == CAT
    assert seen == {("mutated", (ANN,)), ("crossed", (ANN, BOB))}


def test_a_replaced_agents_progress_is_measured_from_its_replacement() -> None:
    parts = {
        "snapshot_rule": WhenStronger(0.5),
        "replacement": Replacement(every=4, scale=0.02),
        "rivals": [(ANN, BOB)],
    }
    league = population(**parts)
    assert [
        b.how for b in league.renew(3, Skills({ANN: {"s": 0.9}, BOB: {"s": 0.1}}), 0)[0]
    ] == ["mutated"]
    grown = Skills({ANN: {"s": 0.9}, BOB: {"s": 0.9}})
    assert league.renew(4, grown, 0)[0] == []
    assert league.milestones[BOB].skills == {"s": 0.9}


def test_a_population_comes_back_from_json_with_its_lineage() -> None:
    parts = {
        "snapshot_rule": AnyRule([EveryRounds(1), WhenStronger(0.1)]),
        "max_snapshots": 1,
        "reference_copies": True,
    }
    parts |= {"replacement": Replacement(every=2, scale=0.02), "rivals": [(ANN, BOB)]}
    league, fresh = population(**parts), Population(**parts)
    record = Skills({ANN: {"s": 0.9}, BOB: {"s": 0.1}})
    for i in range(4):
        league.renew(i, record, 0)
    fresh.restore(json.loads(json.dumps(league.state())))
    assert fresh == league
    assert list(fresh.members) == list(league.members)
    assert fresh.renew(4, record, 0) == league.renew(4, record, 0)


def test_a_snapshot_is_recognised_by_its_name() -> None:
    assert [is_frozen_copy(AgentId(n)) for n in ("ann", "ann@3")] == [False, True]
    assert base_agent(AgentId("ann@3")) == base_agent(ANN) == ANN
