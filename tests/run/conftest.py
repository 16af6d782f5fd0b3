"""A league of two on the tiny model, and one finished run of it."""

from pathlib import Path

import pytest

import docendo
from docendo.config.load import Config, parse_config

__all__ = ["finished", "league"]

LEAGUE = {
    "model": "tiny",
    "engine": {"device": "cpu", "dtype": "float32", "kernels": "torch"},
    "domains": {
        "letters": {"families": {"tor": [1]}},
        "digits": {"families": {"vun": [1]}},
    },
    "agents": {"ann": {"domain": "letters"}, "bob": {"domain": "digits"}},
    "experts": {"steps": 2, "eval_every": 1, "batch_size": 1},
    "teaching": {
        "rounds": 2,
        "matches": 2,
        "attempts": 2,
        "control_attempts": 1,
        "max_tokens": 6,
    },
    "learning": {
        "self_practice": 1,
        "practice_attempts": 2,
        "imitation": 1,
        "rehearsal": 1,
    },
    "evaluation": {"problems": 2},
}


@pytest.fixture(scope="session")
def league() -> Config:
    return parse_config(LEAGUE, "league.toml")


@pytest.fixture(scope="session")
def finished(league: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that has ended; nothing may change it."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    with docendo.open_run(league, folder=folder) as run:
        list(run.rounds())
    return folder
