"""A run that goes on with something changed says so, or does not go on."""

from pathlib import Path

import pytest

from docendo.build.backend import resolve_config
from docendo.config.load import Config, load_config, to_toml
from docendo.datasets.files import BadRow
from docendo.engines.local.base_model import weights_hash
from docendo.errors import UserError
from docendo.run.opening import begin, open_session
from docendo.run.provenance import (
    Change,
    check_changes,
    compare_provenance,
    named_files,
    record_provenance,
)
from docendo.store import RunDirectory
from tests.cli.test_run import Silent
from tests.cli.toys import docendo, hashes, tiny_config
from tests.engines.toys import fresh, loud, plain

ENGINE = fresh()


def made(config: Config) -> dict[str, object]:
    return record_provenance(config, ENGINE.provenance())


def broken(folder: Path, extra: str = "") -> Path:
    """A run of the tiny model that ended after its first round of teaching of two."""
    run = folder / "run"
    done = docendo(
        "run", tiny_config(folder, extra), "--set", "teaching.rounds=1", "--out", run
    )
    assert done.code == 0, done.err
    done = docendo(
        "resume",
        run,
        "--set",
        "teaching.rounds=2",
        "--set",
        "learning.rehearsal=1",
        "--set",
        "x=1",
    )
    assert (done.code, "no setting 'x'" in done.err) == (2, True)
    return run


def test_without_changes_nothing_is_reported() -> None:
    assert compare_provenance(made(Config()), made(Config())) == []
    assert compare_provenance(None, made(Config())) == []


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ("teaching.rounds=30", "free"),
        ("evaluation.eval_every=1", "free"),
        ("learning.policy_lr=0.5", "noted"),
        ("league.curriculum='plr'", "noted"),
        ("agents.emmy.temperature=0.5", "noted"),
        ("engine.max_num_seqs=4", "noted"),
        ("engine.rank=4", "refused"),
        ("seed=2", "refused"),
        ("model='tiny'", "refused"),
        ("learning.baseline='running_mean'", "refused"),
        ("evaluation.problems=3", "refused"),
        ("agents.emmy.domain='biology'", "refused"),
        ("domains.biology.families.growth=[2]", "refused"),
        ("experts.steps=1", "refused"),
    ],
)
def test_every_changed_setting_is_free_noted_kept_or_refused(
    setting: str, rule: str
) -> None:
    table = {"agents": {"emmy": {"domain": "mathematics"}, "ada": {"domain": "biology"}}}
    before = made(
        load_config(
            None,
            tuple(f"agents.{n}.domain='{a['domain']}'" for n, a in table["agents"].items()),
        )
    )
    after = made(
        load_config(
            None,
            (
                *(f"agents.{n}.domain='{a['domain']}'" for n, a in table["agents"].items()),
                setting,
            ),
        )
    )
    assert {c.rule for c in compare_provenance(before, after)} == {rule}


def test_versions_machines_and_weights_are_compared() -> None:
    was = made(Config())
    now = was | {
        "versions": was["versions"] | {"torch": "9"},
        "machine": was["machine"] | {"threads": 99},
        "base": "x",
    }
    assert [(c.what, c.rule) for c in compare_provenance(was, now)] == [
        ("torch", "noted"),
        ("threads", "noted"),
        ("the base model's weights", "kept"),
    ]


def test_rows_that_are_left_out_now_and_were_not_before_need_force() -> None:
    was = made(Config())
    row = BadRow("code.jsonl", 3, "its own answer is not right")
    now = record_provenance(Config(), ENGINE.provenance(), left_out=[row])
    (change,) = compare_provenance(was, now)
    assert change.rule == "kept"
    assert str(change).startswith("left out of the data: was 0 rows")

    other_reason = row._replace(reason="too slow")
    again = record_provenance(Config(), ENGINE.provenance(), left_out=[other_reason])
    assert compare_provenance(now, again) == []


def test_the_weight_hash_is_equal_across_precisions_and_notices_one_row() -> None:
    model = plain()
    one = weights_hash(model)
    assert weights_hash(model.bfloat16().float()) == one
    assert weights_hash(loud(model)) != one


def test_forbidden_changes_are_refused_and_risky_ones_need_force(
    tmp_path: Path,
) -> None:
    file, seed = (
        Change("rows.csv", "a" * 64, "b" * 64, "kept"),
        Change("seed", 1, 2, "refused"),
    )
    check_changes(
        [Change("teaching.rounds", 1, 2, "free"), Change("torch", "1", "2", "noted")],
        tmp_path,
        force=False,
    )
    with pytest.raises(
        UserError,
        match=r"rows\.csv: was a{40}\.\.\., is now b{40}\.\.\.; put it back, or .* --force",
    ):
        check_changes([file], tmp_path, force=False)
    check_changes([file], tmp_path, force=True)
    with pytest.raises(
        UserError,
        match="cannot go on: seed: was 1, is now 2; put it back, or begin a new run",
    ):
        check_changes([file, seed], tmp_path, force=True)


