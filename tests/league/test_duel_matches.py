from collections import Counter

import pytest

from docendo.errors import UserError
from docendo.league.duel_matches import DuelMatchmaker, alphastar
from docendo.league.matchmaking import NashMixture, Uniform
from docendo.league.standings import LiveStandings
from docendo.records import AgentId, Pairing
from tests.toys import ANN, BOB, CAT, empty_standings

PAST, NASH = AgentId("ann@3"), AgentId("nash")
ROLES = {ANN: "main", BOB: "exploiter", CAT: "league-exploiter"}
PRESENT = [ANN, BOB, CAT, PAST]


def paired(
    count: int, roles=ROLES, choices=None, others=(), present=PRESENT, standings=None
) -> list[Pairing]:
    chosen = choices or alphastar(roles)
    return DuelMatchmaker("kuhn", roles, chosen, others)(
        present, standings or empty_standings(), count, 1
    )


def opponents(agent: AgentId, pairings: list[Pairing]) -> Counter:
    return Counter(p.second for p in pairings if p.first == agent)


def test_learners_take_turns_and_snapshots_are_opponents_only() -> None:
    assert Counter(p.first for p in paired(30)) == {ANN: 10, BOB: 10, CAT: 10}
    assert {p.game for p in paired(3)} == {"kuhn"}
    assert paired(0) == []


def test_a_main_agent_plays_itself_the_league_and_the_exploiters() -> None:
    met = opponents(ANN, paired(3000))
    # 0.35 oneself; 0.5 over four players of unknown strength; 0.15 over two exploiters
    expected = {ANN: 0.475, BOB: 0.2, CAT: 0.2, PAST: 0.125}
    assert {a: met[a] / 1000 for a in PRESENT} == pytest.approx(expected, abs=0.05)


def test_exploiters_play_current_main_agents_and_league_exploiters_play_all() -> None:
    pairings = paired(600)
    assert set(opponents(BOB, pairings)) == {ANN}
    assert set(opponents(CAT, pairings)) == set(PRESENT)


def test_scripted_players_are_opponents_only() -> None:
    pairings = paired(
        200, roles={ANN: "main"}, choices={"main": Uniform()}, others=[NASH], present=[ANN]
    )
    assert {p.first for p in pairings} == {ANN}
    assert set(opponents(ANN, pairings)) == {ANN, NASH}


def test_hard_opponents_are_played_more_often() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record_games([(ANN, BOB, 1.0), (ANN, CAT, 0.0)] * 50, "kuhn", 0)
    choices = alphastar({ANN: "main"})
    met = opponents(ANN, paired(1000, {ANN: "main"}, choices, [BOB, CAT], [ANN], standings))
    assert met[CAT] > 5 * met[BOB] > 0


def test_equilibrium_matchmaking_plays_a_cycle_evenly_and_no_dominated_agent() -> None:
    standings = LiveStandings(decay=1.0)
    dan, eve = AgentId("dan"), AgentId("eve")
    cycle = [(BOB, CAT, 1.0), (CAT, dan, 1.0), (dan, BOB, 1.0)]
    standings.record_games(
        [*cycle, *((a, eve, 1.0) for a in (BOB, CAT, dan))] * 100, "kuhn", 0
    )
    met = opponents(
        ANN,
        paired(
            900,
            {ANN: "main"},
            {"main": NashMixture(floor=0.0)},
            [BOB, CAT, dan, eve],
            [ANN],
            standings,
        ),
    )
    # ann has played nobody: to the league she is as strong as any of the cycle
    assert met[eve] == 0
    assert met[BOB] == pytest.approx(met[CAT], rel=0.3) == pytest.approx(met[dan], rel=0.3)


def test_a_league_without_opponents_is_an_error() -> None:
    with pytest.raises(UserError, match="no agent learns"):
        paired(1, present=[PAST])
    with pytest.raises(UserError, match="has nobody to choose for 'bob'"):
        paired(1, roles={BOB: "exploiter"}, present=[BOB])
