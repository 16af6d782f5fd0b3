"""The built-in labels in leagues of the tiny model: charged, and resumed to the last bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

import docendo
from docendo.errors import UserError
from docendo.parts import parse_part
from docendo.records import BASE
from docendo.testing import check_labels
from tests.labels.toys import played, practice, school
from tests.own_parts import LEAGUE
from tests.toys import ANN, BOB, episode

NAMES = ("soft_labels", "self_distillation", "expert_distillation")


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_label_is_for_learners_who_differ_in_what_they_read(
    name: str,
) -> None:
    part = parse_part("labels", {"type": name, "gate": False, "texts": 3}).build()
    round_played = played([episode((1, 1), 0.0)], [practice(700, 0, 1)])
    toy = school()
    targets = part(toy, round_played, 1)
    check_labels(targets, toy.learners)
    for target in targets:
        reading = target.labels[0].label.hidden
        assert (reading.agent, reading.prompt_tokens) != (
            target.agent,
            target.prompt_tokens,
        )


def league(folder: Path, labels: str) -> Path:
    config = folder / "league.toml"
    table = f'[learning]\nshare_solutions = "all"\nlabels = {labels}\nsft_kl_weight = 0.1'
    config.write_text(LEAGUE.replace("[learning]", table))
    return config


def finish(run: Any) -> tuple[Any, ...]:
    """Weights, metrics and charges at the end of a run on a disk."""
    with run:
        list(run.rounds())
        weights = run.session.backend.bank.weights_SP.clone()
        assert run.directory
        metrics = run.directory.metrics()
        return weights, metrics, run.directory.ledger()


@pytest.mark.parametrize(
    "labels",
    [
        '{ type = "self_distillation", reader = "base" }',
        '{ type = "expert_distillation", gate = false, texts = 3 }',
    ],
)
def test_a_run_with_labels_is_resumed_to_the_last_bit(tmp_path: Path, labels: str) -> None:
    config = league(tmp_path, labels)
    through = finish(docendo.open_run(config, folder=tmp_path / "through"))
    with docendo.open_run(config, folder=tmp_path / "broken") as run:
        rounds = run.rounds()
        for _ in range(3):
            next(rounds)
    resumed = finish(docendo.resume_run(tmp_path / "broken"))

    assert torch.equal(through[0], resumed[0])
    assert through[1] == resumed[1]
    assert through[2] == resumed[2]
    assert through[1]["samples/labelled"], "there were labels"
    assert through[1]["divergence/imitation"][-1][1] > 0


def test_all_that_labels_need_is_charged(tmp_path: Path) -> None:
    labels = '{ type = "expert_distillation", gate = false, texts = 3 }'
    _, _, ledger = finish(
        docendo.open_run(league(tmp_path, labels), folder=tmp_path / "run")
    )
    charged = {(usage.agent, usage.purpose): usage for usage in ledger}
    # each samples attempts at the other's problems, and labels the other's attempts
    for agent in (ANN, BOB):
        assert charged[agent, "label"].flops > 0
    # the base labels every supervised text for the regulariser
    assert charged[BASE, "kl"].flops > 0
    assert (BASE, "label") not in charged


def test_only_self_distillation_has_a_reader() -> None:
    with pytest.raises(UserError, match="only self_distillation has a reader"):
        parse_part("labels", {"type": "soft_labels", "reader": "base"})
