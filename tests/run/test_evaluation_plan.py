"""Who is evaluated on what, after which round."""

from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.config.load import Config, changed
from docendo.records import BASE, Evaluation
from docendo.run.evaluation_plan import START, EvaluationPlan
from tests.toys import ANN, BOB, classroom

NOTHING = "Answer: none"


def plan_of(config: Config) -> EvaluationPlan:
    catalog = read_catalog(config)
    room = classroom(lambda request: NOTHING, sources=catalog.sources)
    room.instructions[BASE] = "You are the base."
    return EvaluationPlan(config, catalog, room)


def examined(rows: list[Evaluation]) -> set[tuple[Any, ...]]:
    return {(e.agent, e.problem.domain, e.split) for e in rows}


def test_before_the_first_round_the_base_is_evaluated_on_all_domains(
    league: Config,
) -> None:
    rows = plan_of(league).evaluate_start()
    assert examined(rows) == {(BASE, "letters", "test"), (BASE, "digits", "test")}
    assert {e.round for e in rows} == {START}
    assert len(rows) == 4, "two problems of each domain"


def test_experts_are_evaluated_on_their_own_and_then_on_foreign_domains(
    league: Config,
) -> None:
    plan = plan_of(league)
    own, foreign = plan.evaluate_own(0), plan.evaluate_foreign(0)
    assert examined(own) == {(ANN, "letters", "test"), (BOB, "digits", "test")}
    assert examined(foreign) == {(ANN, "digits", "test"), (BOB, "letters", "test")}


def test_everybody_answers_the_same_problems_in_every_round(league: Config) -> None:
    plan = plan_of(league)
    first = plan.evaluate_all(0, include_remote=False)
    later = plan.evaluate_all(5, include_remote=False)
    assert [e.problem.key for e in first] == [e.problem.key for e in later]
    keys = [{e.problem.key for e in first if e.agent == agent} for agent in (ANN, BOB)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 4


@pytest.mark.parametrize(
    "setting",
    ["evaluation.fresh=true", "agents.ann.data={leaked={digits=1}, domains={letters=1}}"],
)
def test_fresh_problems_are_added_if_asked_for_or_if_data_is_contaminated(
    league: Config, setting: str
) -> None:
    rows = plan_of(changed(league, [setting])).evaluate_all(0, include_remote=False)
    fresh = {e.problem.key for e in rows if e.split == "fresh"}
    test = {e.problem.key for e in rows if e.split == "test"}
    assert len(fresh) == len(test) == 4
    assert not fresh & test


@pytest.mark.parametrize(
    ("every", "due"), [(0, [4]), (1, [0, 1, 2, 3, 4]), (2, [1, 3, 4]), (9, [4])]
)
def test_evaluations_come_every_few_rounds_and_after_the_last(
    league: Config, every: int, due: list[int]
) -> None:
    plan = plan_of(changed(league, [f"evaluation.eval_every={every}", "teaching.rounds=5"]))
    assert [i for i in range(5) if plan.is_due(i)] == due
    assert [i for i in range(5) if plan.is_last(i)] == [4]
