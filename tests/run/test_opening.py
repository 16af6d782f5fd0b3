"""Opening a run writes nothing; tying it to a folder notes what it was made of."""

import shutil
from pathlib import Path

import pytest

import docendo
from docendo.build.backend import resolve_config
from docendo.build.parts import Parts
from docendo.config.load import Config, changed, to_toml
from docendo.errors import UserError
from docendo.records import Episode, Payoff
from docendo.run.opening import begin, open_session, resume_session
from docendo.store import RunDirectory
from tests.cli.test_run import Silent


def test_opening_a_session_writes_nothing(
    league: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session = open_session(league, Silent())
    assert session.directory is None
    assert session.last_round == -2
    assert list(tmp_path.iterdir()) == []


def test_a_new_run_notes_its_provenance_and_the_rows_it_left_out(
    league: Config, tmp_path: Path
) -> None:
    rows = [f"What is {i} doubled?,{2 * i}" for i in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["question,answer", *rows, "no answer,"]))
    config = resolve_config(
        changed(
            league,
            [
                f"domains.own={{file='{tmp_path / 'rows.csv'}'}}",
                "agents.cat={domain='own'}",
            ],
        )
    )
    session = open_session(config, Silent())
    with RunDirectory.create(tmp_path / "run", to_toml(config)) as directory:
        begin(session, directory)
        assert [row.line for row in directory.quarantined()] == [42]
        provenance = directory.noted("provenance")
    assert str(tmp_path / "rows.csv") in str(provenance)


def test_a_run_is_resumed_with_its_last_round_and_its_changes(
    league: Config, finished: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    longer = resolve_config(changed(league, ["teaching.rounds=3"]))
    with RunDirectory.open(folder, write=True) as directory:
        session = resume_session(directory, longer, Silent())
        assert session.last_round == 3
        assert [change.what for change in session.changes] == ["teaching.rounds"]
        assert session.ledger.flops() > 0
        assert directory.config_toml == to_toml(longer)


def test_a_run_cannot_be_resumed_with_fewer_rounds_than_it_has_played(
    league: Config, finished: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    shorter = resolve_config(changed(league, ["teaching.rounds=1"]))
    with (
        RunDirectory.open(folder, write=True) as directory,
        pytest.raises(UserError, match=r"teaching\.rounds = 1, but 2 have been played"),
    ):
        resume_session(directory, shorter, Silent())
    with docendo.resume_run(folder) as run:
        assert run.session.last_round == 3, "the refused resumption changed nothing"


def test_a_run_cannot_be_resumed_without_its_parts_from_python(
    league: Config, tmp_path: Path
) -> None:
    class Half:
        def __call__(self, episode: Episode) -> Payoff:
            return Payoff(0.5, tuple(0.5 for _ in episode.attempts))

    folder = tmp_path / "run"
    with docendo.open_run(league, folder=folder, parts=Parts(reward=Half())) as run:
        next(run.rounds())
    with pytest.raises(
        UserError, match=r"cannot go on: parts\.reward: was .*, is now the config's"
    ):
        docendo.resume_run(folder)
    with docendo.resume_run(folder, parts=Parts(reward=Half())) as run:
        assert next(run.rounds()).index == 0
