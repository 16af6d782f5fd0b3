"""Settings of evaluators become who judges."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.evaluators import build_panel, judge_models
from docendo.config.load import Config, load_config, parse_config, to_toml
from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.judges.pairwise import PairwiseJudge
from docendo.judges.pointwise import ModelJudge
from docendo.records import AgentId, Answer, Problem

ANN = AgentId("ann")
PART = {"a": {"type": "truth"}, "b": {"type": "format", "pattern": ".*Answer: .*"}}


def config(evaluators: dict[str, Any], evaluator: str = "e") -> Config:
    domains = {"mathematics": {"evaluator": evaluator}, "programming": {}}
    agents = {"emmy": {"domain": "mathematics"}, "ada": {"domain": "programming"}}
    return parse_config(
        {"domains": domains, "agents": agents, "evaluators": evaluators}, "run.toml"
    )


def judged(
    evaluators: dict[str, Any], text: str, answer: str = "7", tests: tuple[str, ...] = ()
) -> float:
    panel = build_panel(config(evaluators))
    problem = Problem("mathematics", "f", 1, "what?", answer, tests=tests)
    return panel.by_domain["mathematics"]([Answer(problem, text, ANN, 0)])[0].score


def test_without_an_evaluator_answers_are_compared_with_the_right_one() -> None:
    panel = build_panel(config(PART, "a"))
    problem = Problem("programming", "f", 1, "what?", "7")
    assert (
        panel.by_domain["programming"]([Answer(problem, "Answer: 7", ANN, 0)])[0].score == 1
    )
    assert panel.by_name["a"].scores == []


@pytest.mark.parametrize(
    ("evaluator", "text", "score"),
    [
        ({"type": "truth"}, "Answer: 7", 1),
        ({"type": "numeric", "tolerance": 0.1}, "Answer: 7.5", 1),
        ({"type": "numeric"}, "Answer: 7.5", 0),
        ({"type": "tests"}, "Answer: 7", 1),
        ({"type": "spelling"}, "The house", 1),
        ({"type": "format", "pattern": "[0-9]"}, "7", 1),
        ({"type": "all", "members": ["a", "b"]}, "7", 0),
        ({"type": "any", "members": ["a", "b"]}, "7", 1),
        ({"type": "weighted", "members": ["a", "b"], "weights": [3, 1]}, "7", 0.75),
        ({"type": "gate", "members": ["b", "a"]}, "so Answer: 8", 0),
        ({"type": "first", "members": ["a", "b"]}, "7", 1),
    ],
)
def test_every_kind_of_evaluator_is_built_from_its_table(
    evaluator: dict[str, Any], text: str, score: float
) -> None:
    assert judged({**PART, "e": evaluator}, text) == pytest.approx(score)


def test_a_compiler_evaluator_judges_where_a_sandbox_is_available() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no namespaces here")
    try:
        assert (
            judged(
                {"e": {"type": "compiler", "language": "python"}},
                "```python\nx = 1\n```",
                "x = 1",
            )
            == 1
        )
        assert (
            judged(
                {"e": {"type": "compiler", "language": "python"}},
                "```python\nx = \n```",
                "x = 1",
            )
            == 0
        )
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("evaluator", "said"),
    [
        ({"type": "truht"}, "no evaluator 'truht'; did you mean 'truth'"),
        ({"type": "truth", "tolerance": 0.5}, "truth has no setting 'tolerance'"),
        ({"type": "numeric", "pattern": "a"}, "numeric has no setting 'pattern'"),
        ({"type": "all"}, "all needs the setting 'members'"),
        ({"type": "any", "members": []}, "any: members: list should have at least 1 item"),
        ({"type": "gate", "members": ["a"]}, "gate: members: list should have at least 2"),
        (
            {"type": "weighted", "members": ["a"], "weights": []},
            r"weighted: weights: expected a weight for each of a, got \[\]",
        ),
        (
            {"type": "compiler", "language": "cobol"},
            "compiler: language: input should be 'python', 'c', 'javascript' or 'rust'",
        ),
        (
            {"type": "compiler", "language": "c", "unsafe": "yes"},
            "unsafe: input should be '' or 'subprocess-with-limits-only', got 'yes'",
        ),
        (
            {"type": "format"},
            "format: file: expected a pattern or the file of a JSON schema",
        ),
        ({"type": "judge"}, "judge needs the setting 'model'"),
        (
            {"type": "judge", "model": "base", "mode": "monty"},
            "judge: mode: input should be 'solving', 'reading' or 'comparing', got 'monty'",
        ),
        ({"type": "numeric", "tolerence": 1}, "did you mean 'tolerance'"),
        ({"kind": "truth"}, "'kind' has a new name: evaluators.e.type"),
        ({"type": "gate", "of": ["a", "b"]}, "'of' has a new name: evaluators.e.members"),
        ({"type": "tests", "way": "monty"}, "'way' has a new name: evaluators.e.sandbox"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_what_was_expected(
    evaluator: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        config({**PART, "e": evaluator})


@pytest.mark.parametrize(
    ("evaluators", "said"),
    [
        ({}, r"\[domains.mathematics\] evaluator: no evaluator 'e'"),
        (
            {"e": {"type": "all", "members": ["x"]}},
            r"\[evaluators.e\] members: no evaluator 'x'",
        ),
        (
            {
                "e": {"type": "all", "members": ["f"]},
                "f": {"type": "any", "members": ["e"]},
            },
            "is made of itself: e of f of e",
        ),
    ],
)
def test_unknown_evaluators_are_refused_before_the_run(
    evaluators: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(config({**PART, **evaluators}))


def test_a_missing_dependency_is_named_with_the_evaluator_that_needs_it() -> None:
    with pytest.raises(UserError, match=r"\[evaluators.e\]: no dictionary of 'xx'"):
        build_panel(config({"e": {"type": "spelling", "language": "xx"}}))


def test_a_panel_reports_each_verdict_and_how_often_each_evaluator_was_right() -> None:
    panel = build_panel(config({**PART, "e": {"type": "any", "members": ["a", "b"]}}))
    problem = Problem("mathematics", "f", 1, "what?", "7")
    panel.by_domain["mathematics"](
        [Answer(problem, text, ANN, 0) for text in ("7", "Answer: 8", "no")]
    )
    told = panel.pop_metrics()
    assert told["evaluator/e/verdicts"] == told["evaluator/a/verdicts"] == 3
    assert told["evaluator/e/score"] == pytest.approx(2 / 3)
    assert told["evaluator/e/agreement"] == pytest.approx(2 / 3)
    assert told["evaluator/a/agreement"] == 1
    assert panel.pop_metrics() == {f"evaluator/{n}/verdicts": 0.0 for n in ("a", "b", "e")}


def test_how_often_an_evaluator_was_right_is_read_by_its_own_pattern() -> None:
    panel = build_panel(config({"e": {"type": "truth", "answer_pattern": "<a>(.*?)</a>"}}))
    problem = Problem("mathematics", "f", 1, "what?", "7")
    panel.by_domain["mathematics"](
        [Answer(problem, f"so <a>{n}</a> it is", ANN, 0) for n in (7, 8)]
    )
    assert panel.pop_metrics()["evaluator/e/agreement"] == 1


def test_evaluator_files_are_relative_to_the_config_and_the_config_round_trips(
    tmp_path: Path,
) -> None:
    (tmp_path / "words.txt").write_text("docendo\n")
    (tmp_path / "run.toml").write_text(
        '[evaluators.e]\ntype = "spelling"\nfile = "words.txt"\n[evaluators.t]\ntype = "truth"\n'
    )
    read = load_config(tmp_path / "run.toml")
    assert read.evaluators["e"].file_settings()["file"] == str(tmp_path / "words.txt")
    (tmp_path / "again.toml").write_text(to_toml(read))
    assert load_config(tmp_path / "again.toml") == read


@pytest.mark.parametrize(
    ("model", "judges"),
    [("emmy", ["emmy"]), ("base", ["base"]), ("population", ["emmy", "ada"])],
)
def test_a_judge_evaluator_uses_the_named_models(model: str, judges: list[str]) -> None:
    given = config({"e": {"type": "judge", "model": model}})
    panel = build_panel(given, judge_models(given, Scripted(lambda r: "Answer: 7"), {}))
    judge = panel.by_name["e"].evaluator
    assert isinstance(judge, ModelJudge)
    assert (judge.judges, judge.mode) == (judges, "solving")
    problem = Problem("mathematics", "f", 1, "what?", "8")
    assert (
        panel.by_domain["mathematics"]([Answer(problem, "Answer: 7", ANN, 0)])[0].score == 1
    ), "the judge's answer counts"


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("solving", ModelJudge),
        ("reading", ModelJudge),
        ("comparing", PairwiseJudge),
    ],
)
def test_a_judges_mode_is_chosen_and_experts_of_the_domain_come_first(
    mode: str, kind: type
) -> None:
    given = config({"e": {"type": "judge", "model": "population", "mode": mode}})
    panel = build_panel(given, judge_models(given, Scripted(lambda r: "right"), {}))
    judge = panel.by_name["e"].evaluator
    assert isinstance(judge, kind)
    assert judge.experts == {"mathematics": ["emmy"], "programming": ["ada"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            {"type": "judge", "model": "emy"},
            r"\[evaluators.e\] model: no judge 'emy'; did you mean 'emmy'",
        ),
        ({"type": "judge", "model": "endpoint:x"}, "no judge 'endpoint:x'"),
    ],
)
def test_unknown_judges_are_refused(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(config({"e": table}))


OWN_GRADERS = """
from dataclasses import dataclass
from typing import Any

