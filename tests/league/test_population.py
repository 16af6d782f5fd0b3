import json
from dataclasses import dataclass, field

import pytest

from docendo.league.population import (
    Birth,
    Either,
    EveryRounds,
    Never,
    Population,
    Replacement,
    WhenStronger,
    frozen,
)
from docendo.records import AgentId, Course, Kind, origin
from tests.toys import ANN, BOB, CAT, shares

SUMS = Kind("sums", "small", 1)


@dataclass
class Skills:
    """Standings that say what a test says."""

    skills: dict[str, float] = field(default_factory=dict)
    won: tuple[float, float] = (0.0, 0.0)

    def skill(self, agent: AgentId) -> float:
        return self.skills.get(agent, 0.5)

    def wins(self, rows, columns, subject):
        return shares(*[self.won] * len(rows))


def population(**parts) -> Population:
    made = Population(**parts)
    made.found([ANN, BOB, CAT])
    return made


def names(births: list[Birth]) -> list[str]:
    return [b.name for b in births]


def test_copies_are_taken_every_so_many_rounds_and_the_oldest_leave() -> None:
    league = population(rule=EveryRounds(2), kept=2)
    seen = [league.renew(i, Skills(), 0) for i in range(8)]
    assert [names(born)[:1] for born, _ in seen] == [[], [], ["ann@2"], [], ["ann@4"], [], ["ann@6"], []]
    assert [gone for _, gone in seen if gone] == [["ann@2", "bob@2", "cat@2"]]
    assert league.copies(ANN) == ["ann@4", "ann@6"]
    assert league.learners == [ANN, BOB, CAT]


def test_a_copy_is_taken_when_the_agent_is_better_than_at_its_last_copy() -> None:
    league, record = population(rule=WhenStronger(0.2)), Skills({ANN: 0.1})
    league.present[ANN] = league.present[ANN]._replace(skill=0.1)
    heights = {1: 0.25, 2: 0.31, 3: 0.45, 4: 0.52}
    born = []
    for index, height in heights.items():
        record.skills[ANN] = height
        born += [b for b in league.renew(index, record, 0)[0] if b.parents == (ANN,)]
    assert names(born) == ["ann@2", "ann@4"], "0.31 is 0.2 above 0.1, and 0.52 is 0.2 above 0.31"
    assert born[0].skill == 0.31


@pytest.mark.parametrize(("won", "due"), [((8, 10), True), ((5, 10), False), ((4, 4), False)])
def test_in_a_game_a_copy_is_taken_when_the_last_one_is_beaten_often_enough(won, due) -> None:
    rule = WhenStronger(0.2, game="kuhn", least=8)
    assert rule(ANN, Birth(0, AgentId("ann@0"), "snapshot"), 5, Skills(won=won)) is due


def test_either_rule_will_do() -> None:
    rule, past = Either([EveryRounds(5), WhenStronger(0.3)]), Birth(0, ANN, "founder", skill=0.0)
    assert [rule(ANN, past, i, Skills({ANN: s})) for i, s in ((1, 0.1), (1, 0.4), (5, 0.1))] == [False, True, True]
    assert Never()(ANN, past, 100, Skills({ANN: 1.0})) is False


def test_anchors_are_copied_once_and_never_leave() -> None:
    league = population(rule=EveryRounds(1), kept=1, anchored=True)
    assert names(league.anchor(-1, Skills())) == ["ann@-1", "bob@-1", "cat@-1"]
    assert league.anchor(0, Skills()) == []
    for i in range(4):
        league.renew(i, Skills(), 0)
    assert league.copies(ANN) == ["ann@-1", "ann@3"]
    assert league.copies(ANN, "anchor") == ["ann@-1"]
    assert population().anchor(0, Skills()) == [], "not wanted"


def test_the_past_teaches_and_anchors_are_taught() -> None:
    league = population(rule=EveryRounds(1), anchored=True)
    league.anchor(-1, Skills())
    league.renew(1, Skills(), 0)
    (course,) = league.courses([Course(SUMS, (ANN,), (BOB,))])
    assert course == Course(SUMS, (ANN, "ann@-1", "ann@1"), (BOB, "bob@-1"))


def test_the_weakest_rival_becomes_a_relative_of_the_strongest() -> None:
    league = population(replacement=Replacement(every=2, margin=0.1), rivals=[(ANN, BOB), (CAT,)])
    record = Skills({ANN: 0.9, BOB: 0.2, CAT: 0.0})
    assert league.renew(0, record, 0)[0] == [], "not yet"
    assert league.renew(1, record, 0)[0] == [Birth(1, BOB, "mutated", (ANN,), 0.9)]
    assert league.present[BOB].parents == (ANN,)
    assert league.renew(3, Skills({ANN: 0.9, BOB: 0.85}), 0)[0] == [], "nearly as good"


def test_of_three_rivals_the_weakest_may_become_a_cross_of_the_others() -> None:
    record, seen = Skills({ANN: 0.9, BOB: 0.6, CAT: 0.0}), set()
    for seed in range(20):
        league = population(replacement=Replacement(every=1), rivals=[(ANN, BOB, CAT)])
        (birth,) = league.renew(0, record, seed)[0]
        seen.add((birth.how, birth.parents))
        assert birth.name == CAT
    assert seen == {("mutated", (ANN,)), ("crossed", (ANN, BOB))}


def test_a_population_comes_back_from_json_with_its_lineage() -> None:
    league = population(rule=EveryRounds(1), kept=1, anchored=True, replacement=Replacement(2), rivals=[(ANN, BOB)])
    league.anchor(-1, Skills())
    for i in range(4):
        league.renew(i, Skills({ANN: 0.9, BOB: 0.1}), 0)
    fresh = Population()
    fresh.restore(json.loads(json.dumps(league.state())))
    assert fresh.births == league.births
    assert fresh.present == league.present
    assert list(fresh.present) == list(league.present)


def test_a_copy_is_known_by_its_name() -> None:
    assert [frozen(AgentId(n)) for n in ("ann", "ann@3")] == [False, True]
    assert origin(AgentId("ann@3")) == origin(ANN) == ANN
