"""Rows whose own answer the domain's evaluator refuses are set aside at load."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.build import own_answers
from docendo.build.catalog import read_catalog
from docendo.config.load import Config, parse_config
from docendo.errors import UserError
from docendo.graders.answer import exact
from docendo.graders.audit import Unpassable
from docendo.interfaces import Evaluator
from docendo.parts import parse_part
from docendo.problems.catalog import Catalog
from docendo.records import AgentId, Answer, Problem

RIGHT = {"question": "Twice x?", "answer": "x * 2", "tests": ["f(3) == 6"]}
WRONG = {"question": "Thrice x?", "answer": "x * 2", "tests": ["f(3) == 9"]}
ENDLESS = {
    "question": "x, at last?",
    "answer": "def f(x):\n    while True:\n        pass",
    "tests": ["f(3) == 3"],
}


def config(
    folder: Path, rows: list[dict[str, Any]], domain: dict[str, Any], **sections: Any
) -> Config:
    file = folder / "a.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    agents = {"emmy": {"domain": "d"}, "ada": {}}
    domains = {"d": {"file": str(file), **domain}}
    return parse_config({"domains": domains, "agents": agents, **sections}, "run.toml")


def left_out(catalog: Catalog) -> list[tuple[str, int, str]]:
    return [(Path(row.file).name, row.line, row.reason) for row in catalog.quarantined]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCENDO_CACHE", str(tmp_path / "cache"))


def test_an_answer_that_cannot_be_right_is_set_aside_with_file_line_and_reason(
    tmp_path: Path,
) -> None:
    rows = [
        {"question": "A?", "answer": "yes"},
        {"question": "B?", "answer": "1\nAnswer: 2"},
        {"question": "C?", "answer": "."},
        {"question": "E?", "answer": "two\nlines"},
        {"question": "F?", "answer": "long " * 500},
        {"question": "D?", "answer": "7 apples", "solution": "4 + 3\nAnswer: 8"},
    ]
    catalog = read_catalog(config(tmp_path, rows, {}))
    assert left_out(catalog) == [
        ("a.jsonl", 2, "its own answer is not right: '2' is not the answer")
    ]


def test_programs_are_run_against_their_tests_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(tmp_path, [RIGHT, WRONG, ENDLESS], {"columns": {"tests": "tests"}})
    first = left_out(read_catalog(settings))
    assert first[0] == (
        "a.jsonl",
        2,
        "its own answer is not right: f(3) gave 6, not 9",
    )
    assert [line for _, line, _ in first] == [2, 3]

    with monkeypatch.context() as patch:
        patch.delattr(own_answers, "find_unpassable")
        assert left_out(read_catalog(settings)) == first
    # a damaged entry is made anew, and other tests are other programs
    for entry in (tmp_path / "cache" / "own-answers").iterdir():
        entry.write_bytes(b"[")
    assert [line for _, line, _ in left_out(read_catalog(settings))] == [2, 3]
    config(tmp_path, [RIGHT, WRONG | {"answer": "x * 3"}], {})
    assert left_out(read_catalog(settings)) == []


def test_a_program_that_fails_once_gets_a_second_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def busy(evaluate: Evaluator, problems: Sequence[Problem]) -> list[Unpassable]:
        tries.append(len(problems))
        first = len(tries) == 1
        return [
            Unpassable(p, "", "too slow") for p in problems if first or "Th" in p.prompt
        ]

    monkeypatch.setattr(own_answers, "find_unpassable", busy)
    catalog = read_catalog(
        config(tmp_path, [RIGHT, WRONG], {"columns": {"tests": "tests"}})
    )
    assert left_out(catalog) == [("a.jsonl", 2, "its own answer is not right: too slow")]
    assert tries == [2, 1, 1]


def test_a_file_whose_answers_are_all_wrong_is_refused_with_counts(tmp_path: Path) -> None:
    wrong = {**WRONG, "question": "Four times x?"}
    settings = config(tmp_path, [WRONG, wrong], {"columns": {"tests": "tests"}})
    with pytest.raises(
        UserError,
        match=r"\[domains.d\]: no usable row, 2 bad; 2 times, first in line 1: its own answer",
    ):
        read_catalog(settings)


@pytest.mark.parametrize(
    ("evaluators", "checks"),
    [
        ({"e": {"type": "numeric"}}, True),
        ({"e": {"type": "all", "members": ["n", "t"]}, "n": "numeric", "t": "truth"}, True),
        (
            {"e": {"type": "all", "members": ["n", "t"]}, "n": "numeric", "t": "spelling"},
            False,
        ),
        ({"e": {"type": "judge", "model": "base"}}, False),
        ({"e": {"type": "truth", "answer_pattern": "<a>(.*?)</a>"}}, False),
    ],
)
def test_only_evaluators_that_compare_answers_are_asked(
    tmp_path: Path, evaluators: dict[str, Any], checks: bool
) -> None:
    rows = [{"question": "A?", "answer": "yes"}, {"question": "B?", "answer": "**"}]
    settings = config(tmp_path, rows, {"evaluator": "e"}, evaluators=evaluators)
    assert bool(left_out(read_catalog(settings))) == checks


@given(st.from_regex(own_answers._PLAIN, fullmatch=True))
def test_a_plain_answer_is_always_right_and_need_not_be_checked(answer: str) -> None:
    problem = Problem("d", "d", 1, "Q?", answer)
    assert exact(problem, f"Answer: {answer}").score == 1
    numeric: Evaluator = parse_part("evaluator", "numeric").build()
    [verdict] = numeric([Answer(problem, f"Answer: {answer}", AgentId("ann"), 0)])
    assert verdict.score == 1
