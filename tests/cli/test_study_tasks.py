"""Which trainings of a study are chosen, checked and listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.toys import docendo
from tests.study.leagues import league, study


def refused(tmp_path: Path, *words: object, **given: Any) -> str:
    """The line, after checking that it is one, and that no folder was made."""
    done = docendo("compare", study(tmp_path, **given), "--out", tmp_path / "out", *words)
    assert done.code == 2, done.err
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    return done.err


def test_a_custom_arm_can_be_selected_and_other_arms_are_not_listed(
    tmp_path: Path,
) -> None:
    path = study(
        tmp_path,
        arms=["teaching", "experts"],
        custom_arms={"hot": {"settings": ["teaching.temperature=2.0"]}},
    )
    listed = docendo("compare", path, "--dry-run", "--out", tmp_path / "out").out
    assert "all, hot: as teaching, with teaching.temperature=2.0; seeds left: 0" in listed
    part = docendo(
        "compare", path, "--dry-run", "--out", tmp_path / "out", "--arm", "hot"
    ).out
    assert "experts" not in part


def test_the_listed_seeds_are_the_seeds_that_are_trained(tmp_path: Path) -> None:
    path = study(tmp_path, arms=["base", "teaching"], seeds=[7, 5])
    listed = docendo("compare", path, "--dry-run", "--out", tmp_path / "out").out
    assert "all, teaching: the full system; seeds left: 7, 5" in listed
    one = docendo("compare", path, "--dry-run", "--out", tmp_path / "out", "--seed", 5).out
    assert "all, teaching: the full system; seeds left: 5" in one
    assert (
        "--seed: got 6; the study has seeds 7, 5"
        in docendo("compare", path, "--dry-run", "--seed", 6).err
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--arm", "teching"), "--arm: no arm 'teching'; did you mean 'teaching'?"),
        (("--arm", "experts"), "--arm: no arm 'experts'"),
        (("--regime", "al"), "--regime: no regime 'al'; did you mean 'all'?"),
        (("--seed", 1), "--seed: got 1; the study has seeds 0 to 0"),
        (("--seed", -1), "--seed: got -1"),
    ],
)
def test_unknown_arms_and_regimes_are_refused_with_the_nearest_name(
    words: tuple[object, ...], said: str, tmp_path: Path
) -> None:
    assert said in refused(tmp_path, *words)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arms": ["teching"]}, "no arm 'teching'; did you mean 'teaching'?"),
        (
            {"ood_families": {"letters": {"speled": [1]}}},
            "no family 'speled'; did you mean 'spelled'?",
        ),
        (
            {"test_problems": 1},
            "test_problems = 1, expected at least one for each of 2 families and levels",
        ),
        (
            {"regimes": {"few": {"settings": ["domains.*.solutions=1"]}}},
            "[domains.letters] solutions = 1",
        ),
        (
            {"regimes": {"few": {"settings": ["domain.*.solutions=4"]}}},
            "did you mean 'domains'?",
        ),
        (
            {"search_space": {"teaching": [["experts.batch_siz=8"]]}},
            "no setting 'batch_siz'; did you mean 'batch_size'?",
        ),
    ],
)
def test_an_impossible_study_is_refused_before_anything_is_trained(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in refused(tmp_path, **given)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("domains.letters.solutions=1", "[domains.letters] solutions = 1"),
        (
            "askers.book.file='many.jsonl'",
            "expected at least one for each of 5 families and levels",
        ),
    ],
)
def test_the_evaluation_problems_of_every_regime_are_checked(
    setting: str, said: str, tmp_path: Path
) -> None:
    for name, count in (("few", 1), ("many", 5)):
        rows = [
            {"question": f"What is {i} + {i}?", "answer": 2 * i, "topic": f"t{i % count}"}
            for i in range(40)
        ]
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(f"{json.dumps(row)}\n" for row in rows)
        )
    book = {
        "type": "file",
        "file": str(tmp_path / "few.jsonl"),
        "columns": {"family": "topic"},
    }
    domains = {**league()["domains"], "sums": {"askers": {"book": 1.0}}}
    agents = {**league()["agents"], "dan": {"domain": "sums"}}
    regimes = {
        "first": {},
        "then": {"settings": [setting.replace("'many", f"'{tmp_path}/many")]},
    }
    assert said in refused(
        tmp_path,
        league=league(domains=domains, agents=agents, askers={"book": book}),
        regimes=regimes,
    )


def test_a_dry_run_of_a_study_lists_the_work_and_writes_nothing(tmp_path: Path) -> None:
    arms = ["base", "experts", "experts-merged", "teaching"]
    path = study(tmp_path, arms=arms, seeds=3, search_space={"teaching": [[], []]})
    done = docendo(
        "compare",
        path,
        "--out",
        tmp_path / "out",
        "--dry-run",
        "--arm",
        "experts-merged",
        "--arm",
        "teaching",
    )
    assert done.code == 0, done.err
    assert "trainings: 6, left: 6; trials of settings left: 2" in done.out
    assert (
        "all, experts-merged: the experts' adapters averaged; seeds left: 0, 1, 2"
        in done.out
    )
    assert not (tmp_path / "out").exists()
