"""Who takes part, who knew the test, what was contributed."""

from pathlib import Path

import pytest

from docendo.records import AgentId, Evaluation, Problem, Verdict
from docendo.report.intervals import difference
from docendo.report.page import html_page
from docendo.report.pools import contributions, gaps, members, sheets
from docendo.store import RoundRecord, RunDirectory

CONFIG = """
[agents.ann]
plays = "model"
domain = "sums"
tools = ["calculator"]
top_p = 1.0
instruction = "<b>Be brief.</b>"
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
        {"tools/ann/calls": 3.0, "evaluator/words/verdicts": 4.0, "evaluator/words/score": 0.5},
        {"tools/ann/calls": 2.0, "evaluator/words/verdicts": 6.0, "evaluator/words/score": 0.7},
    ]
    made.commit(RoundRecord(0, "experts", 1.0, evaluations=seen, metrics=metrics[0]))
    made.commit(RoundRecord(1, "teaching", 1.0, metrics=metrics[1]))
    return made


def test_the_difference_of_two_shares_by_hand() -> None:
    """Newcombe (1998), table II: 56/70 and 48/80, method 10: 0.0524 to 0.3339."""
    _, _, gap = difference([1.0] * 56 + [0.0] * 14, [1.0] * 48 + [0.0] * 32)
    assert (gap.mean, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_who_studied_the_test_is_found_and_who_did_not_is_not(run: RunDirectory) -> None:
    with run:
        ann, bob = gaps(run)
    assert ann.gap.mean == pytest.approx(0.6)
    assert ann.found
    assert bob.gap.mean == pytest.approx(0.05)
    assert not bob.found


def test_only_the_test_split_counts_as_accuracy(run: RunDirectory) -> None:
    with run:
        assert len(list(run.evaluations())) == 80
        assert len(list(run.evaluations(split="fresh"))) == 80


def test_agents_say_what_they_are_made_of_where_it_is_not_as_usual(run: RunDirectory) -> None:
    with run:
        assert members(run) == {
            "ann": {"domains": ["sums"], "tools": ["calculator"], "instruction": "<b>Be brief.</b>"},
            "bob": {"domains": ["sums"]},
        }


def test_counts_are_summed_and_shares_averaged(run: RunDirectory) -> None:
    with run:
        assert contributions(run) == {
            "tools": {"ann": {"calls": 5.0}},
            "evaluator": {"words": {"verdicts": 10.0, "score": pytest.approx(0.6)}},
        }


def test_the_page_shows_each_sheet_and_escapes_what_is_in_it(run: RunDirectory) -> None:
    with run:
        titles = [s.title for s in sheets(run)]
        page = html_page(run)
    assert titles == ["Who takes part", "Who knew the test", "Who judged", "Tools"]
    assert all(f"<h2>{title}</h2>" in page for title in titles)
    assert "&lt;b&gt;Be brief.&lt;/b&gt;" in page
    assert "knew the test" in page
