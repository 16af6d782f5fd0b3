"""Opinions become rows that trainers of preferences read."""

import json

import pytest

from docendo.humans.preference_data import preference_rows, unpaired_rows
from docendo.records import AgentId, Opinion

ANN, BOB = AgentId("ann"), AgentId("bob")
HOSTILE = "\x00<script>\ud800[red]\n'; DROP TABLE opinions; --"


def opinion(choice="first", right="", first=ANN, second=BOB) -> Opinion:
    return Opinion("me", "why?", first, second, ("one", "two"), choice, right)


def test_preference_rows_have_the_format_of_trl() -> None:
    (row,) = preference_rows([opinion("second"), opinion("tie"), opinion("both bad")])
    assert row == {
        "prompt": [{"role": "user", "content": "why?"}],
        "chosen": [{"role": "assistant", "content": "two"}],
        "rejected": [{"role": "assistant", "content": "one"}],
    }
    corrected = preference_rows([opinion("both bad", right="three")])
    assert [r["chosen"][0]["content"] for r in corrected] == ["three", "three"]
    assert [r["rejected"][0]["content"] for r in corrected] == ["one", "two"]


def test_unpaired_rows_label_good_and_bad_answers_and_leave_ties_out() -> None:
    def labels(*said: Opinion) -> list[tuple[str, bool]]:
        return [
            (row["completion"][0]["content"], row["label"]) for row in unpaired_rows(said)
        ]

    assert labels(opinion(), opinion("second")) == [
        ("one", True),
        ("two", False),
        ("one", False),
        ("two", True),
    ]
    assert labels(opinion("both bad"), opinion("tie")) == [("one", False), ("two", False)]
    assert labels(opinion("tie", right="three")) == [("three", True)]


def test_an_answer_is_never_compared_with_itself() -> None:
    same = opinion()._replace(texts=("one", "one"), right="one")
    assert preference_rows([same]) == []
    assert [
        r["rejected"][0]["content"] for r in preference_rows([opinion("tie", right="one ")])
    ] == ["two"]


@pytest.mark.parametrize("made", [preference_rows, unpaired_rows])
def test_hostile_text_round_trips_through_the_vote_rows(made) -> None:
    strange = opinion()._replace(prompt=HOSTILE, texts=(HOSTILE, "two"))
    (row, *_) = made([strange])
    again = json.loads(json.dumps(row))
    assert (
        again["prompt"][0]["content"]
        == (again.get("chosen") or again["completion"])[0]["content"]
        == HOSTILE
    )
