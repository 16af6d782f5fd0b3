"""A study's folder holds one study."""

import json
from pathlib import Path
from typing import Any

import pytest

from docendo.errors import UserError
from docendo.study.folder import write_study_file
from docendo.study.plan import StudyPlan
from docendo.study.result_files import load_study, write_result
from tests.study.leagues import SMALL, league, planned
from tests.study.toys import result

REGIMES = {"few": {"settings": ["domains.*.solutions=8"]}}
GRIDS = {"experts": [["experts.lr=0.1"], ["experts.lr=0.2"]]}


def settled(
    here: Path, name: str = "before", made: dict[str, Any] | None = None, **given: Any
) -> StudyPlan:
    (here / name).mkdir()
    plan = planned(here / name, made, **{"regimes": REGIMES, "search_space": GRIDS} | given)
    write_study_file(here / "out", plan, Path("recipes", f"{name}.toml"))
    return plan


def test_a_study_may_be_resumed_with_more_or_fewer_arms_seeds_and_regimes(
    tmp_path: Path,
) -> None:
    settled(tmp_path)
    more = {"all": {}} | REGIMES
    own = {"hot": {"settings": ["teaching.temperature=2.0"]}}
    settled(
        tmp_path, "after", seeds=3, arms=["experts", "hot"], regimes=more, custom_arms=own
    )
    study = json.loads((tmp_path / "out" / "study.json").read_text())["study"]
    assert (study["arms"], list(study["regimes"])) == (["experts", "hot"], ["all", "few"])

    settled(tmp_path, "again", seeds=2, arms=["experts"], regimes=more, custom_arms=own)
    study = json.loads((tmp_path / "out" / "study.json").read_text())["study"]
    assert (study["arms"], study["seeds"]) == (["experts"], 2)


def test_a_study_folder_stores_the_name_of_its_study_file_and_no_machine_path(
    tmp_path: Path,
) -> None:
    plan, out = settled(tmp_path), tmp_path / "out"
    write_result(out, result(regime="few"))
    assert load_study(out).file == "recipes/before.toml"
    write_study_file(out, plan, tmp_path / "elsewhere.toml")
    assert load_study(out).file == "elsewhere.toml"
    (out / "study.json").unlink()
    assert load_study(out).file == ""


