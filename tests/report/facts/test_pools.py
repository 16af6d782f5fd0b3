"""Who takes part, who knew the test, what was contributed."""

import json
import math
from pathlib import Path

import pytest
import tomli_w
from rich.console import Console

from docendo.formatting import DASH
from docendo.records import AgentId, Evaluation, Problem, Verdict
from docendo.report.facts.pools import (
    NumericFault,
    agent_settings,
    domains_without_fresh,
    measure_contamination,
    numeric_faults,
    sum_contributions,
)
from docendo.report.facts.summary import summary
from docendo.report.render.text_tables import text_tables
from docendo.report.run_page import html_page
from docendo.report.terminal import terminal_report
from docendo.statistics import difference_of_shares
from docendo.store import RoundRecord, RunDirectory

CONFIG = """
[agents.ann]
policy = "model"
domain = "sums"
tools = ["calculator"]
top_p = 1.0
system_prompt = "<b>Be brief.</b>"
[agents.bob]
domain = ["sums"]
"""


def scored(agent: str, split: str, right: int, of: int = 40) -> list[Evaluation]:
    problems = [Problem("sums", "s", 1, f"{split} {n}", "1") for n in range(of)]
    return [
        Evaluation(0, AgentId(agent), p, "", Verdict(float(n < right), ""), split)  # type: ignore[arg-type]
        for n, p in enumerate(problems)
    ]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = RunDirectory.create(tmp_path / "run", CONFIG)
    seen = [
        *scored("ann", "test", 36),
        *scored("ann", "fresh", 12),
        *scored("bob", "test", 21),
        *scored("bob", "fresh", 19),
    ]
    metrics = [
        {
            "tools/ann/calls": 3.0,
            "evaluator/words/verdicts": 4.0,
            "evaluator/words/score": 0.5,
        },
        {
            "tools/ann/calls": 2.0,
            "evaluator/words/verdicts": 6.0,
            "evaluator/words/score": 0.7,
        },
    ]
    made.commit(RoundRecord(0, "experts", 1.0, evaluations=seen, metrics=metrics[0]))
    made.commit(RoundRecord(1, "teaching", 1.0, metrics=metrics[1]))
    return made


