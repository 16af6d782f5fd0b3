from random import Random

import numpy as np
import pytest

from docendo.analysis.payoff import cyclic_share
from docendo.analysis.preferences import (
    analyse_votes,
    count_scarce_pairs,
    cyclicity,
    find_preference_cycles,
    payoff_table,
    tally_votes,
)
from docendo.analysis.tournament import read_tournament
from docendo.errors import UserError
from docendo.humans.simulated import Person, poll
from docendo.records import AgentId, Opinion
from tests.toys import ANN, BOB, CAT, problem

TERSE, COURTEOUS, THOROUGH = AgentId("terse"), AgentId("courteous"), AgentId("thorough")
STYLED = {
    TERSE: "Answer: 31415",
    COURTEOUS: "Thank you for asking, I am glad to help you with it, and I hope that it is of use.\nAnswer: 31415",
    THOROUGH: " ".join(["word"] * 40),
}
CIRCLE = ("short", "polite", "detailed")
ORDERS = (
    {"short": 1.0},
    {"polite": 1.5, "detailed": 1.0},
    {"polite": -1.0, "detailed": 0.6},
)


def opinion(
    person: str, first: AgentId, second: AgentId, choice: str = "first", prompt: str = "?"
) -> Opinion:
    return Opinion(person, prompt, first, second, ("x", "y"), choice)  # type: ignore[arg-type]


def polled(people: list[Person], count: int = 5) -> list[Opinion]:
    return poll(people, [(problem(n), STYLED) for n in range(count)], 0)


def test_preferences_are_counted_as_row_beats_column() -> None:
    said = [
        opinion("eva", ANN, BOB),
        opinion("eva", BOB, ANN),
        opinion("eva", ANN, BOB),
        opinion("adam", BOB, ANN, "second"),
        opinion("adam", ANN, CAT, "tie"),
        opinion("adam", ANN, ANN),
    ]
    found = tally_votes(said)
    assert (found.names, found.units) == (("ann", "bob", "cat"), ("eva", "adam"))
    assert found.payoff[0, 1] == 0.5  # three of four
    assert found.payoff[1, 0] == -0.5
    assert found.payoff[0, 2] == 0
    assert np.isnan(found.payoff[1, 2])
    assert found.games_UNN.sum() == 2 * 5


def test_a_planted_preference_cycle_is_found_and_named() -> None:
    found = tally_votes(
        polled([Person(f"p{i}", {}, noise=0.2, cyclic_features=CIRCLE) for i in range(10)])
    )
    share, (ring,) = cyclicity(found), find_preference_cycles(found)
    assert share is not None
    assert share.low > 0.8
    assert ring.agents == ("courteous", "thorough", "terse")
    assert 0 < ring.low < ring.weakest
    assert analyse_votes(found).top.three_cycles.tolist() == [1, 1, 1]


def test_people_who_share_one_ranking_have_no_cycle() -> None:
    rng = Random(0)
    crowd = [
        Person(
            f"p{i}", {"polite": rng.uniform(0.5, 1), "short": rng.random() / 2}, noise=1.0
        )
        for i in range(30)
    ]
    found = tally_votes(polled(crowd))
    share = cyclicity(found)
    assert share is not None
    assert share.low < 0.02
    assert not [ring for ring in find_preference_cycles(found) if ring.low > 0]


def test_a_majority_can_prefer_in_a_circle_where_no_single_person_does() -> None:
    """Condorcet's paradox: three orders, each a third of the people."""
    crowd = [Person(f"p{i}", ORDERS[i % 3], noise=0.1) for i in range(90)]
    said = polled(crowd, count=3)
    share, (ring,) = cyclicity(tally_votes(said)), find_preference_cycles(tally_votes(said))
    assert share is not None
    assert share.low > 0.5
    assert (ring.agents, ring.low > 0) == (("courteous", "thorough", "terse"), True)
    for person in ("p0", "p1", "p2"):
        assert (
            find_preference_cycles(
                tally_votes([o for o in said if o.person == person], "prompt")
            )
            == []
        )


def test_random_preferences_have_no_cycle_on_average() -> None:
    """The squares of noisy payoffs have a cyclic part where there is no cycle; freed of noise, it is 0 on average."""
    rng, shares, plain = Random(0), [], []
    for _ in range(40):
        said = [
            opinion(f"p{i}", a, b, rng.choices(["first", "second"], [9, 1])[0])
            for i in range(20)
            for a, b in ((ANN, BOB), (ANN, CAT))
        ] + [opinion(f"p{i}", BOB, CAT, rng.choice(["first", "second"])) for i in range(20)]
        found, counted = cyclicity(tally_votes(said)), tally_votes(said)
        assert found is not None
        shares.append(found.share)
        plain.append(cyclic_share(np.nan_to_num(counted.payoff)))
    assert abs(np.mean(shares)) < 0.01 < 0.015 < np.mean(plain)


def test_a_few_people_who_agree_leave_a_wide_interval() -> None:
    circle = [(ANN, BOB), (BOB, CAT), (CAT, ANN)]
    for people, sure in ((2, False), (10, True)):
        (ring,) = find_preference_cycles(
            tally_votes([opinion(f"p{i}", *pair) for i in range(people) for pair in circle])
        )
        assert (ring.weakest, ring.low > 0) == (1.0, sure)


def test_no_cyclic_share_where_a_pair_has_few_votes_or_all_are_ties() -> None:
    assert cyclicity(tally_votes([opinion("eva", ANN, BOB)])) is None
    sparse = tally_votes(
        [opinion("eva", ANN, BOB), opinion("adam", ANN, BOB), opinion("eva", BOB, CAT)]
    )
    assert (count_scarce_pairs(sparse), cyclicity(sparse)) == (2, None)
    assert (
        cyclicity(tally_votes([opinion(f"p{i}", ANN, BOB, "tie") for i in range(4)]))
        is None
    )


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(UserError, match="none of 1 opinions compares two agents"):
        tally_votes([opinion("eva", ANN, ANN)])


def test_the_preference_table_can_be_read_by_analyse(tmp_path) -> None:
    path = tmp_path / "payoff.csv"
    found = tally_votes([opinion("eva", ANN, BOB), opinion("eva", BOB, CAT)])
    path.write_text("\n".join(",".join(row) for row in payoff_table(found)))
    read = read_tournament(path)
    assert read.names == ("ann", "bob", "cat")
    assert read.payoff.tolist() == [[0, 1, 0], [-1, 0, 1], [0, -1, 0]]
