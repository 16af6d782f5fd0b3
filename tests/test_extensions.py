"""A researcher's own parts: each is one file, named in TOML, and the run works as ever."""

import subprocess
import sys
from pathlib import Path

import pytest

import docendo
from docendo.errors import UserError
from docendo.parts import user_part_files
from docendo.records import AgentId, Answer, Problem
from docendo.registry import PARTS
from docendo.store import RunDirectory
from tests.own_parts import CODE, KINDS, LEAGUE, SETTINGS, write_extension


def test_there_is_an_extension_of_every_kind() -> None:
    # a sandbox runs answers to programming problems, and has a test of its own below
    assert set(CODE) == set(SETTINGS) == set(PARTS) - {"sandbox"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_users_part_is_one_file(tmp_path: Path, kind: str) -> None:
    config = write_extension(tmp_path, kind)
    assert [path.name for path in tmp_path.glob("*.py")] == [f"own_{kind}.py"]

    with docendo.open_run(config, folder=tmp_path / "run") as run:
        rounds = list(run.rounds())
    assert [record.index for record in rounds] == [-1, 0, 1, 2]
    with docendo.resume_run(tmp_path / "run") as run:
        assert list(run.rounds()) == [], "a finished run has no rounds left"
    sys.modules.pop(f"own_{kind}", None)


def test_a_run_finds_the_users_parts_from_another_process(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    with docendo.open_run(config, folder=tmp_path / "run") as run:
        list(run.rounds())
    sys.modules.pop("own_reward", None)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "docendo", "resume", str(tmp_path / "run")]
    command += ["--set", "teaching.rounds=3"]
    done = subprocess.run(
        command, cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    with RunDirectory.open(tmp_path / "run") as finished:
        payoffs = {e.payoff.teacher for e in finished.episodes(round=3) if e.payoff}
    assert payoffs == {0.25}, "the user's reward"


def test_a_parts_folder_is_relative_to_the_config(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "baseline")
    (tmp_path / "parts").mkdir()
    (tmp_path / "own_baseline.py").rename(tmp_path / "parts" / "beside_baseline.py")
    text = config.read_text().replace("own_baseline", "beside_baseline")
    config.write_text('parts_folder = "parts"\n' + text)

    loaded = docendo.load_config(config)
    assert loaded.parts_folder == str(tmp_path / "parts")
    assert loaded.learning.baseline.type == "beside_baseline:MeanBaseline"


def test_teachers_are_paid_by_the_users_reward(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    with docendo.open_run(config) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    assert episodes
    assert {episode.payoff.teacher for episode in episodes if episode.payoff} == {0.25}


def test_a_users_matchmaker_makes_every_match(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "matchmaker")) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    pairs = {(episode.match.teacher, episode.match.student) for episode in episodes}
    assert pairs == {("ann", "bob")}


def test_a_users_backend_trains_every_step(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "backend")
    with docendo.open_run(config) as run:
        list(run.rounds())
        counted = sys.modules["own_backend"].Counted
        assert isinstance(run.session.backend, counted)
    # one step of supervised finetuning, then a policy step and a supervised one in each round
    assert counted.steps >= 1 + 2


def test_a_backend_without_what_a_run_calls_is_an_error(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "backend")
    (tmp_path / "empty_backend.py").write_text("class Empty:\n    sample = None\n")
    config.write_text(
        config.read_text().replace("own_backend:open_counted", "empty_backend:Empty")
    )
    with pytest.raises(
        UserError, match=r"expected a docendo.backend.Backend; got a Empty without score"
    ):
        docendo.open_run(config)


def test_a_users_sft_data_is_all_that_is_imitated(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "sft_data")) as run:
        taught = [record for record in run.rounds() if record.stage == "teaching"]
    assert {record.metrics["samples/sft"] for record in taught} == {2}


def test_a_users_labels_are_learned_beside_what_is_imitated(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "labels")) as run:
        taught = [record for record in run.rounds() if record.stage == "teaching"]
    for record in taught:
        assert record.metrics["samples/labelled"] == 2
        assert record.metrics["samples/sft"] >= 2


def test_a_users_evaluator_judges_its_domain(tmp_path: Path) -> None:
    with docendo.open_run(write_extension(tmp_path, "evaluator")) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    letters = [e for e in episodes if e.match.domain == "letters"]
    assert letters
    reasons = {a.verdict.reason for e in letters for a in e.attempts}
    assert all("by decree" in reason for reason in reasons)


def test_a_users_tracker_gets_every_round(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "tracker")
    with docendo.open_run(config, folder=tmp_path / "run") as run:
        list(run.rounds())
    assert (tmp_path / "run" / "counted.txt").read_text() == "-1 0 1 2 "


SANDBOX = """
from docendo.records import Outcome

class Echo:
    def __init__(self, value):
        self.value = value

    def __call__(self, code, calls=()):
        return Outcome(True, (self.value,) * len(calls))
"""


def test_a_users_sandbox_runs_the_tests_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "own_sandbox.py").write_text(SANDBOX)
    config_file = tmp_path / "league.toml"
    config_file.write_text(
        f"""{LEAGUE}
[evaluators.echo]
type = "tests"
sandbox = {{ type = "own_sandbox:Echo", value = "6" }}
"""
    )
    config = docendo.load_config(config_file)
    evaluator = config.evaluators["echo"].build()
    problem = Problem("d", "f", 1, "Double x.", "x * 2", tests=("f(3) == 6",))
    answers = [Answer(problem, "Answer: x - 1", AgentId("ann"), seed=0)]
    assert evaluator(answers)[0].score == 1, "it believes the sandbox"
    assert [Path(file).name for file in user_part_files(config)] == ["own_sandbox.py"]
    sys.modules.pop("own_sandbox", None)


def test_parts_given_in_python_are_recorded_and_required_on_resume(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    config.write_text(
        config.read_text().replace(
            '{ type = "own_reward:Generous", bonus = 0.25 }', '"gain"'
        )
    )

    def pay_nothing(episode):
        from docendo.records import Payoff

        return Payoff(0.0, (0.0,) * len(episode.attempts))

    parts = docendo.Parts(reward=pay_nothing)
    folder = tmp_path / "run"
    with docendo.open_run(config, folder=folder, parts=parts) as run:
        rounds = run.rounds()
        next(rounds)
        next(rounds)
        noted = run.directory.noted("provenance") if run.directory else None
    assert noted is not None
    assert list(noted["parts"]) == ["reward"]

    with pytest.raises(
        UserError, match=r"parts\.reward: was tests\..*, is now the config's"
    ):
        docendo.resume_run(folder)
    with docendo.resume_run(folder, parts=parts) as run:
        episodes = [episode for record in run.rounds() for episode in record.episodes]
    assert {episode.payoff.teacher for episode in episodes if episode.payoff} == {0.0}


def test_an_unknown_part_is_an_error_with_its_place(tmp_path: Path) -> None:
    config = write_extension(tmp_path, "reward")
    config.write_text(
        config.read_text().replace("own_reward:Generous", "own_reward:Generos")
    )
    with pytest.raises(
        UserError, match=r"\[teaching\] reward: .*no 'Generos'; did you mean 'Generous'"
    ):
        docendo.load_config(config)
