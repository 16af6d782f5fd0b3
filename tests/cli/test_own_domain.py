"""A domain from the user's own file with bad rows, and every baseline and loss, in tiny runs."""

import pytest

from docendo.store import RunDirectory
from tests.cli.toys import docendo, tiny_config

AGENTS = """
[domains.capitals]
file = "capitals.csv"
columns = { question = "q", answer = "a" }

[domains.mathematics]
families = { sums = [1] }

[agents]
marco = { domain = "capitals" }
emmy = { domain = "mathematics" }
"""


def capitals(folder, rows: int = 60) -> None:
    lines = [
        "q,a",
        *(f"Capital of country {i}?,City{i}" for i in range(rows)),
        "no answer,",
        "Capital of country 1?,City1",
    ]
    (folder / "capitals.csv").write_text("\n".join(lines) + "\n")


def test_a_league_on_the_users_own_file_names_the_rows_it_left_out(tmp_path):
    capitals(tmp_path)
    done = docendo("run", tiny_config(tmp_path, AGENTS), "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert "capitals.csv:62: left out:" in done.err
    with RunDirectory.open(tmp_path / "run") as run:
        assert {row.line for row in run.quarantined()} == {62, 63}
        taught = {e.match.domain for e in run.episodes()}
        assert taught <= {"capitals", "mathematics"}
    assert docendo("resume", tmp_path / "run").code == 0


def test_a_file_with_too_few_good_rows_is_refused_with_its_bad_rows(tmp_path):
    lines = ["q,a", "Capital of one?,One", *("no answer," for _ in range(8))]
    config = tiny_config(tmp_path, AGENTS)
    (tmp_path / "capitals.csv").write_text("\n".join(lines) + "\n")
    *rows, refusal = docendo("run", config, "--out", tmp_path / "run").err.splitlines()
    assert "capitals.csv:3: left out:" in rows[0]
    assert rows[5].startswith("... and 3 more rows left out")
    assert refusal.startswith("docendo: ")
    assert not (tmp_path / "run").exists()


def test_a_small_file_is_evaluated_on_all_its_held_out_rows(tmp_path):
    capitals(tmp_path)
    many = ["--set", "evaluation.problems=100", "--set", "teaching.rounds=0"]
    done = docendo("run", tiny_config(tmp_path, AGENTS), "--out", tmp_path / "run", *many)
    assert done.code == 0, done.err
    with RunDirectory.open(tmp_path / "run") as run:
        asked = {e.problem.key for e in run.evaluations() if e.problem.domain == "capitals"}
    assert 1 < len(asked) < 60


def test_a_file_without_a_usable_row_is_refused_and_leaves_no_folder(tmp_path):
    capitals(tmp_path, rows=0)
    (tmp_path / "capitals.csv").write_text("q,a\n,\n")
    done = docendo("run", tiny_config(tmp_path, AGENTS), "--out", tmp_path / "run")
    assert done.code == 2
    assert "capitals.csv" in done.err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("baseline", "loss", "epochs"),
    [
        ("leave_one_out", "policy_gradient", 1),
        ("running_mean", "policy_gradient", 1),
        ("leave_one_out", "ppo_clip", 2),
    ],
)
def test_every_combination_of_baseline_and_loss_trains(tmp_path, baseline, loss, epochs):
    settings = [
        f"learning.baseline={baseline}",
        f"learning.loss={loss}",
        f"learning.epochs={epochs}",
        "teaching.rounds=1",
    ]
    flags = [word for setting in settings for word in ("--set", setting)]
    done = docendo("run", tiny_config(tmp_path), "--out", tmp_path / "run", *flags)
    assert done.code == 0, done.err
