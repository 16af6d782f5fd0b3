from pathlib import Path

import pytest

from docendo.build import subjects
from docendo.cli.plan import Plan, Speeds, estimate
from docendo.config import Config, parse_config
from tests.cli.toys import docendo, tiny_config

SPEEDS = Speeds(sampled=10.0, trained=100.0, prompt=20.0, solution=8.0, memory=1000, rows=16, column=2, adapter=50)


def config(**teaching: int) -> Config:
    """One expert, one student, one family."""
    table = {
        "domains": {"mathematics": {"families": {"sums": [1]}}},
        "agents": {"ann": {"domain": "mathematics"}, "bob": {}},
        "experts": {"steps": 3, "every": 2, "batch": 5},
        "teaching": {"rounds": 2, "matches": 3, "controls": 2, "max_tokens": 10} | teaching,
        "learning": {"practice": 1, "practice_attempts": 2, "imitation": 3, "rehearsal": 4, "shown": 0.5},
        "evaluation": {"problems": 4},
    }
    return parse_config(table, "test")


def made(settings: Config, speeds: Speeds = SPEEDS) -> Plan:
    return estimate(settings, subjects(settings), speeds)


def test_the_base_answers_every_problem_once() -> None:
    start = made(config()).stages[0]
    assert (start.answers, start.sampled_tokens, start.trained_tokens, start.seconds) == (4, 32, 0, 3.2)


def test_experts_study_in_two_rounds_and_are_examined_after_each() -> None:
    experts = made(config()).stages[1]
    # ann on her own after the first; ann and bob on everything after the second
    assert (experts.rounds, experts.answers, experts.sampled_tokens) == (2, 4 + 8, 96)
    # 3 steps of 5, every second one after an example as long as itself
    assert (experts.examples, experts.trained_tokens) == (15, 15 * 28 * 3 // 2)
    assert experts.seconds == pytest.approx(9.6 + 6.3)


def test_teaching_is_lessons_attempts_controls_practice_and_a_last_examination() -> None:
    teaching = made(config()).stages[2]
    earned = 2 * (3 * 2 + 3 * 2 * 4 + 3 * 2 + 2)
    assert (teaching.answers, teaching.sampled_tokens) == (earned + 8, (earned + 8) * 8)
    assert teaching.examples == 2 * (2 * 3 + 4)
    assert teaching.trained_tokens == earned * (8 + 10) + 20 * 28 * 3 // 2
    assert teaching.seconds == pytest.approx(teaching.sampled_tokens / 10 + teaching.trained_tokens / 100)


def test_memory_grows_with_the_rows_in_flight_and_disk_with_what_is_kept() -> None:
    plan = made(config())
    # 128 rows of two questions, a solution and an answer, less the 16 that were measured; two bytes a token
    assert plan.memory == 1000 + 128 * (40 + 8 + 10) * 2 - 16 * (20 + 10) * 2
    # three checkpoints of two adapters and Adam's two averages for three slots, and the text
    assert plan.disk == 3 * 4 * 50 * (2 + 2 * 3) + 12 * (32 + 96 + 672)
    assert plan.seconds == pytest.approx(sum(s.seconds for s in plan.stages))
    assert plan.tokens == 32 + 96 + 672 + 630 + 1368 + 840


def test_answers_end_at_the_longest_that_is_allowed() -> None:
    assert made(config(max_tokens=5)).stages[0].sampled_tokens == 4 * 5


def test_stages_that_are_left_out_cost_nothing() -> None:
    table = {"experts": {"steps": 0}, "teaching": {"rounds": 0}}
    plan = made(parse_config(table, "test"))
    assert [s.seconds for s in plan.stages[1:]] == [0.0, 0.0]


def test_examinations_between_rounds_are_counted() -> None:
    wanted = config(rounds=5).model_copy(update={"evaluation": config().evaluation.model_copy(update={"every": 2})})
    often, once = made(wanted).stages[2].answers, made(config(rounds=5)).stages[2].answers
    assert often - once == 2 * 8  # after rounds 2 and 4, and after 5 in any case


def test_plan_measures_and_multiplies(here: Path) -> None:
    found = docendo("plan", tiny_config(here), "--json").json
    assert [s["name"] for s in found["stages"]] == ["start", "experts", "teaching"]
    assert found["speeds"]["sampled"] > 0
    assert found["seconds"] == pytest.approx(sum(s["seconds"] for s in found["stages"]))
    assert (found["model"], found["dtype"]) == ("tiny", "float32")
    assert [p.name for p in here.iterdir()] == ["tiny.toml"]
    assert "tokens/s sampled" in docendo("plan", tiny_config(here)).out
