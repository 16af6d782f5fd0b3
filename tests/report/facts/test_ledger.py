"""Tokens and operations, summed by purpose and by agent."""

from docendo.records import AgentId, Usage
from docendo.report import summary
from docendo.report.facts.ledger import purpose_label, sum_usage, without_discarded
from docendo.store import RunDirectory


def test_the_ledger_is_summed_by_purpose_and_by_agent(run: RunDirectory) -> None:
    with run:
        ledger = summary(run)["ledger"]
    assert (ledger["tokens"], ledger["flops"]) == (300, 16e9)
    assert ledger["by_purpose"] == {
        "training": {"tokens": 100, "flops": 12e9},
        "teaching": {"tokens": 200, "flops": 4e9},
    }
    assert list(ledger["by_agent"]) == ["bob", "ann"]


def test_discarded_tokens_are_shown_but_not_counted_twice():
    rows = [
        Usage(AgentId("ann"), "attempt", 10, 5.0),
        Usage(AgentId("ann"), "discarded", 4, 0.0),
    ]
    assert [row.purpose for row in without_discarded(rows)] == ["attempt"]
    totals = sum_usage(rows, lambda row: purpose_label(row.purpose))
    assert totals["discarded (of the above)"]["tokens"] == 4
