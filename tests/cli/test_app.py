import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import docendo as package
from docendo import cli
from docendo.cli import app
from tests.cli.toys import docendo

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_ends_in_an_example(command: str) -> None:
    done = docendo(command, "--help")
    assert done.code == 0
    assert done.out.rstrip().splitlines()[-1].strip().startswith(f"docendo {command}")


def test_the_version_option_prints_the_version_of_the_package() -> None:
    assert docendo("--version").out == f"docendo {package.__version__}\n"


def test_help_lists_commands_in_groups_with_whole_descriptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = docendo("--help").out.splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Options:", "Train:", "Inspect:", "Use:", "Check:"]
    assert not any("..." in line for line in lines if line.startswith("  "))
    listed = {line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "}
    assert set(COMMANDS) <= listed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("play", "run"), "`docendo play` is now `docendo chat`"),
        (("attack", "run"), "`docendo attack` is now `docendo attack-judges`"),
        (("resume", "run", "--anyway"), "`docendo resume --anyway` is now `--force`"),
        (("serve", "run", "--most=3"), "`docendo serve --most` is now `--max-answers`"),
    ],
)
def test_an_old_command_name_is_refused_with_the_new_one(
    words: tuple[str, ...], message: str
) -> None:
    done = docendo(*words)
    assert (done.code, done.out, done.err) == (2, "", f"docendo: {message}\n")


def test_without_torch_a_command_ends_in_one_line_with_the_pip_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "docendo.build.backend", None)
    monkeypatch.setattr(cli, "_LOCAL_PACKAGES", {"docendo.build.backend"})
    done = docendo("run", "--dry-run")
    assert done.code == 2
    assert done.err.endswith(" is missing; run: pip install 'docendo[local]'\n")
    assert done.err.count("\n") == 1


def test_libraries_print_nothing_unless_their_environment_variables_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_VERBOSITY", "debug")
    monkeypatch.delenv("TRANSFORMERS_VERBOSITY", raising=False)
    assert docendo("--version").code == 0
    assert os.environ["HF_HUB_VERBOSITY"] == "debug"
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "error"


def test_help_imports_no_heavy_library() -> None:
    code = "import sys, docendo.cli; print([m for m in ('torch', 'rich', 'pydantic', 'numpy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"


def test_the_package_can_be_run_with_python_dash_m() -> None:
    words = [sys.executable, "-m", "docendo", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.startswith("docendo ")


def test_the_docs_page_of_the_commands_is_up_to_date() -> None:
    words = [sys.executable, "docs/make_cli.py", "--check"]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
