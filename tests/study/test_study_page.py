"""One study, three ways to read it, the same numbers in all of them; nothing in its files can break the page."""

import re
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.study.markdown import render_markdown
from docendo.study.regimes import RegimeResults, split_by_regime
from docendo.study.result_files import load_study, write_result
from docendo.study.results import LessonGain, StudyResults, TrainingTrace
from docendo.study.study_page import study_page, write_report
from tests.hostile.payloads import HTML
from tests.study.toys import TRAINED, about, answers, result, toy_study
from tests.toys import load_script

DOCS = Path(__file__).parents[2] / "docs"


def written(folder: Path) -> Path:
    study = load_study(folder)
    return write_report(study, split_by_regime(study, 100), folder / "report.html")


def flat(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_every_chart_of_the_study_page_has_finite_numbers(
    toy: tuple[StudyResults, list[RegimeResults]],
):
    body = study_page(*toy).split("<main>")[1]
    assert body.count("<svg") == 2 * (1 + 1 + 3 + 3 + 1)
    assert not re.search(r"\b(nan|inf|None)\b", body)


def test_the_study_page_loads_nothing_from_elsewhere(
    toy: tuple[StudyResults, list[RegimeResults]],
):
    page = study_page(*toy)
    assert "default-src 'none'" in page
    assert not [
        word
        for word in ("src=", "url(", "@import", "http")
        if word in page.split("</style>")[1]
    ]


def test_gains_of_few_lessons_have_no_colour_and_do_not_set_the_scale(
    tmp_path: Path,
) -> None:
    told = [("a", "b", 1.0, 9), ("b", "a", 0.2, 10)]
    gains = tuple(
        LessonGain(flops=90, teacher=t, student=s, gain=gain, lessons=n)
        for t, s, gain, n in told
    )
    write_result(tmp_path, result(trace=TrainingTrace(lesson_gains=gains)))
    page = written(tmp_path).read_text()
    cells = [c for c in re.findall("<rect.*?</rect>", page) if "mean gain" in c]
    depths = [re.findall(r'fill-opacity="([^"]*)"', cell) for cell in cells]
    assert depths == [[], ["0.85"]]


def test_a_study_of_one_training_has_a_page_that_claims_nothing(tmp_path: Path):
    write_result(tmp_path, result())
    page = written(tmp_path).read_text()
    assert "nothing to compare yet" in page
    assert "beats" not in flat(page.split("<main>")[1])
    study = load_study(tmp_path)
    assert "There is no result of joint-rl yet" in render_markdown(
        study, split_by_regime(study, 10)
    )


def test_arms_that_answered_nothing_or_everything_have_a_page(tmp_path: Path):
    for arm, key in (("teaching", "1"), ("joint-rl", "0"), ("experts", "0")):
        for seed in range(2):
            keys = answers(letters_flip=key * 9, letters_turn=key * 9, numbers_sums=key * 9)
            write_result(tmp_path, result(arm, seed, keys))
    page = flat(written(tmp_path).read_text())
    assert (
        "teaching beats joint-rl by +100.0 points (95% interval +100.0 to +100.0, 2 seeds)"
        in page
    )
    assert "so there is no gap to close" in page


def test_the_study_page_is_written_atomically_without_other_files(tmp_path: Path):
    write_result(tmp_path, result())
    assert written(tmp_path) == tmp_path / "report.html"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "results"]
    with pytest.raises(UserError, match="no result of a study"):
        written(tmp_path / "results")


@pytest.mark.parametrize("text", HTML[::9])
def test_hostile_names_add_no_element_and_no_markdown_to_a_study(text: str, tmp_path: Path):
    def made(name: str) -> tuple[str, str]:
        folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "study"
        agents = (name, "b")
        test = answers(agents, letters_flip="01", letters_turn="01", numbers_sums="01")
        model = about(
            agents, model=name, settings={name: name}, domains=TRAINED, expert_domains={}
        )
        write_result(folder, result(test=test, setup=model))
        study = load_study(folder)
        found = split_by_regime(study, 10)
        return study_page(study, found), render_markdown(study, found)

    tags = re.compile(r"<[a-z]+")
    (tame, plain), (page, told) = made("name"), made(text)
    assert tags.findall(page) == tags.findall(tame)
    assert told.count("\n") == plain.count("\n")
    assert not re.search(
        r"(?<!\\)[<>`](?!details)", told.replace("```bash", "").replace("```", "")
    )


def test_the_short_page_has_a_table_and_a_picture_a_regime_and_links_all_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(DOCS)
    script = load_script(DOCS / "make_study.py")
    assert script.make_files(tmp_path / "nothing") == {}
    toy_study(tmp_path / "one", seeds=2, regimes=("scarce", "plenty"))
    files = script.make_files(tmp_path)
    pictures = ["studies/one-plenty.svg", "studies/one-scarce.svg"]
    assert sorted(files) == [*pictures, "studies/one.md", "study.md"]
    page = files["study.md"]
    assert page.startswith(script.HEAD)
    for picture in pictures:
        assert page.count(f"]({picture})") == 1
        assert "teaching minus joint-rl" in files[picture]
        assert "experts minus" not in files[picture]
    assert page.count("| teaching |") == 2
    assert "[all numbers](studies/one.md)" in page
    assert files["studies/one.md"].startswith("# one")


def test_a_regime_in_which_nothing_is_compared_yet_is_not_on_the_short_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(DOCS)
    script = load_script(DOCS / "make_study.py")
    for seed in range(2):
        write_result(tmp_path / "begun", result("joint-rl", seed))
    assert sorted(script.make_files(tmp_path)) == ["studies/begun.md"]
