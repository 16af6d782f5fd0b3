"""Settings of evaluators become who judges."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.evaluators import build_panel, judging
from docendo.config.load import Config, load_config, parse_config, to_toml
from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.judges.pairwise import PairwiseJudge
from docendo.judges.pointwise import ModelJudge
from docendo.records import AgentId, Answer, Problem

ANN = AgentId("ann")
PART = {"a": {"kind": "truth"}, "b": {"kind": "format", "pattern": ".*Answer: .*"}}


def config(evaluators: dict[str, Any], evaluator: str = "e") -> Config:
    domains = {"mathematics": {"evaluator": evaluator}, "programming": {}}
    agents = {"emmy": {"domain": "mathematics"}, "ada": {"domain": "programming"}}
    return parse_config(
        {"domains": domains, "agents": agents, "evaluators": evaluators}, "run.toml"
    )


def judged(
    evaluators: dict[str, Any], text: str, answer: str = "7", tests: tuple[str, ...] = ()
) -> float:
    panel = build_panel(config(evaluators), {})
    problem = Problem("mathematics", "f", 1, "what?", answer, tests=tests)
    return panel.domains["mathematics"]([Answer(problem, text, ANN, 0)])[0].score


def test_without_settings_the_right_answer_judges() -> None:
    panel = build_panel(config(PART, "a"), {})
    problem = Problem("programming", "f", 1, "what?", "7")
    assert (
        panel.domains["programming"]([Answer(problem, "Answer: 7", ANN, 0)])[0].score == 1
    )
    assert panel.counted["a"].scores == []


@pytest.mark.parametrize(
    ("evaluator", "text", "score"),
    [
        ({"kind": "truth"}, "Answer: 7", 1),
        ({"kind": "numeric", "tolerance": 0.1}, "Answer: 7.5", 1),
        ({"kind": "numeric"}, "Answer: 7.5", 0),
        ({"kind": "tests"}, "Answer: 7", 1),
        ({"kind": "spelling"}, "The house", 1),
        ({"kind": "format", "pattern": "[0-9]"}, "7", 1),
        ({"kind": "all", "of": ["a", "b"]}, "7", 0),
        ({"kind": "any", "of": ["a", "b"]}, "7", 1),
        ({"kind": "weighted", "of": ["a", "b"], "weights": [3, 1]}, "7", 0.75),
        ({"kind": "gate", "of": ["b", "a"]}, "so Answer: 8", 0),
        ({"kind": "first", "of": ["a", "b"]}, "7", 1),
    ],
)
def test_every_kind_is_made_from_its_table(
    evaluator: dict[str, Any], text: str, score: float
) -> None:
    assert judged({**PART, "e": evaluator}, text) == pytest.approx(score)


def test_a_compiler_judges_where_there_are_walls() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no namespaces here")
    try:
        assert (
            judged(
                {"e": {"kind": "compiler", "language": "python"}},
                "```python\nx = 1\n```",
                "x = 1",
            )
            == 1
        )
        assert (
            judged(
                {"e": {"kind": "compiler", "language": "python"}},
                "```python\nx = \n```",
                "x = 1",
            )
            == 0
        )
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("evaluators", "said"),
    [
        ({"e": {"kind": "truht"}}, "kind: input should be 'truth'"),
        (
            {"e": {"kind": "truth", "tolerance": 0.5}},
            "truth takes no settings, got tolerance",
        ),
        (
            {"e": {"kind": "numeric", "pattern": "a"}},
            "numeric takes tolerance, got pattern",
        ),
        ({"e": {"kind": "all"}}, "all wants the evaluators it is made of"),
        ({"e": {"kind": "gate", "of": ["a"]}}, "a gate wants two"),
        (
            {"e": {"kind": "weighted", "of": ["a"], "weights": []}},
            "wants a weight for each of a",
        ),
        (
            {"e": {"kind": "compiler", "language": "cobol"}},
            "python, c, javascript or rust, got 'cobol'",
        ),
        ({"e": {"kind": "format"}}, "format wants a pattern or the file"),
        ({"e": {"kind": "judge"}}, "judge wants to know by whom"),
        (
            {"e": {"kind": "truth", "knid": 1}},
            r"\[evaluators.e\]: no setting 'knid'; did you mean 'kind'",
        ),
    ],
)
def test_a_table_says_what_it_wants(evaluators: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        config({**PART, **evaluators})


@pytest.mark.parametrize(
    ("evaluators", "said"),
    [
        ({}, r"\[domains.mathematics\] evaluator: no evaluator 'e'"),
        ({"e": {"kind": "all", "of": ["x"]}}, r"\[evaluators.e\] of: no evaluator 'x'"),
        (
            {"e": {"kind": "all", "of": ["f"]}, "f": {"kind": "any", "of": ["e"]}},
            "is made of itself: e of f of e",
        ),
    ],
)
def test_evaluators_that_are_not_there_are_told_before_the_run(
    evaluators: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(config({**PART, **evaluators}))


def test_what_is_missing_here_is_told_with_the_evaluator_that_needs_it() -> None:
    with pytest.raises(UserError, match=r"\[evaluators.e\]: no dictionary of 'xx'"):
        build_panel(config({"e": {"kind": "spelling", "language": "xx"}}), {})
    with pytest.raises(UserError, match="unsafe: wanted 'subprocess-with-limits-only'"):
        build_panel(
            config({"e": {"kind": "compiler", "language": "c", "unsafe": "yes"}}), {}
        )


def test_a_panel_tells_what_each_said_and_how_often_it_was_right() -> None:
    panel = build_panel(config({**PART, "e": {"kind": "any", "of": ["a", "b"]}}), {})
    problem = Problem("mathematics", "f", 1, "what?", "7")
    panel.domains["mathematics"](
        [Answer(problem, text, ANN, 0) for text in ("7", "Answer: 8", "no")]
    )
    told = panel.pop_metrics()
    assert told["evaluator/e/verdicts"] == told["evaluator/a/verdicts"] == 3
    assert told["evaluator/e/score"] == pytest.approx(2 / 3)
    assert told["evaluator/e/agreement"] == pytest.approx(2 / 3)
    assert told["evaluator/a/agreement"] == 1
    assert panel.pop_metrics() == {f"evaluator/{n}/verdicts": 0.0 for n in ("a", "b", "e")}


def test_a_written_config_comes_back_and_its_files_are_found_from_where_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "words.txt").write_text("docendo\n")
    (tmp_path / "run.toml").write_text(
        '[evaluators.e]\nkind = "spelling"\nfile = "words.txt"\n[evaluators.t]\nkind = "truth"\n'
    )
    read = load_config(tmp_path / "run.toml")
    assert read.evaluators["e"].file == str(tmp_path / "words.txt")
    (tmp_path / "again.toml").write_text(to_toml(read))
    assert load_config(tmp_path / "again.toml") == read


@pytest.mark.parametrize(
    ("by", "judges"),
    [("emmy", ["emmy"]), ("base", ["base"]), ("population", ["emmy", "ada"])],
)
def test_models_judge_by_name(by: str, judges: list[str]) -> None:
    given = config({"e": {"kind": "judge", "by": by}})
    panel = build_panel(
        given, {"judge": judging(given, Scripted(lambda r: "Answer: 7"), {})}
    )
    judge = panel.counted["e"].evaluator
    assert isinstance(judge, ModelJudge)
    assert (judge.judges, judge.mode) == (judges, "solving")
    problem = Problem("mathematics", "f", 1, "what?", "8")
    assert (
        panel.domains["mathematics"]([Answer(problem, "Answer: 7", ANN, 0)])[0].score == 1
    ), "the judge's answer counts"


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("", ModelJudge),
        ("solving", ModelJudge),
        ("reading", ModelJudge),
        ("comparing", PairwiseJudge),
    ],
)
def test_a_judges_way_is_chosen_and_experts_of_the_domain_come_first(
    way: str, kind: type
) -> None:
    given = config({"e": {"kind": "judge", "by": "population", "way": way}})
    panel = build_panel(given, {"judge": judging(given, Scripted(lambda r: "right"), {})})
    judge = panel.counted["e"].evaluator
    assert isinstance(judge, kind)
    assert judge.experts == {"mathematics": ["emmy"], "programming": ["ada"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            {"kind": "judge", "by": "emy"},
            r"\[evaluators.e\] by: no judge 'emy'; did you mean 'emmy'",
        ),
        ({"kind": "judge", "by": "endpoint:x"}, "no judge 'endpoint:x'"),
    ],
)
def test_judges_that_are_not_there_are_told(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(config({"e": table}))


def test_ways_belong_to_their_kinds() -> None:
    with pytest.raises(
        UserError, match="judge has the ways comparing, reading, solving, got 'monty'"
    ):
        config({"e": {"kind": "judge", "by": "base", "way": "monty"}})
