"""The preferences command: what people said, as rows or as payoffs."""

import json
from pathlib import Path

import pytest

from tests.cli.toys import docendo, typed


def test_preferences_from_chat_are_exported_as_rows(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "hm?", "a", "the right one", "")
    assert (
        docendo("chat", str(run), "--right", "--agent", "emmy", "--agent", "ada").code == 0
    )
    done = docendo("preferences", str(run), "--out", str(tmp_path / "said.jsonl"))
    assert done.code == 0
    rows = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()]
    assert [r["prompt"][0]["content"] for r in rows].count("hm?") == 3
    single = [
        json.loads(line)
        for line in docendo("preferences", str(run), "--unpaired").out.splitlines()
    ]
    assert {row["label"] for row in single if row["prompt"][0]["content"] == "hm?"} == {
        True,
        False,
    }


def test_preferences_from_chat_are_exported_as_payoffs_that_analyse_reads(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, *[line for i in range(3) for line in (f"{i}?", "ab"[i % 2])])
    assert (
        docendo(
            "chat", str(run), "--agent", "emmy", "--agent", "ada", "--person", "you"
        ).code
        == 0
    )
    assert (
        docendo(
            "preferences", str(run), "--payoffs", "--out", str(tmp_path / "payoff.csv")
        ).code
        == 0
    )
    read = docendo("analyse", str(tmp_path / "payoff.csv"), "--json").json
    assert {"emmy", "ada"} <= set(read["names"])
    shown = docendo("preferences", str(run), "--league").out
    assert "Cyclic share without the noise" in shown
    assert docendo("preferences", str(run), "--league", "--payoffs").code == 2
