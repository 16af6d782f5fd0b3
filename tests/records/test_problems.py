"""Problems, their task types and their content hashes."""

import json
from dataclasses import asdict, replace

from docendo.records import Problem, TaskType
from docendo.records.problems import problem_of
from tests.toys import match

SUM = Problem("sums", "small", 1, "1 + 1?", "2", "1 + 1 = 2\nAnswer: 2")


def test_a_task_type_is_written_with_its_domain_family_and_level() -> None:
    assert str(SUM.task_type) == "sums/small/1"
    assert match().task_type == TaskType("sums", "small", 1)


def test_without_a_solution_the_bare_answer_is_the_worked_solution() -> None:
    assert SUM.worked == "1 + 1 = 2\nAnswer: 2"
    assert replace(SUM, solution="").worked == "Answer: 2"


def test_problems_that_ask_the_same_have_the_same_key() -> None:
    same = [replace(SUM, level=2), replace(SUM, solution=""), replace(SUM, source="a file")]
    assert {problem.key for problem in same} == {SUM.key}
    assert len(SUM.key) == 16


def test_every_part_of_a_question_and_its_answer_is_in_the_key() -> None:
    others = [
        replace(SUM, domain="plums"),
        replace(SUM, family="large"),
        replace(SUM, prompt="1 + 2?"),
        replace(SUM, answer="3"),
        replace(SUM, tests=("f(1) == 2",)),
        replace(SUM, tests=("f(1) == 2", "f(2) == 3")),
    ]
    assert len({problem.key for problem in [SUM, *others]}) == 7


def test_a_key_is_the_same_on_every_machine_and_exists_for_any_text() -> None:
    assert SUM.key == "9cc1bb2f3027e2e5"
    assert len(replace(SUM, prompt="\ud800").key) == 16


def test_a_problem_comes_back_from_json() -> None:
    with_tests = replace(SUM, tests=("f(1) == 2",))
    assert problem_of(json.loads(json.dumps(asdict(with_tests)))) == with_tests
