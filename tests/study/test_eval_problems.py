"""Examinations: which problems, whose votes, what is right."""

from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.config import StudyConfig
from docendo.config.load import parse_config
from docendo.errors import UserError
from docendo.records import Rollout
from docendo.study.eval_problems import (
    check_eval_problems,
    draw_eval_problems,
    draw_ood_problems,
    draw_tuning_problems,
)
from docendo.study.plan import TUNING_SEED, eval_seed
from tests.study.leagues import league
from tests.toys import attempt

FOUND = read_catalog(parse_config(league(), "league.toml"))


def study_of(**given: Any) -> StudyConfig:
    return StudyConfig(
        **{"config": "league.toml", "budget": 1.0, "test_problems": 40, "seeds": 3} | given
    )


def said(*texts: str) -> list[Rollout]:
    return [attempt(text=text) for text in texts]


def test_all_agents_are_evaluated_on_taught_families_and_no_training_problem() -> None:
    first, second = (draw_eval_problems(FOUND, eval_seed(seed), 40) for seed in (0, 1))
    assert {p.task_type[:2] for p in first} == {
        ("letters", "tor"),
        ("letters", "mib"),
        ("digits", "vun"),
        ("genes", "sel"),
    }
    assert len({p.key for p in first}) == 3 * 40
    assert first == draw_eval_problems(FOUND, eval_seed(0), 40) != second


@pytest.mark.parametrize("seeds", [3, [7, 5]])
def test_tuning_uses_problems_that_no_seed_is_evaluated_on(seeds: Any) -> None:
    study = study_of(seeds=seeds)
    fresh = draw_tuning_problems(FOUND, eval_seed(TUNING_SEED), study)
    tests = {
        p.key
        for seed in study.each_seed
        for p in draw_eval_problems(FOUND, eval_seed(seed), study.test_problems)
    }
    assert len({p.key for p in fresh}) == 3 * 40
    assert not {p.key for p in fresh} & tests


def test_too_few_problems_for_tuning_is_an_error(tmp_path: Path) -> None:
    rows = "\n".join(f"Question {i}?,{i}" for i in range(40))
    (tmp_path / "few.csv").write_text(f"question,answer\n{rows}\n")
    domains = {"few": {"file": str(tmp_path / "few.csv")}}
    found = read_catalog(
        parse_config(
            league(domains=domains, agents={"ada": {"domain": "few"}, "bob": {}}), "x"
        )
    )
    with pytest.raises(
        UserError, match="few: all 7 held-out problems are in the tests of 3 seeds"
    ):
        draw_tuning_problems(found, eval_seed(TUNING_SEED), study_of())


def test_out_of_domain_families_are_those_named_at_the_named_levels() -> None:
    study = study_of(
        ood_families={"letters": {"spelled": [1, 2]}, "genes": {"pok": []}}, test_problems=5
    )
    found = draw_ood_problems(FOUND, 1, study)
    assert [p.task_type for p in found] == sorted(
        p.task_type for p in found if p.domain == "letters"
    ) + [("genes", "pok", level) for level in (1, 2, 3, 4, 5)]
    assert sum(p.domain == "letters" for p in found) == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"ood_families": {"leters": {}}},
            "[ood_families.leters]: no domain 'leters'; did you mean 'letters'?",
        ),
        (
            {"ood_families": {"letters": {"speled": [1]}}},
            "[ood_families.letters]: no family 'speled'; did you mean 'spelled'?",
        ),
        ({"ood_families": {"letters": {"tor": [1]}}}, "'tor' is trained on"),
        ({"ood_families": {"letters": {}}}, "[ood_families.letters]: no family is named"),
        ({"ood_families": {"letters": {"spelled": [9]}}}, "levels 1 to 5, got 9"),
        (
            {"test_problems": 1},
            "[domains.letters]: got test_problems = 1, expected at least one for each of 2 families and levels",
        ),
        (
            {"test_problems": 3, "ood_families": {"genes": {"pok": []}}},
            "[ood_families.genes]: got test_problems = 3, expected at least one for each of 5",
        ),
    ],
)
def test_impossible_sets_of_evaluation_problems_are_refused(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as told:
        check_eval_problems(FOUND, 1, study_of(**given))
    assert said in str(told.value)
