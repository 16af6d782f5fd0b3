"""Wrong use is one line on standard error, exit 2, and nothing is left behind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.toys import docendo, refused, tiny_config

AGENTS = '\n[agents.ann]\ndomain = "mathematics"\n'


def write_directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("experts.step=3", "no setting 'step'; did you mean 'steps'?"),
        ("teeching.rounds=3", "no setting 'teeching'; did you mean 'teaching'?"),
        ("teaching.rounds=many", "input should be a valid integer, got 'many'"),
        ("teaching.lessons=1", "greater than or equal to 2, got 1"),
        ("learning.epochs=2", "needs a clipped loss, such as loss = 'ppo_clip'"),
        (
            "learning.practice_attempts=1",
            "compared with nothing; wanted at least 2, or share_solutions = 'self'",
        ),
        ("model=./nosuch", "/nosuch': no such folder or file"),
        ("model=nosuch.gguf", "/nosuch.gguf': no such folder or file"),
        ("model=tiny.toml", "is not a GGUF file; expected one, a folder"),
        ("engine.device=abacus", "'abacus'"),
        (
            "domains.mathematik.families={}",
            "no domain 'mathematik'; did you mean 'mathematics'?",
        ),
        (
            "domains.mathematics.families={summs=[1]}",
            "no family 'summs'; did you mean 'sums'?",
        ),
        ("domains.mathematics.families={sums=[9]}", "no level 9; it has 1, 2, 3, 4, 5"),
        ("domains.capitals.file=nosuch.csv", "nosuch.csv"),
        (
            "agents.emmy.domain=mathematik",
            "no domain 'mathematik'; did you mean 'mathematics'?",
        ),
        ("teaching", "--set wants section.name=value, got 'teaching'"),
    ],
)
def test_wrong_values_of_set_are_refused_by_run_and_plan(
    here: Path, setting: str, said: str
) -> None:
    assert said in refused(here, "run", tiny_config(here), "--set", setting)
    assert said in refused(here, "plan", tiny_config(here), "--set", setting)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (
            AGENTS + "[agents.bob]\n",
            "domain 'programming' has no teacher: give an agent domain = 'programming'",
        ),
        (
            AGENTS + "[domains.mathematics]\n",
            "domain 'mathematics' has no student: 'ann' is its only agent",
        ),
        (
            '[domains.few]\nfile = "few.csv"\n[agents.ann]\ndomain = "few"\n[agents.bob]\n',
            "held-out problems, not 1",
        ),
        ("[agents.Base]\n", "an agent's name is lower-case letters"),
    ],
)
def test_agents_without_a_fitting_role_or_name_are_refused(
    here: Path, extra: str, said: str
) -> None:
    (here / "few.csv").write_text("question,answer\n1 + 1?,2\n")
    assert said in refused(here, "run", tiny_config(here, extra))


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: None, "cannot be read: No such file or directory"),
        (write_directory, "cannot be read: Is a directory"),
        (
            lambda path: path.write_bytes(b"model = '\xff'"),
            "is not TOML: 'utf-8' codec can't decode byte 0xff",
        ),
        (lambda path: path.write_text("model = "), "is not TOML: Invalid value"),
        (
            lambda path: path.write_text("[[agents]]\n"),
            "agents: input should be a valid dictionary",
        ),
    ],
)
def test_files_that_are_no_config_are_refused(
    here: Path, write: Callable[[Path], object], said: str
) -> None:
    write(here / "a.toml")
    assert said in refused(here, "run", here / "a.toml")


def test_a_misspelt_config_file_is_refused_with_the_nearest_file(here: Path) -> None:
    (here / "recipes").mkdir()
    (here / "recipes" / "league.toml").touch()
    assert "did you mean" not in refused(here, "run", here / "league.toml")
    (here / "leagues.toml").touch()
    assert f"did you mean {str(here / 'leagues.toml')!r}?" in refused(
        here, "run", here / "leages.toml"
    )
    for nothing in (here / "other.toml", here / "nowhere" / "league.toml"):
        assert "did you mean" not in refused(here, "run", nothing)


def test_an_export_refuses_a_folder_that_is_not_empty(here: Path, finished: Path) -> None:
    config = tiny_config(here)
    assert "is not empty" in refused(here, "export", finished, "emmy", here)
    assert "is a file" in refused(here, "export", finished, "emmy", config)


def test_a_page_that_cannot_be_written_is_an_error(here: Path, finished: Path) -> None:
    assert "no such folder" in refused(
        here, "report", finished, "--html", here / "no" / "page.html"
    )
    assert "is a folder" in refused(here, "report", finished, "--html", here)


def test_unknown_domains_are_refused(here: Path) -> None:
    assert "no domain 'biologie'; did you mean 'biology'?" in refused(
        here, "domains", "biologie"
    )
    assert "no domain 'biologie'; did you mean 'biology'?" in refused(
        here, "audit", "biologie"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("tech",),
        ("run", "--rounds", "3"),
        ("eval",),
        ("export", "r", "a", "d", "--format", "x"),
    ],
)
def test_unknown_commands_and_options_print_the_usage(
    here: Path, words: tuple[str, ...]
) -> None:
    done = docendo(*words)
    assert done.code == 2
    assert "Usage: docendo" in done.err
    assert not list(here.iterdir())


def test_an_error_message_cannot_control_the_terminal(here: Path) -> None:
    line = refused(here, "report", "no\x1b[2Jsuch\nrun")
    assert "no␛[2Jsuch run" in line


@pytest.mark.parametrize("name", [r"rows\u0000.csv", r"rows\u0007\u0000"])
def test_an_impossible_data_file_name_is_refused_in_one_line(here: Path, name: str) -> None:
    (here / "odd.toml").write_text(f'domains.own = {{ file = "{name}" }}\n')
    done = docendo("run", "odd.toml")
    assert (done.code, done.out) == (2, "")
    assert "no file can have that name" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("report",), ("eval",), ("resume",), ("run", "--dry-run", "--out")]
)
def test_an_impossible_file_name_is_refused(here: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docendo", *words, "x" * 300],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("docendo: xxxxx")
    assert "no file can have a name as long as that" in done.stderr
    assert "Traceback" not in done.stderr
