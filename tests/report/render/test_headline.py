"""What a report of a run begins with."""

from pathlib import Path

from docendo.report.facts.run import collect
from docendo.report.render.headline import Headline, describe_run, headlines
from docendo.store import RunDirectory
from tests.report.toys import small_run


def test_the_four_numbers_of_a_small_run(tmp_path: Path) -> None:
    with small_run(tmp_path / "league") as run:
        other, own, gain, gate = headlines(collect(run))
    # without a lesson on the other's domain: 1 of 8 right at the start, 4 of 8 at the end
    assert other.value == "12 → 50%"
    assert other.notes[0] == "+38 points"
    assert own.value == "75 → 75%"
    # three shown lessons gained +0.5, 0 and -0.25
    assert (gain.value, gain.notes[0]) == ("+0.08", "3 lessons")
    assert gate == Headline("Lessons through the gate", "75%", ["3 of 4"])


def test_a_run_without_rounds_says_that_nothing_is_there_yet(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        facts = collect(run)
    notes = [headline.notes for headline in headlines(facts)]
    assert notes == [
        ["no evaluation yet"],
        ["no evaluation yet"],
        ["no lesson shown yet"],
        ["0 of 0"],
    ]
    assert describe_run(facts)[-1] == "not finished"


def test_what_a_run_was_names_model_agents_rounds_and_compute(tmp_path: Path) -> None:
    with small_run(tmp_path / "league") as run:
        assert describe_run(collect(run)) == [
            "SmolLM2-135M-Instruct",
            "2 agents",
            "1 expert and 2 teaching rounds",
            "2 min 01 s",
            "300 tokens",
            "16 GFLOP",
            "finished",
        ]
