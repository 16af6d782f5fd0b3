"""An exported agent says what it is, how it was made and what was measured."""

import json
from pathlib import Path

from docendo.cli.model_card import write_model_card
from docendo.config.load import read_run_config
from docendo.records import AgentId
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import split_answers

CONFIG = """
seed = 7
[agents.ann]
domain = "sums"
[agents.bob]
"""
HOSTILE = 'x"\n---\n# <script>|`'


def card_of(folder: Path, agent: str, base: str = "org/base", library: str = "peft") -> str:
    with RunDirectory.create(folder / "run", CONFIG) as run:
        evaluations = split_answers("ann", "test", 30)
        run.commit(RoundRecord(0, "experts", 1.0, evaluations=evaluations))
        run.commit(RoundRecord(1, "teaching", 1.0))
        config = read_run_config(run)
        return write_model_card(run, config, AgentId(agent), base, library)


def test_the_card_has_the_last_evaluation_with_its_interval(tmp_path: Path) -> None:
    card = card_of(tmp_path, "ann")
    assert "Rounds: 1 supervised, 1 of teaching." in card
    assert "Seed: 7." in card
    assert "after round 0; 95% Wilson intervals" in card
    assert "| sums (own) | 75% | 60% to 86% | 40 |" in card
    assert "Nothing else was measured" in card


def test_the_card_of_an_agent_that_was_not_evaluated_says_so(tmp_path: Path) -> None:
    assert "It was not measured in the run." in card_of(tmp_path, "bob")


def test_names_of_strangers_stay_in_their_places(tmp_path: Path) -> None:
    card = card_of(tmp_path, "ann", HOSTILE, "transformers")
    assert card.count("\n---\n") == 1
    head = card.split("\n---\n")[0].removeprefix("---\n")
    values = dict(line.split(": ", 1) for line in head.splitlines())
    assert json.loads(values["base_model"]) == HOSTILE
    assert json.loads(values["license"]) == "unknown"
    assert "<script>" not in card.split("\n---\n")[1].replace(r"\<script\>", "")
