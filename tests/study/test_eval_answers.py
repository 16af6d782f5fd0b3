"""Answers of agents on held-out problems: votes and answer keys."""

from typing import Any

import pytest

from docendo.records import AgentId
from docendo.study.eval_answers import (
    accuracy_by_domain,
    answer_keys,
    answer_problems,
    sample_votes,
)
from tests.toys import ANN, BOB, classroom, problem, right, wrong


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
    assert all(a.verdict.score == 1 for of in found.values() for a in of)


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
