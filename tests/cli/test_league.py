"""`docendo league`: what a run's population looks like."""

import re
from pathlib import Path

import pytest

from docendo.league.lineage import Lineage
from docendo.league.population import Population
from docendo.league.snapshot_rules import Never
from docendo.records import AgentId, Duel, Metrics
from docendo.store import RoundRecord, RunDirectory
from tests.cli.toys import docendo
from tests.report.toys import lesson
from tests.toys import empty_standings

ANN, BOB, PAST = AgentId("ann"), AgentId("bob"), AgentId("ann@1")
KEYS = {
    "ratings",
    "nash",
    "nash_average",
    "alpha_rank",
    "cyclic_share",
    "clusters",
    "collaboration",
}
CONFIG = '[agents.ann]\ndomain = "sums"\n[agents.bob]\n'


def duel(first: AgentId, second: AgentId, won: float, deal: str = "king jack") -> Duel:
    return Duel(1, "kuhn", first, second, deal, (), (won, -won))


def made(here: Path, *duels: Duel, lessons: bool = True) -> None:
    """One round, in which Ann gave Bob two lessons, and these duels."""
    standings = empty_standings()
    population = Population(Never(), max_snapshots=2)
    played = (
        [lesson(1, "ann", "bob", [1, 1], 0.5), lesson(1, "ann", "bob", [1, 0], 0.5)]
        if lessons
        else []
    )
    standings.record_episodes(played)
    standings.record_games(
        [(d.first, d.second, (1 + d.payoffs[0]) / 2) for d in duels], "kuhn", 1
    )
    population.add_founders([ANN, BOB])
    population.add(Lineage(1, PAST, "snapshot", (ANN,)))
    state = {"standings": standings.state(), "population": population.state()}
    metrics = {
        "groups/total": 4,
        "groups/zero_variance": 1,
        "groups/nonzero_variance": 0.75,
        "partners": 1.5,
        "grad_noise/policy": 3.0,
        "grad_signal/policy": 1.0,
    }
    with RunDirectory.create(here / "run", CONFIG) as run:
        run.commit(
            RoundRecord(
                1,
                "teaching",
                1.0,
                played,
                metrics=Metrics(1, metrics),
                state=state,
                duels=duels,
            )
        )


def test_league_json_has_the_analysis_standings_lineage_and_rounds(
    here: Path,
) -> None:
    made(here)
    found = docendo("league", "run", "--json").json
    assert found["agents"] == ["ann", "bob"]
    assert found["of"] == "lessons"
    assert set(found) >= KEYS
    assert found["gains"]["ann"]["bob"]["mean"] == 0.25
    assert found["payoff"] == [[None, 0.25], [None, None]]
    # a match whose lessons gained 0.5 and 0, and the prior's 0
    (gain,) = found["standings"]["gains"]
    assert (gain["teacher"], gain["student"], gain["evidence"]) == ("ann", "bob", 1.0)
    assert gain["mean"] == pytest.approx(0.25 / 2)
    assert -1 < gain["low"] < gain["mean"] < gain["high"] < 1
    assert [b["how"] for b in found["lineage"]] == ["founder", "founder", "snapshot"]
    (played,) = found["rounds"]
    assert (played["round"], played["groups/nonzero_variance"], played["partners"]) == (
        1,
        0.75,
        1.5,
    )


def test_collaboration_is_computed_from_the_payoffs_of_every_lesson(here: Path) -> None:
    made(here)
    # gains 0.5 and 0.0 with scores 1.0 and 0.5: what is good for the teacher is good for the student
    assert docendo("league", "run", "--json").json["collaboration"] == pytest.approx(1)


def test_duels_have_their_own_analysis_with_snapshots_in_one_line(here: Path) -> None:
    made(
        here,
        duel(ANN, BOB, 1.0),
        duel(BOB, ANN, -0.5, "jack king"),
        duel(ANN, PAST, 0.5),
        duel(ANN, ANN, 1.0),
    )
    found = docendo("league", "run", "--json").json
    kuhn = found["games"]["kuhn"]
    assert kuhn["names"] == ["ann", "bob", "ann (past)"]
    assert kuhn["payoff"][0][1:] == [0.75, 0.5]
    assert kuhn["payoff"][1][0] == -0.75
    assert kuhn["collaboration"] == pytest.approx(-1)
    assert kuhn["nash"] == {"ann": 1.0, "bob": 0.0, "ann (past)": 0.0}
    wins = {(r["player"], r["opponent"]): r["mean"] for r in found["standings"]["wins"]}
    assert wins["ann", "bob"] == pytest.approx(2.75 / 4), (
        "a Beta posterior from one win and one loss"
    )


def test_a_league_without_lessons_shows_duels_only(here: Path) -> None:
    made(here, duel(ANN, BOB, 1.0), lessons=False)
    found = docendo("league", "run", "--json").json
    assert (found["of"], found["nash"]) == ("kuhn", {"ann": 1.0, "bob": 0.0})


def test_a_run_without_matches_says_so_and_keeps_its_json_keys(here: Path) -> None:
    made(here, lessons=False)
    found = docendo("league", "run", "--json").json
    assert {key: found[key] for key in KEYS} == dict.fromkeys(KEYS)
    assert "no lesson yet" in docendo("league", "run").out
    assert docendo("league", "run", "--html", "page.html").code == 2


def test_the_terminal_shows_who_helps_whom_the_rounds_and_the_lineage(here: Path) -> None:
    made(here, duel(ANN, BOB, 1.0))
    out = re.sub(r" +", " ", docendo("league", "run").out)
    assert "bob ann +0.25" in out, "who teaches whom best"
    assert "1 75% of 4" in out
    assert "75% 1.5" in out, "chance is 3 of 4 parts of the gradient"
    assert "ann@1 snapshot ann 1" in out
    assert "Payoffs: kuhn" in out


def test_the_league_page_is_one_file_with_four_charts_and_escaped_names(
    here: Path,
) -> None:
    odd = AgentId("<b>")
    made(here, duel(ANN, odd, 1.0), duel(odd, BOB, 1.0), duel(BOB, ANN, 1.0), lessons=False)
    docendo("league", "run", "--html", "page.html")
    page = (here / "page.html").read_text()
    assert page.count("<svg") >= 4
    assert "<b>" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
