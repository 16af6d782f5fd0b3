"""Mutated input of every sort: a few of each here, thousands with ``python tests/hostile/fuzz.py``."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.cli.toys import Done, docendo
from tests.hostile.files import plain
from tests.hostile.fuzz import KINDS, played
from tests.hostile.mutate import mutated_bytes, mutated_value
from tests.hostile.runs import copied, interrupted, last

TRIALS = int(os.environ.get("DOCENDO_TRIALS", "4"))


@pytest.mark.parametrize("seed", range(TRIALS))
@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_refused_in_one_line_or_used_consistently(
    kind: str, seed: int
) -> None:
    # played asserts what each outcome promises, for example that the refusal is one line
    run_kinds = {"checkpoints", "databases", "cells", "opinions"}
    of_a_run = {"refused", "shown", "same end", "same adapter"}
    assert played(kind, seed) in (of_a_run if kind in run_kinds else {"refused", "taken"})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1008))
@pytest.mark.parametrize("kind", ["cells", "checkpoints"])
def test_a_tampered_run_ends_the_same_or_stops_with_an_error(kind: str, seed: int) -> None:
    assert played(kind, seed) in {"refused", "shown", "same end", "same adapter"}


def test_the_same_seed_gives_the_same_mutated_file() -> None:
    value = {"a": [1, 2.5, "x"], "b": {"c": None}}
    for seed in range(50):
        one, same = (
            mutated_bytes(b"question,answer\n1,2\n", Random(seed)) for _ in range(2)
        )
        assert one == same
        assert repr(mutated_value(value, Random(seed))) == repr(
            mutated_value(value, Random(seed))
        )
    assert value == {"a": [1, 2.5, "x"], "b": {"c": None}}


def changed(run: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(run / "run.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return run


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE evaluations SET score = 'high' WHERE id = 1",
            "row 1 of evaluations: score is text, expected real",
        ),
        (
            "UPDATE rounds SET seconds = 9e999 WHERE round = 0",
            "row 0 of rounds: seconds is real, expected finite real",
        ),
        (
            "UPDATE episodes SET level = 1.5 WHERE id = 1",
            "row 1 of episodes: level is real, expected integer",
        ),
        (
            "UPDATE evaluations SET agent = x'ff' WHERE id = 1",
            "a row holds what docendo does not write",
        ),
        (
            "UPDATE episodes SET attempts = '0.5' WHERE id = 1",
            "a row holds what docendo does not write",
        ),
        ("UPDATE problems SET body = '[1, 2]'", "a row holds what docendo does not write"),
        ("DROP TABLE duels", "duels is not as docendo makes it"),
        (
            "ALTER TABLE episodes RENAME COLUMN lesson TO more",
            "episodes is not as docendo makes it",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM rounds; END",
            "t is not as docendo makes it",
        ),
        ("DELETE FROM problems", "belongs to problems that are not there"),
        ("DELETE FROM rounds WHERE round = 2", "belongs to rounds that are not there"),
        ("UPDATE problems SET family = 'other'", "was changed"),
        (
            "UPDATE rounds SET state = '{}' WHERE state IS NOT NULL",
            "the state of round 2 was changed",
        ),
    ],
)
def test_a_tampered_database_cell_is_reported(
    tmp_path: Path, statement: str, said: str
) -> None:
    run = changed(copied(interrupted(), tmp_path), "PRAGMA foreign_keys = OFF", statement)
    command = "league" if "state" in statement else "report"
    assert said in plain(docendo(command, run))


def test_a_tampered_checkpoint_is_skipped_and_the_run_ends_the_same(
    tmp_path: Path,
) -> None:
    whole, tampered = (
        copied(interrupted(), tmp_path / "whole"),
        copied(interrupted(), tmp_path / "tampered"),
    )
    changed(tampered, "UPDATE rounds SET state = replace(state, '1', '2') WHERE round = 2")
    assert docendo("resume", whole).code == 0
    done = docendo("resume", tampered)
    assert done.code == 0
    assert "is damaged (its state was changed); an older one is used" in done.err
    assert last(tampered) == last(whole)


def test_a_checkpoint_name_cannot_point_outside_the_run(tmp_path: Path) -> None:
    run = changed(
        copied(interrupted(), tmp_path), "UPDATE checkpoints SET name = '../../elsewhere'"
    )
    (tmp_path / "elsewhere").mkdir()
    done: Done = docendo("resume", run)
    assert done.code == 0
    assert not list((tmp_path / "elsewhere").iterdir())