def test_every_file_named_in_the_settings_is_hashed(tmp_path: Path) -> None:
    for name in (
        "rows.csv",
        "words.txt",
        "asks.py",
        "solves.py",
        "extra.jsonl",
        "known.txt",
    ):
        (tmp_path / name).write_text("x")
    (tmp_path / "run.toml").write_text(
        """
domains.a = { file = "rows.csv" }
agents.ann = { domain = "a", tools = ["dictionary:words.txt", "calculator"], data = { files = { "extra.jsonl" = 1 } } }
askers.f = { type = "function", file = "asks.py" }
askers.p = { type = "persona", model = "ann", verify = "solves.py" }
evaluators.s = { type = "spelling", file = "known.txt" }
"""
    )
    found = [p.name for p in named_files(load_config(tmp_path / "run.toml"))]
    assert found == [
        "asks.py",
        "extra.jsonl",
        "known.txt",
        "rows.csv",
        "solves.py",
        "words.txt",
    ]


def test_a_finished_run_extended_by_rounds_ends_like_one_planned_that_long(
    tmp_path: Path,
) -> None:
    run, whole = broken(tmp_path), tmp_path / "whole"
    done = docendo("resume", run, "--set", "teaching.rounds=2")
    assert done.code == 0, done.err
    assert "teaching.rounds: was 1, is now 2\n" in done.err
    assert docendo("run", tmp_path / "tiny.toml", "--out", whole).code == 0
    assert (
        hashes(run / "checkpoints")["000003/manifest.json"]
        == hashes(whole / "checkpoints")["000003/manifest.json"]
    )
    assert (run / "config.toml").read_text() == (whole / "config.toml").read_text()
    assert "is finished" in docendo("resume", run).out


def test_a_config_edited_by_hand_is_noticed(tmp_path: Path) -> None:
    run = broken(tmp_path)
    before = hashes(run)
    config = run / "config.toml"
    text = config.read_text()
    config.write_text(
        text.replace("rounds = 1", "rounds = 2").replace("seed = 0", "seed = 1", 1)
    )
    done = docendo("resume", run)
    assert done.code == 2
    assert "cannot go on: seed: was 0, is now 1; put it back" in done.err
    config.write_text(text)
    assert hashes(run) == before
    done = docendo(
        "resume", run, "--set", "teaching.rounds=2", "--set", "learning.policy_lr=0.01"
    )
    assert done.code == 0, done.err
    assert (
        "learning.policy_lr: was 0.0001, is now 0.01; from here on it is another run"
        in done.err
    )
    report = docendo("report", run, "--json").json
    assert [(c["what"], c["round"]) for c in report["changes"]] == [
        ("learning.policy_lr", 1),
        ("teaching.rounds", 1),
    ]


def test_a_changed_data_file_is_noticed(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("question,answer\n" + "".join(f"what is {i}?,{i}\n" for i in range(60)))
    run = broken(
        tmp_path,
        '[domains.own]\nfile = "rows.csv"\n[domains.biology]\n[agents]\na = {domain="own"}\nb = {domain="biology"}',
    )
    rows.write_text(rows.read_text().replace("what is 7?", "what was 7?"))
    done = docendo("resume", run, "--set", "teaching.rounds=2")
    assert (done.code, "rows.csv: was" in done.err, "--force" in done.err) == (
        2,
        True,
        True,
    )
    done = docendo("resume", run, "--set", "teaching.rounds=2", "--force")
    assert done.code == 0, done.err
    assert "rows.csv: was" in done.err


def test_fewer_rounds_than_were_played_are_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = resolve_config(load_config(tiny_config(tmp_path)))
    with RunDirectory.create(run, to_toml(config)) as opened:
        begin(session := open_session(config, Silent()), opened)
        rounds = session.rounds()
        assert [next(rounds).index for _ in range(3)] == [-1, 0, 1]
    done = docendo("resume", run, "--set", "teaching.rounds=1")
    assert (
        done.code,
        "teaching.rounds = 1, but 1 have been played; expected more than that" in done.err,
    ) == (2, True)
    assert docendo("resume", run).code == 0


def test_a_setting_newer_than_the_run_is_no_change_at_its_default() -> None:
    old = made(Config())
    del old["settings"]["trackers"]
    assert compare_provenance(old, made(Config())) == []
    changed_setting = made(Config().model_copy(update={"seed": 3}))
    del old["settings"]["seed"]
    assert [change.what for change in compare_provenance(old, changed_setting)] == ["seed"]


def test_resolving_settings_twice_changes_nothing() -> None:
    config = resolve_config(load_config(None, ("model='tiny'",)))
    assert compare_provenance(made(config), made(resolve_config(config))) == []
