"""Problems drawn from reasoning-gym's tasks, as a source and as an asker."""

from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.config.load import parse_config
from docendo.datasets.split import split_of
from docendo.errors import UserError
from docendo.interfaces import Source
from docendo.problems.gym import load_gym
from docendo.problems.pool import AskerPool


@pytest.fixture
def puzzles() -> Source:
    pytest.importorskip("reasoning_gym")
    return load_gym(["chain_sum", "jugs"], "puzzles")


def test_the_same_seed_draws_the_same_problems_and_no_problem_is_in_both_splits(
    puzzles: Source,
) -> None:
    train, held = (
        puzzles.draw("chain_sum", 2, 60, 1, split) for split in ("train", "held-out")
    )
    assert train == load_gym(["chain_sum"], "puzzles").draw("chain_sum", 2, 60, 1, "train")
    assert len({p.key for p in train + held}) == 120
    assert {split_of(p) for p in train} == {"train"}
    assert puzzles.draw("chain_sum", 2, 60, 2, "train") != train
    assert {p.source.rsplit(":", 1)[0] for p in train} == {
        "reasoning-gym 0.1.25/chain_sum/2"
    }


def test_a_gym_task_with_too_few_problems_is_refused_with_their_number(
    puzzles: Source,
) -> None:
    with pytest.raises(
        UserError, match=r"puzzles/chain_sum level 1 has only \d+ train problems, not 5000"
    ):
        puzzles.draw("chain_sum", 1, 5000, 1, "train")


@pytest.mark.parametrize(
    ("family", "level", "said"),
    [("chain_sums", 1, "did you mean 'chain_sum'"), ("jugs", 9, "1 to")],
)
def test_an_unknown_gym_task_or_level_is_refused(
    family: str, level: int, said: str, puzzles: Source
) -> None:
    with pytest.raises(UserError, match=said):
        puzzles.draw(family, level, 1, 1, "train")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "chainsum",
            r"\[askers.gym\]: reasoning-gym has no task 'chainsum'; did you mean 'chain_sum'",
        ),
        (
            "countdown",
            r"\[askers.gym\]: reasoning-gym's task 'countdown' is rejected: its scorer runs",
        ),
    ],
)
def test_excluded_and_unknown_gym_tasks_are_refused(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(parse_config(config([name]), "run.toml"))


def config(names: list[str]) -> dict[str, Any]:
    return {
        "domains": {
            "mathematics": {"families": {"sums": [1]}, "askers": {"own": 1, "gym": 1}}
        },
        "agents": {"emmy": {"domain": "mathematics"}, "ada": {}},
        "askers": {"gym": {"type": "gym", "tasks": names}},
    }


def test_a_domain_may_have_gym_tasks_beside_its_own_families() -> None:
    pytest.importorskip("reasoning_gym")
    source = read_catalog(parse_config(config(["chain_sum"]), "run.toml")).sources[
        "mathematics"
    ]
    assert isinstance(source, AskerPool)
    assert source.levels["chain_sum"][0] == 1
    assert source.draw("chain_sum", 1, 2, 1, "train")[0].source.startswith("reasoning-gym")
    assert source.draw("sums", 1, 2, 1, "train")[0].source == "docendo"
