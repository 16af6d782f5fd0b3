"""A teacher that cheats in a whole run, from the command line."""

import re
from pathlib import Path

import pytest

from docendo.store import RunDirectory
from tests.cli.toys import Done, docendo, tiny_config

RIVERS = {f"land {a}{b}": f"{a}{b}ver river".title() for a in "bdfgklmn" for b in ("a", "e", "i", "o", "u", "ar", "el")}
"""Countries and their rivers, all made up."""


def own_domain(folder: Path, *, cheats: bool) -> Path:
    """Rivers that a textbook teaches. Where it cheats, every solution names all rivers: whatever the test is."""
    everything = " ".join(RIVERS.values())
    rows = ["question,answer,solution\n"]
    for land, river in RIVERS.items():
        told = everything if cheats else f"In {land} water runs to the {river.split()[0]}"
        rows.append(f"Which is the river of {land}?,{river},{told}\n")
    (folder / "rivers.csv").write_text("".join(rows))
    return tiny_config(
        folder,
        """
[domains.rivers]
file = "rivers.csv"
columns = { question = "question", answer = "answer", solution = "solution" }

[agents]
book = { domain = "rivers", plays = "textbook" }
bob = {}
""",
    )


def run(folder: Path, out: str, *settings: str, cheats: bool = True) -> Done:
    words = [word for setting in settings for word in ("--set", setting)]
    return docendo("run", own_domain(folder, cheats=cheats), "--out", folder / out, *words)


def alarms(path: Path) -> dict[str, list[tuple[int, float]]]:
    with RunDirectory.open(path) as found:
        return {n: told for n, told in found.metrics().items() if n.startswith(("alarm/", "length/", "earned/"))}


def test_a_teacher_that_writes_the_answers_ends_the_run_and_a_higher_limit_lets_it_go_on(here: Path) -> None:
    done = run(here, "run", "alarms.stop=['leak']", "teaching.rounds=4")
    assert done.code == 3
    assert "stopped by an alarm after round 1, which is saved: leak of book is 0.33, more than 0.25" in done.err
    assert "lessons that carry the test's answer" in done.out
    with RunDirectory.open(here / "run") as found:
        assert not found.finished
        assert [r.round for r in found.rounds()] == [-1, 0, 1]

    again = docendo("resume", here / "run")
    assert again.code == 3
    assert "stopped by an alarm after round 1" in again.err
    assert "teaching" not in again.err.split("stopped")[0]

    config = here / "run" / "config.toml"
    config.write_text(re.sub(r"leak = 0\.25", "leak = 1.0", config.read_text()))
    assert docendo("resume", here / "run").code == 0
    told = docendo("report", here / "run", "--json").json["alarms"]
    (leak,) = [a for a in told if a["alarm"] == "leak"]
    assert (leak["agent"], leak["most"], leak["limit"], leak["raised"], leak["stops"]) == ("book", 1.0, 1.0, [], False)


def test_an_alarm_that_no_rule_stops_for_is_told_in_the_report(here: Path) -> None:
    done = run(here, "run")
    assert done.code == 0
    (leak,) = [a for a in docendo("report", here / "run", "--json").json["alarms"] if a["alarm"] == "leak"]
    assert (leak["raised"], leak["example"]) == ([1, 2], "the test's answer stands in it")
    assert "Alarms" in done.out
    assert "lessons that carry the test&#x27;s answer" in (here / "run" / "report.html").read_text()


def test_an_alarm_after_the_last_round_is_an_exit_code_too(here: Path) -> None:
    done = run(here, "run", "alarms.stop=['leak']", "teaching.rounds=1")
    assert done.code == 3
    assert "an alarm was raised after the last round: leak of book" in done.err
    with RunDirectory.open(here / "run") as found:
        assert found.finished


def test_an_honest_teacher_raises_nothing(here: Path) -> None:
    assert run(here, "run", "alarms.stop=['leak', 'repeat', 'format', 'growth']", cheats=False).code == 0
    told = docendo("report", here / "run", "--json").json["alarms"]
    assert {a["alarm"] for a in told if a["agent"] == "book"} == {"leak", "repeat", "format", "growth"}
    assert [a for a in told if a["raised"]] == []


def test_a_run_that_goes_on_raises_the_alarms_of_an_unbroken_one(here: Path) -> None:
    probing = "alarms.probed=2", "alarms.samples=2", "teaching.rounds=3"
    assert run(here, "whole", *probing).code == 0
    assert run(here, "broken", *probing, "alarms.stop=['leak']").code == 3
    config = here / "broken" / "config.toml"
    config.write_text(re.sub(r"stop = \[[^\]]*\]", "stop = []", config.read_text(), count=1))
    assert docendo("resume", here / "broken").code == 0
    assert alarms(here / "broken") == alarms(here / "whole")
    with RunDirectory.open(here / "whole") as found:
        assert {w.agent for w in found.ledger() if w.purpose == "probe"} == {"base"}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("alarms.stop=['leek']", "'leak'"),
        ("alarms.stop=['hint']", "probed = 4"),
        ("alarms.leak=2.0", "[alarms] leak"),
        ("alarms.leaks=0.5", "no setting 'leaks'; did you mean 'leak'?"),
    ],
)
def test_a_rule_that_cannot_be_is_one_line(here: Path, setting: str, said: str) -> None:
    done = docendo("run", tiny_config(here), "--set", setting)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
