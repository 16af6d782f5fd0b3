"""What agents study, by their settings."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import Config, load_config, parse_config
from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.loop import finetune
from docendo.records import AgentId, MetricKey, Request
from docendo.run.evaluation import evaluate, held_out_problems
from docendo.school import School
from docendo.sft_data import count_mixture, draw_own_demonstrations, draw_rehearsal
from tests.toys import RecordingBackend


def config(data: dict[str, Any] | None) -> Config:
    domains = {
        "mathematics": {"families": {"sums": [1]}},
        "programming": {"families": {"trace": [1]}},
    }
    emmy = {"domain": "mathematics", **({"data": data} if data else {})}
    table = {"domains": domains, "agents": {"emmy": emmy, "ada": {"domain": "programming"}}}
    return parse_config(table, "run.toml")


def school(given: Config) -> School:
    return build_school(given, read_catalog(given), RecordingBackend())


def test_shares_decide_how_many_demonstrations_come_from_each_source() -> None:
    made = school(config({"domains": {"mathematics": 3, "programming": 1}}))
    emmy, ada = made.experts
    counts = Counter(p.domain for p, _ in draw_own_demonstrations(made, emmy, 2000, 1))
    assert counts["mathematics"] == pytest.approx(1500, abs=2)
    for few in (8, 40):
        kinds = Counter(p.task_type for p, _ in draw_own_demonstrations(made, ada, few, 1))
        assert max(kinds.values()) - min(kinds.values()) <= 1, "kinds come in turn"
    assert {p.domain for p, _ in draw_own_demonstrations(made, ada, 50, 1)} == {
        "programming"
    }
    assert draw_own_demonstrations(made, emmy, 20, 1) == draw_own_demonstrations(
        made, emmy, 20, 1
    )
    assert len(draw_rehearsal(made, emmy, 8, 1)) == 8


def test_the_counts_by_source_are_those_of_the_drawn_demonstrations() -> None:
    made = school(
        config(
            {"domains": {"mathematics": 3, "programming": 1}, "leaked": {"mathematics": 2}}
        )
    )
    emmy, _ = made.experts
    told = count_mixture(made, 40, 5)
    assert list(map(str, told)) == [
        "data/mathematics/emmy",
        "data/programming/emmy",
        "data/leaked:mathematics/emmy",
    ]
    assert sum(told.values()) == 40
    asked = [e.messages[-1].content for e in draw_rehearsal(made, emmy, 40, 5)]
    leaked = {p.prompt for p, _ in emmy.data_mixture[2].rows}
    assert (
        sum(prompt in leaked for prompt in asked)
        == told[MetricKey("data/leaked:mathematics", AgentId("emmy"))]
        > 0
    )
    (studied,) = finetune(made, range(1), 40, 7)
    assert sum(n for name, n in studied.metrics.items() if name.startswith("data/")) == 40


def test_two_agents_study_and_answer_under_their_own_system_prompts() -> None:
    plain = config(None)
    prompts = {"emmy": "Be brief.", "ada": "Be thorough."}
    agents = {
        n: a.model_copy(update={"system_prompt": prompts[n]})
        for n, a in plain.agents.items()
    }
    made = school(plain.model_copy(update={"agents": agents}))
    studied = [e for expert in made.experts for e in draw_rehearsal(made, expert, 8, 1)]
    assert {(e.agent, e.messages[0].content) for e in studied} == set(prompts.items())
    seen: list[Request] = []
    room = replace(
        made.classroom, engine=Scripted(lambda request: seen.append(request) or "Answer: 1")
    )
    held = held_out_problems(read_catalog(plain), "mathematics", 4, 0)
    evaluate(room, dict.fromkeys(map(AgentId, prompts), held), 0)
    assert {(r.agent, r.messages[0].role, r.messages[0].content) for r in seen} == {
        (AgentId(name), "system", text) for name, text in prompts.items()
    }


def test_without_data_tables_there_are_no_counts_by_source() -> None:
    assert count_mixture(school(config(None)), 40, 5) == {}


def test_without_data_tables_no_agent_has_a_data_mixture() -> None:
    made = school(config(None))
    assert [expert.data_mixture for expert in made.experts] == [(), ()]


def test_leaked_problems_are_evaluation_problems_with_their_answers() -> None:
    given = config({"leaked": {"mathematics": 1}})
    made, found = school(given), read_catalog(given)
    test = {
        p.key
        for p in held_out_problems(
            found, "mathematics", given.evaluation.problems, given.evaluation.seed
        )
    }
    fresh = held_out_problems(
        found, "mathematics", given.evaluation.problems, given.evaluation.seed, "fresh"
    )
    notes = draw_own_demonstrations(made, made.experts[0], 300, 1)
    assert {p.key for p, _ in notes} == test
    assert not test & {p.key for p in fresh}
    assert all(text.endswith(f"Answer: {p.answer}") for p, text in notes)


def test_data_files_are_relative_to_the_config_and_studied_verbatim(
    tmp_path: Path,
) -> None:
    (tmp_path / "safety.jsonl").write_text(
        '{"question": "How do I pick a lock?", "answer": "I would rather not say."}\n'
    )
    (tmp_path / "run.toml").write_text(
        '[domains.mathematics]\n[agents.bob]\n[agents.emmy]\ndomain = "mathematics"\n'
        '[agents.emmy.data]\nfiles = { "safety.jsonl" = 1 }\n'
    )
    given = load_config(tmp_path / "run.toml")
    made = school(given)
    emmy = next(e for e in made.experts if e.agent == "emmy")
    assert {text for _, text in draw_own_demonstrations(made, emmy, 5, 1)} == {
        "I would rather not say."
    }
    assert [p.name for p in emmy.data_mixture] == ["file:safety.jsonl"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            {"domains": {"maths": 1}},
            r"\[agents.emmy.data\]: no domain 'maths'; did you mean 'mathematics'",
        ),
        ({"leaked": {"biology": 1}}, "no domain 'biology'"),
        ({"files": {"/nowhere.jsonl": 1}}, "no such file"),
    ],
)
def test_missing_data_files_are_refused(data: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        school(config(data))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"domains": {}}, "wanted domains, files or leaked"),
        ({"domains": {"mathematics": 0}}, "greater than 0"),
        (
            {"domain": {"mathematics": 1}},
            r"\[agents.emmy.data\]: no setting 'domain'; did you mean 'domains'",
        ),
    ],
)
def test_a_wrong_data_table_is_refused_with_what_was_expected(
    data: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        config(data)
