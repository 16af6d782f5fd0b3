"""Payoff matrices and lineage, from runs that can be checked by hand."""

from pathlib import Path

import numpy as np
import pytest

from docendo.records import AgentId, Duel
from docendo.report.facts.league import (
    analyse_duels,
    analyse_lessons,
    lineage,
    round_metrics,
    shared_interest,
    standings_by_measure,
)
from docendo.report.facts.run import collect
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG

ANN, BOB = AgentId("ann"), AgentId("bob")


def test_gains_have_teachers_in_rows_and_nothing_where_two_never_met(
    run: RunDirectory,
) -> None:
    with run:
        facts = collect(run)
    analysis = analyse_lessons(facts)
    assert analysis is not None
    assert analysis.names == ("ann", "bob")
    assert analysis.payoff[0, 1] == pytest.approx((0.5 + 0.0 - 0.25) / 3)
    assert np.isnan(analysis.payoff[1, 0])
    assert analysis.collaboration == shared_interest(facts)
    assert shared_interest(facts) == pytest.approx(1.0, abs=0.05)


def test_a_duel_is_played_from_both_sides_and_not_against_oneself(tmp_path: Path) -> None:
    duels = [
        Duel(0, "kuhn", ANN, BOB, "king jack", (), (1.0, -1.0)),
        Duel(0, "kuhn", BOB, ANN, "king jack", (), (0.5, -0.5)),
        Duel(0, "alone", AgentId("ann@1"), AgentId("ann@3"), "king jack", (), (1.0, -1.0)),
    ]
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        run.commit(RoundRecord(0, "teaching", 1.0, duels=duels))
        analyses = analyse_duels(run)
    kuhn = analyses["kuhn"]
    assert kuhn is not None
    assert kuhn.payoff[0, 1] == -kuhn.payoff[1, 0] == pytest.approx(0.25)
    assert analyses["alone"] is None


def test_a_run_without_a_league_has_no_standings_and_no_births(run: RunDirectory) -> None:
    with run:
        assert lineage(run) == []
        assert round_metrics(run) == []
        assert not any(standings_by_measure(run, 0.9).values())
