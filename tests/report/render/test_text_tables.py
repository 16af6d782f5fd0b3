"""The tables of plain text, on a page and in a terminal."""

from pathlib import Path

import pytest
import tomli_w
from rich.console import Console

from docendo.formatting import DASH
from docendo.records import AgentId, MetricKey, Metrics
from docendo.report.facts.run import collect
from docendo.report.render.tables import Table
from docendo.report.render.text_tables import text_tables
from docendo.report.run_page import html_page
from docendo.report.terminal import terminal_report
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import run_of_one_round, split_answers

CONFIG = """
[agents.ann]
domain = "sums"
tools = ["calculator"]
system_prompt = "<b>Be brief.</b>"
"""


def tables_of(run: RunDirectory) -> dict[str, Table]:
    return {table.id: table for table in text_tables(run, collect(run))}


def test_the_page_shows_each_table_and_escapes_what_is_in_it(tmp_path: Path) -> None:
    evaluations = [*split_answers("ann", "test", 36), *split_answers("ann", "fresh", 12)]
    metrics = {"tools/ann/calls": 3.0, "evaluator/words/verdicts": 4.0}
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        run.commit(
            RoundRecord(
                0, "experts", 1, evaluations=evaluations, metrics=Metrics(0, metrics)
            )
        )
        titles = [table.title for table in tables_of(run).values()]
        page = html_page(run)
    assert titles == ["Who takes part", "Who knew the test", "Who judged", "Tools"]
    assert all(f"<h2>{title}</h2>" in page for title in titles)
    assert "&lt;b&gt;Be brief.&lt;/b&gt;" in page
    assert "knew the test" in page


def test_a_domain_without_fresh_problems_has_a_row_of_its_own(tmp_path: Path) -> None:
    config = "[agents.ann]\ndata = { leaked = { sums = 1 } }"
    evaluations = split_answers("ann", "test", 3)
    with RunDirectory.create(tmp_path / "run", config) as run:
        run.commit(RoundRecord(0, "experts", 1.0, evaluations=evaluations))
        run.finish()
        rows = tables_of(run)["contamination"].rows
    assert rows == [["everybody", "sums", DASH, "no more problems", DASH, ""]]


def test_a_skipped_step_is_shown_with_agent_step_and_round(tmp_path: Path) -> None:
    metrics = {MetricKey("nonfinite_steps/policy", AgentId("ann")): 2.0}
    with run_of_one_round(tmp_path / "run", CONFIG, metrics) as run:
        rows = tables_of(run)["faults"].rows
        assert "What was skipped" in html_page(run)
    assert rows == [["ann", "steps skipped (policy)", "0", "2"]]


def test_cut_completions_are_shown_with_the_setting_that_limits_them(
    tmp_path: Path,
) -> None:
    metrics = {"cut/lesson": 0.0, "cut/attempt": 0.5, "cut/duel": 0.25}
    with run_of_one_round(tmp_path / "run", CONFIG, metrics) as run:
        rows = tables_of(run)["cut"].rows
    assert rows == [
        ["attempt", "teaching.max_tokens", "50%", "50%"],
        ["duel", "duels.max_tokens", "25%", "25%"],
    ]


@pytest.mark.parametrize(
    "payload",
    ["<img src=x onerror=alert(1)>", "\x1b[31mred\x1b]0;title\x07", "\u202eturned"],
)
def test_names_and_prompts_control_neither_a_terminal_nor_a_browser(
    tmp_path: Path, payload: str
) -> None:
    ann = {"system_prompt": payload, "tools": [payload], "data": {"files": {payload: 1.0}}}
    config = {
        "model": payload,
        "agents": {"ann": ann},
        "evaluators": {payload: {"type": "spelling"}},
    }
    metrics = {f"evaluator/{payload}/{payload}": 1.0, f"data/{payload}/{payload}": 1.0}
    console = Console(width=200, force_terminal=True, color_system=None)
    with run_of_one_round(tmp_path / "run", tomli_w.dumps(config), metrics) as run:
        page = html_page(run)
        with console.capture() as capture:
            console.print(terminal_report(run))
    assert payload not in page
    assert payload.startswith("<") or payload not in capture.get()
    assert "\x1b[31m" not in capture.get()
    assert "\u202e" not in capture.get() + page