def test_the_difference_of_two_shares_by_hand() -> None:
    """Newcombe (1998), table II: 56/70 and 48/80, method 10: 0.0524 to 0.3339."""
    _, _, gap = difference_of_shares([1.0] * 56 + [0.0] * 14, [1.0] * 48 + [0.0] * 32)
    assert (gap.mean, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_who_studied_the_test_is_found_and_who_did_not_is_not(run: RunDirectory) -> None:
    with run:
        ann, bob = measure_contamination(run)
    assert ann.gap.mean == pytest.approx(0.6)
    assert ann.found
    assert bob.gap.mean == pytest.approx(0.05)
    assert not bob.found


def test_only_the_test_split_counts_as_accuracy(run: RunDirectory) -> None:
    with run:
        assert len(list(run.evaluations())) == 80
        assert len(list(run.evaluations(split="fresh"))) == 80


def test_agents_say_what_they_are_made_of_where_it_is_not_as_usual(
    run: RunDirectory,
) -> None:
    with run:
        assert agent_settings(run) == {
            "ann": {
                "domains": ["sums"],
                "tools": ["calculator"],
                "system_prompt": "<b>Be brief.</b>",
            },
            "bob": {"domains": ["sums"]},
        }


def test_counts_are_summed_and_means_weighted_by_what_they_are_of(
    run: RunDirectory,
) -> None:
    """(4 * 0.5 + 6 * 0.7) / 10; ann never got an error, and never said so."""
    with run:
        assert sum_contributions(run) == {
            "tools": {"ann": {"calls": 5.0, "errors": 0.0}},
            "evaluator": {"words": {"verdicts": 10.0, "score": pytest.approx(0.62)}},
        }


def made(tmp_path: Path, config: str, metrics: dict[str, float]) -> RunDirectory:
    run = RunDirectory.create(tmp_path / "made", config)
    run.commit(RoundRecord(0, "experts", 1.0, metrics=metrics))
    return run


def test_who_was_there_and_did_nothing_has_a_zero(tmp_path: Path) -> None:
    config = '[agents.ann]\ntools = ["calculator"]\n[agents.bob]\n[evaluators.words]\nkind = "spelling"\n'
    with made(tmp_path, config, {}) as run:
        assert sum_contributions(run) == {
            "evaluator": {"words": {"verdicts": 0.0}},
            "tools": {"ann": {"calls": 0.0, "errors": 0.0}},
        }


def test_a_number_that_is_none_is_left_out_and_slashes_stay_in_names(
    tmp_path: Path,
) -> None:
    metrics = {
        "evaluator/a/b/verdicts": 2.0,
        "evaluator/a/b/score": math.nan,
        "evaluator/a/b/agreement": math.inf,
        "data/ann/hub:owner/name": 7.0,
        "data/ann/score": 3.0,
        "tools/": 1.0,
    }
    with made(tmp_path, "", metrics) as run:
        assert sum_contributions(run) == {
            "evaluator": {"a/b": {"verdicts": 2.0}},
            "data": {"ann": {"hub:owner/name": 7.0, "score": 3.0}},
        }
        assert json.loads(json.dumps(summary(run), allow_nan=False))
        assert [s.title for s in text_tables(run)] == ["Who judged", "What was studied"]


def test_recipes_are_told_in_shares_and_files_without_their_folders(tmp_path: Path) -> None:
    config = f"""
    [agents.ann]
    tools = ["calculator", "dictionary:/home/me/words.tsv"]
    system_prompt = "{"Be brief. " * 40}"
    data = {{ domains = {{ sums = 1 }}, files = {{ "/home/me/safety.jsonl" = 1 }}, leaked = {{ sums = 2 }} }}
    """
    with made(tmp_path, config, {}) as run:
        sheet, tools = text_tables(run)
    assert tools.rows == [["ann", "0", "0"]]
    ((_, _, said),) = sheet.rows
    assert said.startswith(
        "tools: calculator, dictionary:words.tsv; data: 25% sums, 25% safety.jsonl, 50% the test of"
    )
    assert said.endswith("Be brief. Be bri…")


def test_a_domain_without_fresh_problems_says_so_once_there_should_be_some(
    tmp_path: Path,
) -> None:
    config = "[agents.ann]\ndata = { leaked = { sums = 1 } }"
    with RunDirectory.create(tmp_path / "made", config) as run:
        run.commit(RoundRecord(0, "experts", 1.0, evaluations=scored("ann", "test", 3)))
        assert domains_without_fresh(run) == []
        run.finish()
        assert domains_without_fresh(run) == ["sums"]
        known = next(s for s in text_tables(run) if s.id == "contamination")
    assert known.rows == [["everybody", "sums", DASH, "no more problems", DASH, ""]]


def test_an_answer_without_a_finite_score_counts_on_neither_side(tmp_path: Path) -> None:
    odd = [
        e._replace(verdict=Verdict(math.nan, "")) for e in scored("ann", "test", 1, of=2)
    ]
    with RunDirectory.create(tmp_path / "made", CONFIG) as run:
        run.commit(
            RoundRecord(
                0, "experts", 1.0, evaluations=[*odd, *scored("ann", "fresh", 1, of=2)]
            )
        )
        assert measure_contamination(run) == []


def test_the_page_shows_each_sheet_and_escapes_what_is_in_it(run: RunDirectory) -> None:
    with run:
        titles = [s.title for s in text_tables(run)]
        page = html_page(run)
    assert titles == ["Who takes part", "Who knew the test", "Who judged", "Tools"]
    assert all(f"<h2>{title}</h2>" in page for title in titles)
    assert "&lt;b&gt;Be brief.&lt;/b&gt;" in page
    assert "knew the test" in page


@pytest.mark.parametrize(
    "payload",
    ["<img src=x onerror=alert(1)>", "\x1b[31mred\x1b]0;title\x07", "\u202eturned"],
)
def test_names_and_prompts_drive_neither_a_terminal_nor_a_browser(
    tmp_path: Path, payload: str
) -> None:
    table = {
        "agents": {
            payload: {
                "instruction": payload,
                "tools": [payload],
                "data": {"files": {payload: 1.0}},
            }
        },
        "evaluators": {payload: {"kind": "spelling"}},
    }
    metrics = {f"evaluator/{payload}/{payload}": 1.0, f"data/{payload}/{payload}": 1.0}
    with made(tmp_path, tomli_w.dumps(table), metrics) as run:
        page, console = (
            html_page(run),
            Console(width=200, force_terminal=True, color_system=None),
        )
        with console.capture() as shown:
            console.print(terminal_report(run))
    assert payload not in page
    assert payload.startswith("<") or payload not in shown.get()
    assert "\x1b[31m" not in shown.get()
    assert "\u202e" not in shown.get() + page


def test_what_was_skipped_is_told_with_agent_step_and_round(tmp_path: Path) -> None:
    told = {
        "skipped": 3.0,
        "skipped/ann/policy": 1.0,
        "skipped/bob/imitation": 0.0,
        "lost/ann": 2.0,
    }
    with RunDirectory.create(tmp_path / "run", CONFIG) as made:
        made.commit(RoundRecord(0, "experts", 1.0, metrics={"skipped": 0.0}))
        assert numeric_faults(made) == []
        made.commit(RoundRecord(1, "teaching", 1.0, metrics=told))
        made.commit(RoundRecord(2, "teaching", 1.0, metrics={"skipped/ann/policy": 2.0}))
        lost, skipped = (
            NumericFault("ann", "answers broken off", 2, (1,)),
            NumericFault("ann", "steps skipped (policy)", 3, (1, 2)),
        )
        assert numeric_faults(made) == [lost, skipped]
        (sheet,) = [s for s in text_tables(made) if s.id == "faults"]
        assert ["ann", "steps skipped (policy)", "1, 2", "3"] in [
            list(row) for row in sheet.rows
        ]
        assert "What was skipped" in html_page(made)
