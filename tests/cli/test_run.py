import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docendo.build.backend import resolve_config
from docendo.cli.runs import pick_run_folder
from docendo.config.load import load_config, to_toml
from docendo.run.opening import begin, open_session
from docendo.store import RunDirectory
from tests.cli.toys import docendo, hashes, tiny_config

ROOT = Path(__file__).parents[2]


class Silent:
    def work(self, purpose: str, tokens: int) -> None: ...

    def stage(self, name: str, index: int, of: int) -> None: ...


def test_a_run_writes_a_directory_with_a_report(finished: Path) -> None:
    with RunDirectory.open(finished) as run:
        assert run.finished
        assert [r.round for r in run.rounds()] == [-1, 0, 1, 2]
    assert "<html" in (finished / "report.html").read_text()
    assert (
        tomllib.loads((finished / "config.toml").read_text())["engine"]["dtype"]
        == "float32"
    )


def test_progress_goes_to_standard_error_and_the_report_to_standard_output(
    here: Path,
) -> None:
    done = docendo("run", tiny_config(here), "--set", "teaching.rounds=1")
    assert done.code == 0
    loading, *lines = done.err.splitlines()
    assert loading.startswith("loading tiny")
    short = [line for line in lines if line.startswith("[domains.")]
    assert len(short) == 3, (
        "whose worked solutions are longer than an answer of eight bytes"
    )
    del lines[:3]
    assert lines[0].startswith("runs/tiny-1: tiny in float32 on cpu; 3 agents, 3 domains")
    assert lines[1] == "up to 1 expert step, then 1 teaching round, each with 2 matches"
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "start",
        "round 0, experts 1/1",
        "round 1, teaching 1/1",
    ]
    assert "gate" in lines[-1]
    assert "others" in lines[-1]
    assert "runs/tiny-1/report.html" in done.out
    assert "docendo eval runs/tiny-1" in done.out
    assert pick_run_folder(here / "tiny.toml") == Path("runs/tiny-2")
    assert pick_run_folder(None) == Path("runs/league-1")


def test_a_dry_run_plays_a_round_and_writes_nothing(here: Path) -> None:
    config = tiny_config(here)
    done = docendo("run", config, "--dry-run", "--set", "teaching.rounds=9")
    assert done.code == 0
    assert "9 teaching rounds" in done.out
    assert "teaching 1/1" in done.err
    assert "worked solutions are longer than max_tokens = 8" in done.err
    assert (
        "max_tokens"
        not in docendo("run", config, "--dry-run", "--set", "teaching.max_tokens=64").err
    )
    assert list(here.iterdir()) == [config]


def test_warmup_rounds_come_after_finetuning(here: Path) -> None:
    sets = ("--set", "experts.warmup_rounds=2", "--set", "teaching.rounds=3")
    assert docendo("run", tiny_config(here), *sets, "--out", "run").code == 0
    with RunDirectory.open(here / "run") as run:
        first, *_ = (row.round for row in run.rounds() if row.stage == "teaching")
        assert {e.round for e in run.episodes()} == {first + 2}


def test_a_finished_run_is_not_resumed(finished: Path) -> None:
    before = hashes(finished)
    done = docendo("resume", finished)
    assert done.code == 0
    assert "is finished" in done.out
    assert "docendo report" in done.out
    assert hashes(finished) == before


def test_a_resumed_run_ends_bit_for_bit_like_an_unbroken_one(
    here: Path, finished: Path
) -> None:
    config = resolve_config(load_config(tiny_config(here)))
    session = open_session(config, Silent())
    with RunDirectory.create(here / "broken", to_toml(config)) as run:
        begin(session, run)
        rounds = session.rounds()
        assert [next(rounds).index, next(rounds).index, next(rounds).index] == [-1, 0, 1]
    done = docendo("resume", here / "broken")
    assert done.code == 0
    assert "broken goes on with round 2, teaching 2/2" in done.err
    assert "teaching 2/2" in done.err
    assert "teaching 1/2" not in done.err
    assert hashes(here / "broken" / "checkpoints") == hashes(finished / "checkpoints")
    with RunDirectory.open(here / "broken") as run, RunDirectory.open(finished) as other:
        assert run.state() == other.state()
        assert list(run.episodes()) == list(other.episodes())
        assert run.ledger() == other.ledger()


def test_ctrl_c_finishes_the_round_and_names_the_resume_command(here: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "docendo",
        "run",
        str(tiny_config(here)),
        "--set",
        "teaching.rounds=500",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        assert process.stderr
        seen = []
        for line in process.stderr:
            seen.append(line)
            if "teaching 2/500" in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        seen += process.stderr.readlines()
    assert process.returncode == 130, "".join(seen)
    assert seen[-1] == "saved after this round; go on with `docendo resume runs/tiny-1`\n"
    with RunDirectory.open("runs/tiny-1") as run:
        rounds, checkpoint = run.rounds(), run.latest_checkpoint()
    assert checkpoint
    assert checkpoint.round == rounds[-1].round
    assert rounds[-1].round < 20


FAILING = """
[domains.mathematics]
families = { sums = [1] }
evaluator = "mine"
[agents]
ann = { domain = "mathematics" }
bob = { domain = "mathematics" }
[evaluators.mine]
type = "function"
file = "mine.py"
[evaluators.truth]
type = "truth"
[evaluators.both]
type = "all"
members = ["truth", "mine"]
"""


@pytest.mark.parametrize("name", ["mine", "both"])
def test_a_grader_that_fails_on_everything_ends_the_dry_run_with_its_own_error(
    here: Path, name: str
) -> None:
    (here / "mine.py").write_text("def grade(question, answer, text):\n    return 1 / 0\n")
    sets = ("--set", f"domains.mathematics.evaluator={name}")
    done = docendo("run", tiny_config(here, FAILING), "--dry-run", *sets)
    assert done.code == 2
    assert "[domains.mathematics] evaluator: failed on every answer: " in done.err
    assert "mine.py:2: grade raised ZeroDivisionError: division by zero" in done.err
    assert "Everything works" not in done.out
