"""The short way to run from Python."""

import shutil
from pathlib import Path

import pytest

import docendo
from docendo.config.load import Config
from docendo.errors import UserError
from docendo.records import AgentId


def test_without_a_folder_nothing_is_written(
    league: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with docendo.open_run(league) as run:
        indices = [record.index for record in run.rounds()]
    assert indices == [-1, 0, 1, 2, 3]
    assert list(tmp_path.iterdir()) == []


def test_a_run_may_be_opened_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "league.toml").write_text('model = "tiny"\nseed = 9\n')
    with docendo.open_run(tmp_path / "league.toml") as run:
        assert (run.session.config.model, run.session.config.seed) == ("tiny", 9)


def test_a_new_run_refuses_a_folder_that_exists(league: Config, finished: Path) -> None:
    with pytest.raises(UserError, match="holds another run; resume it"):
        docendo.open_run(league, folder=finished)


def test_evaluating_gives_the_accuracy_of_every_learner_in_every_domain(
    league: Config,
) -> None:
    with docendo.open_run(league) as run:
        accuracy = run.evaluate()
    agents = (AgentId("ann"), AgentId("bob"))
    assert accuracy.keys() == {(a, d) for a in agents for d in ("letters", "digits")}
    assert all(0 <= share <= 1 for share in accuracy.values())


def test_a_finished_run_has_no_rounds_left_and_may_be_closed_twice(
    finished: Path, tmp_path: Path
) -> None:
    run = docendo.resume_run(shutil.copytree(finished, tmp_path / "run"))
    assert list(run.rounds()) == []
    run.close()
    run.close()
    assert run.directory is not None
    with docendo.resume_run(tmp_path / "run") as again:
        assert again.session.last_round == 3, "the lock is free"


def test_a_folder_that_is_no_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such run directory"):
        docendo.resume_run(tmp_path / "nothing")
