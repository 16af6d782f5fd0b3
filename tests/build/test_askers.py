"""Settings of askers become pools and a desk."""

from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import Config, load_config, parse_config, to_toml
from docendo.errors import UserError
from docendo.problems.pool import AcceptedQuestions, AskerPool
from docendo.records import AgentId
from docendo.sft_data import draw_worked_examples
from tests.toys import RecordingBackend

PEOPLE = {"type": "persona", "model": "emmy", "personas": ["nurse"], "verify": "program"}


def config(
    askers: dict[str, Any],
    weights: dict[str, float] | None = None,
    domain: str = "mathematics",
) -> Config:
    table = {
        "domains": {
            domain: {
                "families": {"sums": [1]},
                "askers": weights or {"own": 3, "people": 1},
            },
            "programming": {},
        },
        "agents": {"emmy": {"domain": domain}, "ada": {"domain": "programming"}},
        "askers": askers,
    }
    return parse_config(table, "run.toml")


def test_a_domain_with_model_askers_is_a_pool_with_a_question_phase() -> None:
    given = config({"people": PEOPLE})
    school = build_school(given, read_catalog(given), RecordingBackend())
    assert isinstance(school.classroom.sources["mathematics"], AskerPool)
    assert school.question_phase is not None
    (asker,) = school.question_phase.writer.askers
    assert (asker.agent, asker.domain, [n for n, _ in asker.personas]) == (
        "emmy",
        "mathematics",
        ["nurse"],
    )
    assert isinstance(
        school.question_phase.accepted["mathematics/people"], AcceptedQuestions
    )
    assert "a night nurse in Porto" in asker.personas[0][1]


def test_without_askers_there_is_no_question_phase() -> None:
    given = parse_config({}, "run.toml")
    assert (
        build_school(given, read_catalog(given), RecordingBackend()).question_phase is None
    )


def test_an_asker_is_finetuned_on_how_to_write_questions() -> None:
    given = config({"people": {**PEOPLE, "sft_fraction": 0.5}})
    school = build_school(given, read_catalog(given), RecordingBackend())
    emmy, ada = school.experts
    asked = [
        e
        for e in draw_worked_examples(school, emmy, 20, 1)
        if e.text.startswith("Question: ")
    ]
    assert len(asked) == pytest.approx(10, abs=1)
    assert all("a night nurse in Porto" in e.messages[1].content for e in asked)
    assert all("\nSolution: " in e.text and "\nAnswer: " in e.text for e in asked)
    assert not [
        e
        for e in draw_worked_examples(school, ada, 20, 1)
        if e.text.startswith("Question: ")
    ]
    assert {e.agent for e in asked} == {AgentId("emmy")}


@pytest.mark.parametrize(
    ("askers", "weights", "said"),
    [
        ({}, {"peple": 1}, r"\[domains.mathematics\] askers: no asker 'peple'"),
        (
            {"people": {**PEOPLE, "model": "emy"}},
            None,
            r"\[askers.people\]: model: no agent 'emy'; did you mean 'emmy'",
        ),
        ({"people": {**PEOPLE, "model": "endpoint:x"}}, None, "no endpoint 'x'"),
        (
            {"people": {**PEOPLE, "personas": ["nobody"]}},
            None,
            r"\[askers.people\]: the shipped personas: no persona",
        ),
        (
            {"people": {**PEOPLE, "verify": "maybe"}},
            None,
            "expected 'agreement', 'program' or a Python file",
        ),
        ({"people": {**PEOPLE, "verify": "/no.py"}}, None, "no such Python file"),
        (
            {"rows": {"type": "file", "file": "a.csv", "columns": {"anwser": "a"}}},
            {"rows": 1},
            "rows: file has no setting 'columns.anwser'; did you mean 'columns.answer'",
        ),
        ({"people": PEOPLE}, {"people": 1}, "none of them has a problem to begin with"),
    ],
)
def test_unknown_askers_are_refused(
    askers: dict[str, Any], weights: dict[str, float] | None, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(config(askers, weights))


@pytest.mark.parametrize(
    ("asker", "said"),
    [
        ({"type": "persona"}, "persona needs the setting 'model'"),
        ({"type": "file"}, "file needs the setting 'file'"),
        ({"type": "gym"}, "gym needs the setting 'tasks'"),
        ({"type": "gym", "tasks": []}, "gym: tasks: list should have at least 1 item"),
        (
            {"type": "file", "file": "a.csv", "model": "emmy"},
            "file has no setting 'model'",
        ),
        (
            {**PEOPLE, "questions": 1},
            "questions: input should be greater than or equal to 2",
        ),
        ({"type": "persna"}, "no asker 'persna'; did you mean 'persona'"),
        ({"tpe": "persona"}, "expected the asker's name or a table with a type"),
        (
            {"kind": "persona"},
            r"\[askers.people\]: 'kind' has a new name: askers.people.type",
        ),
        ({**PEOPLE, "checked": "x"}, "'checked' has a new name: askers.people.verify"),
    ],
)
def test_a_wrong_asker_table_is_refused_with_what_was_expected(
    asker: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        config({"people": asker})


def test_personas_ask_only_in_families_that_are_taught() -> None:
    given = config({"people": {**PEOPLE, "families": ["products"]}})
    with pytest.raises(
        UserError, match=r"\[askers.people\]: families: mathematics teaches no 'products'"
    ):
        build_school(given, read_catalog(given), RecordingBackend())


def test_asker_files_are_relative_to_the_config_and_the_config_round_trips(
    tmp_path: Path,
) -> None:
    (tmp_path / "my.py").write_text(
        "def draft(rng, level): return f'{rng.random()}?', '1'\ndef solve(q): return '1'\n"
    )
    (tmp_path / "run.toml").write_text(
        "[domains.mathematics]\naskers = { mine = 1, people = 1 }\n"
        '[agents.emmy]\ndomain = "mathematics"\n[agents.ada]\n'
        '[askers.mine]\ntype = "function"\nfile = "my.py"\n'
        '[askers.people]\ntype = "persona"\nmodel = "base"\nverify = "my.py"\n'
    )
    read = load_config(tmp_path / "run.toml")
    assert read.askers["people"].verify == str(tmp_path / "my.py")
    assert read_catalog(read).sources["mathematics"].levels == {"my": [1, 2, 3, 4, 5]}
    (tmp_path / "again.toml").write_text(to_toml(read))
    assert load_config(tmp_path / "again.toml") == read
