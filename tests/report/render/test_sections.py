"""The sections of a run's page say what the run says, or that there is nothing yet."""

from pathlib import Path

import pytest

from docendo.report.facts.run import Facts, collect
from docendo.report.render import sections
from docendo.store import RunDirectory
from tests.report.toys import CONFIG, small_run


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    with small_run(tmp_path_factory.mktemp("run") / "league") as run:
        return collect(run)


def test_a_run_that_just_began_says_what_it_has_not(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        nothing = collect(run)
    assert "No evaluation" in sections.knowledge(nothing)
    assert "No evaluation" in sections.learning(nothing)
    assert "No lesson was shown" in sections.lessons_matrix(nothing)
    assert "No lesson was given" in sections.lessons_table(nothing)
    assert "Nothing was booked" in sections.compute(nothing)


def test_knowledge_has_a_picture_for_each_domain(facts: Facts) -> None:
    page = sections.knowledge(facts)
    assert page.count("<figure") == 2
    assert "base model" in page


def test_a_curve_has_every_agent_and_the_stage_of_experts(facts: Facts) -> None:
    page = sections.learning(facts)
    assert "experts stage" in page
    assert "mean 50%, 95% interval" in page


def test_the_matrix_counts_lessons_and_flat_groups(facts: Facts) -> None:
    assert "Over all 3 shown lessons" in sections.lessons_matrix(facts)
    assert "ann" in sections.lessons_table(facts)


def test_compute_is_told_by_purpose_and_the_header_by_name(facts: Facts) -> None:
    assert "training" in sections.compute(facts)
    assert "league" in sections.header(facts)
