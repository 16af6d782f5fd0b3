from dataclasses import replace
from pathlib import Path

from docendo.records import Completion, Rollout, Trial, Verdict
from docendo.report.render.viewer import viewer_data
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import CONFIG, lesson, problem, small_run


def test_the_newest_lessons_come_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    with small_run(tmp_path / "run") as run:
        every = viewer_data(run, 2000)
        assert [row["round"] for row in every] == sorted(
            (row["round"] for row in every), reverse=True
        )
        assert viewer_data(run, 1) == every[:1]


def test_a_text_shows_its_control_characters_and_is_cut(tmp_path: Path) -> None:
    with small_run(tmp_path / "run", "\x1b" + "x" * 9000) as run:
        texts = [str(row) for row in viewer_data(run, 2000)]
    assert not any("\x1b" in text or "x" * 9000 in text for text in texts)
    assert any("\u241b" + "x" * 7000 in text for text in texts)


def test_a_card_has_the_mistake_the_hints_the_part_and_the_dense_gain(
    tmp_path: Path,
) -> None:
    plain = lesson(0, "ann", "bob", [1, 1])
    (written,) = plain.lesson.examples
    long = written._replace(completion=Completion("one\ntwo\nthree"))
    answers = {
        score: Rollout(Completion(f"says {score}"), Verdict(score, ""))
        for score in (0.0, 1.0)
    }
    corrected = replace(plain.lesson, examples=(long,), tries=(answers[0.0],))
    episode = replace(
        plain,
        lesson=corrected,
        hints=(answers[0.0], answers[1.0]),
        trial=Trial(problem("sums", 9), 0.25),
    )
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        run.commit(RoundRecord(0, "teaching", 1.0, episodes=[episode, plain]))
        ordinary, card = viewer_data(run, 10)
    (example,) = card["examples"]
    assert [a["text"] for a in example["tries"]] == ["says 0.0"]
    assert example["part"] == "one\ntwo"
    assert [a["score"] for a in card["hints"]] == [0.0, 1.0]
    assert card["dense"] == 0.25
    assert (ordinary["hints"], ordinary["dense"]) == ([], None)
    assert "part" not in ordinary["examples"][0]