def test_a_search_grid_may_grow_only_at_its_end(tmp_path: Path) -> None:
    settled(tmp_path)
    settled(
        tmp_path,
        "after",
        search_space={"experts": [*GRIDS["experts"], ["experts.lr=0.3"]]},
    )
    kept = json.loads((tmp_path / "out" / "study.json").read_text())
    assert len(kept["study"]["search_space"]["experts"]) == 3
    settled(
        tmp_path,
        "another",
        search_space=kept["study"]["search_space"] | {"teaching": [["experts.lr=0.1"]]},
    )
    first = [["experts.lr=0.3"], *GRIDS["experts"]]
    for name, grid in (("fewer", GRIDS["experts"]), ("first", first), ("none", [])):
        with pytest.raises(
            UserError, match=r"holds another study: search_space.experts was"
        ):
            settled(tmp_path, name, search_space={"experts": grid})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budget": 2e9}, "budget was 1000000000.0, is now 2000000000.0"),
        ({"test_problems": 5}, "test_problems was 4, is now 5"),
        (
            {"ood_families": {"genes": {"pok": [1]}}},
            "ood_families.genes was nothing, is now {'pok': [1]}",
        ),
        (
            {"regimes": {"few": {"settings": []}}},
            "regimes.few.settings was ['domains.*.solutions=8'], is now []",
        ),
        ({"regimes": {"all": {}}}, "regimes.few was"),
        ({"search_space": {"experts": [["experts.lr=0.3"]]}}, "search_space.experts was"),
        ({"league": league(**SMALL | {"seed": 5})}, "config.seed was 0, is now 5"),
        (
            {"league": league(**SMALL | {"experts": {"steps": 9}})},
            "config.experts.steps was 2, is now 9",
        ),
    ],
)
def test_a_changed_study_is_refused_with_what_changed(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    settled(tmp_path)
    before = (tmp_path / "out" / "study.json").read_bytes()
    with pytest.raises(UserError) as told:
        settled(tmp_path, "after", given.pop("league", None), **given)
    assert f"holds another study: {said}" in str(told.value)
    assert (tmp_path / "out" / "study.json").read_bytes() == before


def test_a_study_older_than_a_setting_can_be_resumed_at_its_default(
    tmp_path: Path,
) -> None:
    settled(tmp_path)
    path = tmp_path / "out" / "study.json"
    kept = json.loads(path.read_text())
    assert "warmup_rounds = 0\n" in kept["config"]
    path.write_text(
        json.dumps(kept | {"config": kept["config"].replace("warmup_rounds = 0\n", "", 1)})
    )
    settled(tmp_path, "after")
    path.write_text(
        json.dumps(kept | {"config": kept["config"].replace("warmup_rounds = 0\n", "", 1)})
    )
    with pytest.raises(UserError, match="warmup_rounds was 0, is now 2"):
        settled(tmp_path, "other", league(experts=SMALL["experts"] | {"warmup_rounds": 2}))


def test_settings_that_no_longer_exist_are_reported(tmp_path: Path) -> None:
    settled(tmp_path)
    path = tmp_path / "out" / "study.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"config": "wings = 2\n" + kept["config"]}))
    with pytest.raises(UserError, match="wings was 2, is now nothing"):
        settled(tmp_path, "after")


def reading(name: Path) -> str:
    return f"agents.ada.data={{files={{'{name}'=1}}}}"


OTHER = r"holds another study: .*rows.* is not what it was; choose another --out"


@pytest.mark.parametrize("place", ["first", "last", "grid"])
def test_changing_a_data_file_of_any_training_is_refused(
    place: str, tmp_path: Path
) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("question,answer\nWhat?,1\n")
    arms = {"arms": {"teaching": [reading(data)]}}
    regimes = {
        "first": {"own": arms} | REGIMES,
        "last": REGIMES | {"own": arms},
        "grid": REGIMES,
    }[place]
    search_space = GRIDS | (
        {"teaching": [["experts.lr=0.1"], [reading(data)]]} if place == "grid" else {}
    )
    settled(tmp_path, regimes=regimes, search_space=search_space)
    settled(tmp_path, "same", regimes=regimes, search_space=search_space)
    data.write_text("question,answer\nWhat?,2\n")
    with pytest.raises(UserError, match=OTHER):
        settled(tmp_path, "other", regimes=regimes, search_space=search_space)


def test_file_hashes_are_kept_when_a_study_is_resumed_with_fewer_arms(
    tmp_path: Path,
) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("question,answer\nWhat?,1\n")
    regimes = {"own": {"arms": {"teaching": [reading(data)]}}}
    settled(tmp_path, regimes=regimes, arms=["experts", "teaching"])
    settled(tmp_path, "part", regimes=regimes, arms=["experts"])
    data.write_text("question,answer\nWhat?,2\n")
    with pytest.raises(UserError, match=OTHER):
        settled(tmp_path, "again", regimes=regimes, arms=["experts", "teaching"])


def test_a_data_folder_must_have_the_same_files_as_before(tmp_path: Path) -> None:
    data = tmp_path / "rows"
    data.mkdir()
    (data / "a.csv").write_text("question,answer\nWhat?,1\n")
    own = {"mine": {"settings": [reading(data)]}}
    settled(tmp_path, custom_arms=own)
    (data / "b.csv").write_text("question,answer\nWho?,2\n")
    with pytest.raises(UserError, match=OTHER):
        settled(tmp_path, "again", custom_arms=own)


def test_a_folder_without_recorded_file_hashes_can_be_resumed(tmp_path: Path) -> None:
    settled(tmp_path)
    path = tmp_path / "out" / "study.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({name: kept[name] for name in ("file", "study", "config")}))
    settled(tmp_path, "after")
    resumed = json.loads(path.read_text())
    assert resumed == kept | {"file": "recipes/after.toml"}


@pytest.mark.parametrize(
    "text",
    [
        '{"study": {}, "config": "", "files": 3}',
        "",
        "{}",
        "[]",
        '{"study": {}, "config": 3}',
        '{"study": 3, "config": ""}',
    ],
)
def test_a_damaged_study_file_is_reported(text: str, tmp_path: Path) -> None:
    settled(tmp_path)
    (tmp_path / "out" / "study.json").write_text(text)
    with pytest.raises(UserError, match="is not what a study wrote"):
        settled(tmp_path, "after")


def test_a_folder_of_something_else_or_one_that_cannot_be_created_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "diary.txt").write_text("dear")
    with pytest.raises(UserError, match="is not empty and holds no study"):
        settled(tmp_path)
    plan = planned(tmp_path)
    with pytest.raises(UserError, match=r"diary.txt is a file; choose another --out"):
        write_study_file(tmp_path / "out" / "diary.txt" / "study", plan, Path("study.toml"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["diary.txt"]
