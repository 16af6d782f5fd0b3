"""What imitated lessons left in the weights, from a run directory, by hand."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from docendo.build.recipients import build_recipients
from docendo.config.load import read_run_config
from docendo.records import AgentId, Evaluation, Problem, Verdict
from docendo.report.facts.run import collect
from docendo.report.facts.summary import summary
from docendo.report.facts.withheld import measure_imitation, read_taught
from docendo.report.render.text_tables import text_tables
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG, lesson

STUDENTS = ("bob", "cat")
WITHHOLDING = "[learning]\nwithhold_fraction = 0.5\n"


def evaluations(index: int, agent: str, scores: Sequence[float]) -> list[Evaluation]:
    """One for each score, on problems of the family that lessons are on."""
    rows = []
    for n, score in enumerate(scores):
        asked = Problem("sums", "plain", 1, f"held out {n}?", str(n))
        rows.append(Evaluation(index, AgentId(agent), asked, "", Verdict(score, "")))
    return rows


@pytest.fixture(params=[WITHHOLDING, ""], ids=["withheld", "plain"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> RunDirectory:
    """Both students get a useful lesson in round 1; who imitates it is right afterwards."""
    config = f"{CONFIG}\n[agents.cat]\n\n[domains.sums]\n\n{request.param}"
    directory = RunDirectory.create(tmp_path / "run", config)
    drawn = build_recipients(read_run_config(directory)).withholding
    withheld = drawn.students_without("sums/plain")

    start, end, first, later = [], [], [], []
    for student in STUDENTS:
        right = float(student not in withheld)
        start += evaluations(0, student, [0.0, 0.0])
        end += evaluations(2, student, [right, 1.0])
        first.append(lesson(1, "ann", student, [1, 1]))
        later.append(lesson(2, "ann", student, [1], expected=right))
    directory.commit(RoundRecord(0, "experts", 1.0, evaluations=start))
    directory.commit(RoundRecord(1, "teaching", 1.0, episodes=first))
    directory.commit(RoundRecord(2, "teaching", 1.0, episodes=later, evaluations=end))
    return directory


def test_the_effect_is_read_where_lessons_are_withheld(run: RunDirectory) -> None:
    facts = collect(run)
    effects = measure_imitation(run, facts)
    tables = {table.id for table in text_tables(run, facts)}
    told = summary(run)["imitation"]
    if not facts.config.learning.withhold_fraction:
        assert (effects, told, "imitation" in tables) == ([], [], False)
        assert read_taught(run, facts.config) == []
        return

    (drawn,) = [row.student for row in read_taught(run, facts.config) if row.is_withheld]
    assert drawn in STUDENTS
    values = [(row.outcome, row.withheld, row.effect.mean) for row in effects]
    assert values == [("held-out problems", 1, 0.5), ("later control attempts", 1, 1.0)]
    assert [row["mean"] for row in told] == [0.5, 1.0]
    assert "imitation" in tables
