"""What each asker contributed."""

from dataclasses import replace
from pathlib import Path

import pytest

from docendo.records import AgentId, Completion, Problem, Question, TaskType
from docendo.report.facts.questions import problems_by_source, questions_by_persona
from docendo.report.facts.run import collect
from docendo.report.facts.summary import summary
from docendo.report.render.text_tables import text_tables
from docendo.report.run_page import html_page
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import lesson

CONFIG = '[askers.people]\ntype = "persona"\nmodel = "ann"\n[agents.ann]\ndomain = "sums"\n'
KIND = TaskType("sums", "plain", 1)


def question(persona: str, refused: str = "", tries: tuple[float, ...] = ()) -> Question:
    problem = Problem(*KIND, f"{persona} {refused} {tries}?", "7", source="agent:ann")
    return Question(
        round=1,
        asker=AgentId("ann"),
        persona=persona,
        task_type=KIND,
        completion=Completion("Question: ?\nAnswer: 7"),
        problem=problem,
        refused=refused,
        tries=tuple((AgentId("bob"), score) for score in tries),
    )


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = RunDirectory.create(tmp_path / "run", CONFIG)
    asked = [
        question("<b>Baker</b>", tries=(1.0, 0.0)),
        question("<b>Baker</b>", refused="form: too long"),
        question("<b>Baker</b>", refused="form: too short"),
        question("clerk", refused="known: asked before"),
    ]
    played = [
        lesson(1, "ann", "bob", [1, 1], 0.5),
        lesson(1, "ann", "bob", [1, 0], 0.5),
        lesson(1, "ann", "bob", [0, 0], 0.25, test=2),
        lesson(1, "ann", "bob", [], test=3),
    ]
    sources = ("capitals.csv:4", "capitals.csv:4", "capitals.csv:71", "agent:ann")
    episodes = [
        replace(e, test=replace(e.test, source=source))
        for e, source in zip(played, sources, strict=True)
    ]
    made.commit(RoundRecord(1, "teaching", 1.0, episodes=episodes, questions=asked))
    return made


def test_every_persona_has_its_questions_admissions_and_refusal_reasons(
    run: RunDirectory,
) -> None:
    with run:
        baker, clerk = questions_by_persona(run)
    assert (baker.asked, baker.admitted, baker.refused) == (3, 1, {"form": 2})
    assert baker.payoff == pytest.approx(1 / 3)  # 4 * 0.5 * 0.5 for one of three
    assert (clerk.asked, clerk.admitted, clerk.payoff, clerk.refused) == (
        1,
        0,
        0.0,
        {"known": 1},
    )


def test_rows_of_a_file_count_as_one_source_and_lessons_of_a_match_as_one(
    run: RunDirectory,
) -> None:
    with run:
        ann, capitals = problems_by_source(run)
    assert (capitals.source, capitals.matches, capitals.without.mean) == (
        "capitals.csv",
        2,
        0.375,
    )
    assert capitals.gain is not None
    assert capitals.gain.mean == pytest.approx((0.5 + 0.0 - 0.25) / 3)
    assert (ann.source, ann.matches, ann.gain) == ("ann", 1, None)


def test_origins_and_personas_are_on_the_page_and_in_the_json(run: RunDirectory) -> None:
    with run:
        titles, page, found = (
            [s.title for s in text_tables(run, collect(run))],
            html_page(run),
            summary(run),
        )
    assert titles == ["Whose problems were worked on", "Who asked as whom"]
    assert "ann as &lt;b&gt;Baker&lt;/b&gt;" in page
    assert "2 form" in page
    assert found["questions"][0]["refused"] == {"form": 2}
    assert [o["source"] for o in found["origins"]] == ["ann", "capitals.csv"]


def test_without_askers_the_origin_of_problems_is_not_shown(
    tmp_path: Path,
) -> None:
    with RunDirectory.create(tmp_path / "run", '[agents.ann]\ndomain = "sums"\n') as run:
        run.commit(
            RoundRecord(0, "teaching", 1.0, episodes=[lesson(0, "ann", "bob", [1, 0])])
        )
        assert text_tables(run, collect(run)) == []
