"""Settings of askers become pools and a desk."""

import json
from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import Config, load_config, parse_config, to_toml
from docendo.errors import UserError
from docendo.problems.arithmetic import MATHEMATICS
from docendo.problems.pool import AcceptedQuestions, AskerPool
from docendo.records import AgentId, Problem
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


def rows_file(folder: Path, name: str, rows: dict[str, object]) -> str:
    path = folder / name
    lines = [json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows.items()]
    path.write_text("".join(lines))
    return str(path)


def test_a_question_of_two_files_stands_once_and_held_out_where_either_says(
    tmp_path: Path,
) -> None:
    more = rows_file(tmp_path, "more.jsonl", {"ONE?": 1, "two": "2", "six ?": 6, "four": 4})
    table = {
        "domains": {
            "d": {
                "file": rows_file(tmp_path, "own.jsonl", {"Two?": 2}),
                "held_out": rows_file(tmp_path, "test.jsonl", {"One?": "one"}),
                "askers": {"own": 1, "more": 1, "again": 1},
            }
        },
        "agents": {"emmy": {"domain": "d"}, "ada": {}},
        "askers": {
            "more": {"type": "file", "file": more},
            "again": {
                "type": "file",
                "file": rows_file(tmp_path, "again.jsonl", {"five?": 5}),
                "held_out": rows_file(tmp_path, "exam.jsonl", {"Six": "6"}),
            },
        },
    }
    catalog = read_catalog(parse_config(table, "run.toml"))
    assert [(Path(row.file).name, row.line, row.reason) for row in catalog.quarantined] == [
        ("more.jsonl", 1, "the same question as in test.jsonl:1"),
        ("more.jsonl", 2, "the same question as in own.jsonl:1"),
        ("more.jsonl", 3, "the same question as in exam.jsonl:1"),
    ]


def test_a_model_may_not_ask_what_is_held_out(tmp_path: Path) -> None:
    table = {
        "domains": {
            "d": {
                "file": rows_file(tmp_path, "own.jsonl", {"Two?": 2, "Three?": 3}),
                "held_out": rows_file(tmp_path, "test.jsonl", {"One?": "one"}),
                "askers": {"own": 1, "people": 1},
            },
            "mathematics": {},
        },
        "agents": {"emmy": {"domain": ["d", "mathematics"]}, "ada": {}},
        "askers": {"people": {**PEOPLE, "verify": "agreement"}},
    }
    settings = parse_config(table, "run.toml")
    catalog = read_catalog(settings)
    school = build_school(settings, catalog, RecordingBackend())
    assert school.question_phase is not None
    is_held_out = school.question_phase.writer.is_held_out
    assert is_held_out(Problem("d", "d", 1, "one ?", "1"))
    assert not is_held_out(Problem("d", "d", 1, "two ?", "2"))
    # of a program the key says which problems are held out
    for problem in catalog.sources["mathematics"].draw("sums", 1, 9, 0, "held-out"):
        assert is_held_out(problem)
    for problem in catalog.sources["mathematics"].draw("sums", 1, 9, 0, "train"):
        assert not is_held_out(problem)


def test_a_row_that_a_program_could_draw_is_in_the_programs_half(tmp_path: Path) -> None:
    sums = MATHEMATICS.draw("sums", 1, 40, 0, "train")
    rows = [{"question": p.prompt, "answer": p.answer, "kind": "sums"} for p in sums]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    part = {"type": "file", "file": str(path), "columns": {"family": "kind"}}
    catalog = read_catalog(config({"rows": part}, {"own": 1, "rows": 1}))
    source = catalog.sources["mathematics"].members["rows"].source  # type: ignore[attr-defined]
    assert source.size("sums", 1, "train") == 40
