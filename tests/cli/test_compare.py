"""`docendo compare`, from its file to its page."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomli_w

from docendo.study.result_files import load_study
from tests.cli.toys import docendo
from tests.store.test_atomic import small_disk
from tests.study.leagues import league, study, timeless
from tests.study.toys import toy_study

REGIMES = {"few": {"settings": ["domains.*.solutions=8"]}}


def test_a_dry_run_refuses_the_output_folders_that_a_real_run_refuses(
    tmp_path: Path,
) -> None:
    path, taken = study(tmp_path), tmp_path / "taken"
    taken.mkdir()
    (taken / "diary.txt").write_text("dear")
    for out, said in (
        (taken, "holds no study; choose another --out"),
        (taken / "diary.txt", "is a file"),
    ):
        for more in ((), ("--dry-run",)):
            done = docendo("compare", path, "--out", out, *more)
            assert done.code == 2
            assert said in done.err
    assert [p.name for p in taken.iterdir()] == ["diary.txt"]


def test_a_file_that_is_no_study_is_refused_with_what_it_is_instead(tmp_path: Path) -> None:
    path = study(tmp_path)
    assert (
        "is a league, not a study; `docendo run` takes it"
        in docendo("compare", tmp_path / "league.toml").err
    )
    assert (
        "is a study, not a league; `docendo compare` takes it"
        in docendo("run", path, "--dry-run").err
    )
    (tmp_path / "league.toml").write_text(tomli_w.dumps(league(model="nan")))
    assert (
        "model 'nan' is not known; did you mean 'nano'?"
        in docendo("compare", path, "--dry-run").err
    )
    (tmp_path / "league.toml").unlink()
    assert (
        f"{path} config: {tmp_path / 'league.toml'}: cannot be read"
        in docendo("compare", path).err
    )


def test_the_report_command_reads_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    toy_study(tmp_path / "toy", seeds=2)
    told = docendo("report", "toy", "--json").json
    assert not (tmp_path / "toy" / "report.html").exists()
    means = {
        arm: told["regimes"]["scarce"]["arms"][arm]["measures"]["mean"]
        for arm in ("teaching", "joint-rl")
    }
    gap = told["regimes"]["scarce"]["minus"]["joint-rl"]["teaching"]
    assert gap["mean"] == pytest.approx(
        means["teaching"]["mean"] - means["joint-rl"]["mean"]
    )
    assert gap["low"] < gap["mean"] < gap["high"]
    assert told["regimes"]["scarce"]["arms"]["teaching"]["seeds"] == [0, 1]
    shown = docendo("report", "toy")
    assert "Every arm" in shown.out
    assert shown.out.splitlines()[-1] == "toy/report.html"
    assert (tmp_path / "toy" / "report.html").is_file()
    (tmp_path / "empty" / "results").mkdir(parents=True)
    assert "no result of a study" in docendo("report", "empty").err


def test_a_study_writes_its_page_and_a_second_call_trains_nothing(tmp_path: Path) -> None:
    path = study(
        tmp_path, arms=["base", "experts", "experts-merged"], budget=2e7, regimes=REGIMES
    )
    first = docendo("compare", path, "--out", tmp_path / "out")
    assert first.code == 0, first.err
    assert (tmp_path / "out" / "report.html").is_file()
    assert list(load_study(tmp_path / "out").results["few"]) == [
        "base",
        "experts",
        "experts-merged",
    ]
    assert not list((tmp_path / "out" / "runs").rglob("run.db"))
    second = docendo("compare", path, "--out", tmp_path / "out")
    assert (second.code, second.out) == (0, first.out)
    assert "seed" not in second.err


def test_a_merged_arm_may_be_added_after_the_arms_it_merges_are_trained(
    tmp_path: Path,
) -> None:
    asked = {"budget": 2e7, "arms": ["experts"]}
    before = docendo("compare", study(tmp_path, **asked), "--out", tmp_path / "out")
    experts = load_study(tmp_path / "out").results["all"]["experts"][0]
    after = docendo(
        "compare",
        study(tmp_path, **asked | {"arms": ["experts", "experts-ties"]}),
        "--out",
        tmp_path / "out",
    )
    assert (before.code, after.code) == (0, 0), after.err
    found = load_study(tmp_path / "out").results["all"]
    assert list(found) == ["experts", "experts-ties"]
    assert timeless(found["experts"][0]) == timeless(experts)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_study_killed_repeatedly_ends_like_an_unbroken_one(
    tmp_path: Path,
) -> None:
    kills = int(os.environ.get("DOCENDO_TRIALS", "2"))
    path = study(tmp_path, arms=["teaching"], budget=4e8, regimes=REGIMES)
    whole = docendo("compare", path, "--out", tmp_path / "whole")
    assert whole.code == 0, whole.err
    command = [
        sys.executable,
        "-m",
        "docendo",
        "compare",
        str(path),
        "--out",
        str(tmp_path / "out"),
    ]
    killed = 0
    for trial in range(kills):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not list((tmp_path / "out").rglob("run.db")):
            time.sleep(0.01)
        time.sleep(0.3 * (trial % 8 + 1))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    found, wanted = (
        load_study(tmp_path / name).results["few"] for name in ("out", "whole")
    )
    assert {a: timeless(of[0]) for a, of in found.items()} == {
        a: timeless(of[0]) for a, of in wanted.items()
    }


@pytest.mark.slow
def test_two_processes_train_each_arm_once(tmp_path: Path) -> None:
    path = study(tmp_path, arms=["base", "experts"], budget=2e7, seeds=2)
    command = [
        sys.executable,
        "-m",
        "docendo",
        "compare",
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--jobs",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    begun = [
        line
        for line in done.stderr.splitlines()
        if re.fullmatch(r"all, [a-z]+, seed \d", line)
    ]
    assert len(begun) == len(set(begun)) == 4
    assert {len(of) for of in load_study(tmp_path / "out").results["all"].values()} == {2}


def test_a_full_disk_is_one_line_and_the_study_can_be_resumed_afterwards(
    tmp_path: Path,
) -> None:
    path = study(tmp_path, arms=["base"])
    with small_disk():
        full = docendo("compare", path, "--out", tmp_path / "out")
    assert (full.code, full.err.count("Traceback")) == (1, 0)
    assert full.err.splitlines()[-1].startswith("docendo: ")
    assert docendo("compare", path, "--out", tmp_path / "out").code == 0