from docendo.parts import PartConfig
from docendo.records import Verdict


def half(problem, text):
    return 0.5


def near(problem, text, *, within=1):
    return Verdict(float(abs(int(text) - int(problem.answer)) <= within), "by distance")


@dataclass
class Length:
    longest: int

    def __call__(self, problem, text):
        return float(len(text) <= self.longest)


def evaluate(answers):
    return [Verdict(1.0, "fine") for _ in answers]


class Opposite(PartConfig):
    type: str = ""
    original: str

    def build(self, context: Any = None):
        evaluator = context.find(self.original)
        return lambda answers: [Verdict(1 - v.score, v.reason) for v in evaluator(answers)]


def three(a, b, c):
    return 1.0
"""


@pytest.fixture
def own_graders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_graders.py").write_text(OWN_GRADERS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_graders", raising=False)
    return "own_graders"


@pytest.mark.parametrize(
    ("settings", "text", "score"),
    [
        ({"type": "half"}, "7", 0.5),
        ({"type": "near"}, "9", 0),
        ({"type": "near", "within": 2}, "9", 1),
        ({"type": "Length", "longest": 3}, "1234", 0),
        ({"type": "evaluate"}, "no", 1),
        ({"type": "Opposite", "original": "a"}, "7", 0),
        ({"type": "near"}, "not a number, so the function raises", 0),
    ],
)
def test_an_evaluator_may_be_a_users_python_function(
    own_graders: str, settings: dict[str, Any], text: str, score: float
) -> None:
    named = {**settings, "type": f"{own_graders}:{settings['type']}"}
    assert judged({**PART, "e": named}, text) == score


def test_a_users_function_that_returns_no_verdict_is_refused(own_graders: str) -> None:
    with pytest.raises(UserError, match=r"\[evaluators.e\]: .*three: expected grade"):
        build_panel(config({"e": {"type": f"{own_graders}:three"}}))
