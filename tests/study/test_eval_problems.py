"""Examinations: which problems, whose votes, what is right."""

from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.config import StudyConfig
from docendo.config.load import parse_config
from docendo.errors import UserError
from docendo.records import AgentId, Rollout
from docendo.study.eval_answers import (
    accuracy_by_domain,
    answer_keys,
    answer_problems,
    majority_answers,
    sample_votes,
)
from docendo.study.eval_problems import (
    check_eval_problems,
    draw_eval_problems,
    draw_ood_problems,
    draw_tuning_problems,
)
from docendo.study.plan import TUNING_SEED, eval_seed
from tests.study.leagues import league
from tests.toys import ANN, BOB, CAT, attempt, classroom, problem, right, wrong

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
        UserError, match="few: all 5 held-out problems are in the tests of 3 seeds"
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


def test_the_vote_is_won_by_the_most_frequent_answer_or_the_first_of_several() -> None:
    found = {
        ANN: said("Answer: 7", "Answer: 1", "Answer: Red", "none"),
        BOB: said("Answer: 8", "Answer: 2", "so\nAnswer:  red ", "nothing"),
        CAT: said("Answer: 8", "Answer: 3", "Answer: blue", "at all"),
    }
    assert [a.completion.text for a in majority_answers(found)] == [
        "Answer: 8",
        "Answer: 1",
        "Answer: Red",
        "none",
    ]


def test_an_agent_without_an_answer_has_no_vote() -> None:
    assert (
        majority_answers(
            {ANN: said("hm\nhm"), BOB: said("hm\nhm"), CAT: said("Answer: 3")}
        )[0].completion.text
        == "Answer: 3"
    )


def test_a_single_agent_votes_with_one_sample_per_member_of_a_population() -> None:
    seeds: list[int] = []

    def often_right(request: Any) -> str:
        seeds.append(request.seed)
        assert request.temperature == 1.0
        return right(request)

    room, problems = classroom(often_right), [problem(i) for i in range(4)]
    found = sample_votes(room, problems, ANN, 3)
    assert list(found) == [AgentId(f"ann-{i}") for i in range(3)]
    assert [len(of) for of in found.values()] == [4, 4, 4]
    assert len(set(seeds)) == 12
    assert all(a.verdict.score == 1 for a in majority_answers(found))


def test_answer_keys_have_one_character_per_problem_in_order() -> None:
    problems = [problem(0), problem(1, family="large"), problem(2), problem(3)]

    def only_even(request: Any) -> str:
        return (
            right(request)
            if request.agent == ANN or "10002" in request.messages[-1].content
            else wrong(request)
        )

    found = answer_keys(
        answer_problems(classroom(only_even), [ANN, BOB], problems), problems
    )
    assert found == {
        "ann": {"sums/small": "111", "sums/large": "1"},
        "bob": {"sums/small": "010", "sums/large": "0"},
    }
    assert accuracy_by_domain(found) == {
        "ann": {"sums": 1.0},
        "bob": {"sums": pytest.approx(1 / 6)},
    }
