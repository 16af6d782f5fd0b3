from pathlib import Path

from docendo.report.render.viewer import viewer_data
from tests.report.toys import small_run


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
