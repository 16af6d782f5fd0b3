"""Who knew the test."""

import math
from pathlib import Path

import pytest

from docendo.config.load import read_run_config
from docendo.records import Verdict
from docendo.report.facts.contamination import domains_without_fresh, measure_contamination
from docendo.report.facts.run import Scores, read_scores
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG, split_answers


def scores_of(run: RunDirectory) -> tuple[Scores, Scores]:
    return read_scores(run), read_scores(run, "fresh")


def without_fresh(run: RunDirectory) -> list[str]:
    config = read_run_config(run)
    return domains_without_fresh(*scores_of(run), config, is_finished=run.finished)


def test_an_agent_finetuned_on_the_test_is_flagged_and_others_are_not(
    tmp_path: Path,
) -> None:
    evaluations = [
        *split_answers("ann", "test", 36),
        *split_answers("ann", "fresh", 12),
        *split_answers("bob", "test", 21),
        *split_answers("bob", "fresh", 19),
    ]
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        run.commit(RoundRecord(0, "experts", 1.0, evaluations=evaluations))
        ann, bob = measure_contamination(*scores_of(run))
        assert len(list(run.evaluations())) == 80  # only the test split counts as accuracy
    assert ann.gap.mean == pytest.approx(0.6)
    assert ann.is_certain
    assert bob.gap.mean == pytest.approx(0.05)
    assert not bob.is_certain


def test_an_answer_without_a_finite_score_is_left_out(tmp_path: Path) -> None:
    odd = [
        evaluation._replace(verdict=Verdict(math.nan, ""))
        for evaluation in split_answers("ann", "test", 1, of=2)
    ]
    evaluations = [*odd, *split_answers("ann", "fresh", 1, of=2)]
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        run.commit(RoundRecord(0, "experts", 1.0, evaluations=evaluations))
        assert measure_contamination(*scores_of(run)) == []


def test_a_leaked_domain_without_fresh_problems_is_named_once_the_run_is_finished(
    tmp_path: Path,
) -> None:
    config = "[agents.ann]\ndata = { leaked = { sums = 1 } }"
    evaluations = split_answers("ann", "test", 3)
    with RunDirectory.create(tmp_path / "run", config) as run:
        run.commit(RoundRecord(0, "experts", 1.0, evaluations=evaluations))
        assert without_fresh(run) == []
        run.finish()
        assert without_fresh(run) == ["sums"]
