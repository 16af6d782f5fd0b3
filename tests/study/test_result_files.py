"""A result is a file that comes back as it was; a study is all its results."""

from pathlib import Path
from typing import Any

import pytest

from docendo.errors import RunError, UserError
from docendo.study.result_files import load_study, read_result, result_path, write_result
from docendo.study.results import CurvePoint, LessonGain, TrainingTrace
from tests.study.toys import answers, result


def rich(seed: int = 0) -> Any:
    keys = {"letters_flip": "0011", "letters_turn": "0001", "numbers_sums": "01"}
    curve = [
        CurvePoint(
            flops=x, accuracy={a: {"letters": x / 100, "numbers": 0.5} for a in "ab"}
        )
        for x in (0, 50)
    ]
    gain = LessonGain(flops=50, teacher="a", student="b", gain=-0.25, lessons=3)
    return result(
        seed=seed,
        with_lesson=answers(**keys),
        after_experts=answers(**keys),
        ood=answers(letters_sort="1"),
        vote={"letters/flip": "0110"},
        curve=curve,
        trace=TrainingTrace(nonzero_variance=[(50, 0.5)], lesson_gains=[gain]),
    )


def test_a_result_comes_back_as_it_was(tmp_path: Path):
    path = write_result(tmp_path, rich())
    assert (
        path
        == result_path(tmp_path, "scarce", "teaching", 0)
        == tmp_path / "results/scarce/teaching-0.json"
    )
    assert read_result(path) == rich()
    assert [p.name for p in path.parent.iterdir()] == ["teaching-0.json"]


def test_a_result_replaces_the_previous_one(tmp_path: Path):
    write_result(tmp_path, result())
    path = write_result(tmp_path, rich())
    assert read_result(path).curve


def test_a_folder_that_cannot_be_created_is_a_run_error(tmp_path: Path):
    (tmp_path / "results").write_text("in the way")
    with pytest.raises(RunError, match=r"teaching-0\.json"):
        write_result(tmp_path, result())


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 5000, b'{"seed": NaN}']
)
def test_a_file_that_is_no_result_is_refused(text: bytes, tmp_path: Path):
    path = write_result(tmp_path, result())
    path.write_bytes(text)
    with pytest.raises(UserError, match=r"teaching-0\.json: "):
        read_result(path)


def test_a_file_under_another_name_than_its_own_is_refused(tmp_path: Path):
    path = write_result(tmp_path, result())
    other = path.rename(path.with_name("teaching-1.json"))
    with pytest.raises(
        UserError,
        match=r"teaching-1\.json: holds scarce, teaching, seed 0; expected in results/scarce",
    ):
        read_result(other)


def test_a_study_is_all_its_results_in_order(tmp_path: Path):
    for arm, seed in (("teaching", 10), ("teaching", 9), ("joint-rl", 9)):
        write_result(tmp_path, result(arm, seed))
    (tmp_path / "results" / "scarce" / ".teaching-3.json.7.tmp").write_text("half")
    study = load_study(tmp_path)
    assert study.name == tmp_path.name
    assert {arm: list(seeds) for arm, seeds in study.results["scarce"].items()} == {
        "joint-rl": [9],
        "teaching": [9, 10],
    }


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (
            '{"study": {"regimes": {"scarce": {}, "empty": {}, "plenty": {}}}}',
            ["scarce", "plenty", "another"],
        ),
        ('{"study": {}}', ["another", "plenty", "scarce"]),
        ('{"study": {"regimes": [["scarce"]]}}', ["another", "plenty", "scarce"]),
        ("{", ["another", "plenty", "scarce"]),
        (None, ["another", "plenty", "scarce"]),
    ],
    ids=["told", "none", "no names", "broken", "no file"],
)
def test_regimes_are_ordered_as_in_the_study_or_else_by_name(
    file: str | None, wanted: list[str], tmp_path: Path
):
    for regime in ("plenty", "another", "scarce"):
        write_result(tmp_path, result(regime=regime))
    if file is not None:
        (tmp_path / "study.json").write_text(file)
    assert list(load_study(tmp_path).results) == wanted


def test_a_folder_without_results_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no result of a study"):
        load_study(tmp_path / "nowhere")


def test_arms_with_different_evaluation_problems_are_not_compared(tmp_path: Path):
    write_result(tmp_path, result("teaching"))
    fewer = answers(letters_flip="001", letters_turn="0001", numbers_sums="01")
    write_result(tmp_path, result("joint-rl", test=fewer))
    with pytest.raises(
        UserError,
        match=r"teaching and joint-rl did not answer the same problems \(scores.test\)",
    ):
        load_study(tmp_path)
