"""Several askers as one, and questions that were accepted."""

import json
from collections import Counter

import pytest

from docendo.datasets.file_source import FileSource
from docendo.errors import UserError
from docendo.problems.arithmetic import MATHEMATICS
from docendo.problems.pool import AcceptedQuestions, AskerPool, PoolMember
from docendo.records import Problem, TaskType

SUMS = TaskType("mathematics", "sums", 1)


def asked(n: int, family: str = "sums") -> Problem:
    return Problem(
        "mathematics",
        family,
        1,
        f"My sister has {n} + 1 figs. How many?",
        str(n + 1),
        source="agent:emmy",
    )


def pool(accepted: AcceptedQuestions, weight: float = 1.0) -> AskerPool:
    return AskerPool(
        "mathematics",
        {"own": PoolMember(MATHEMATICS, 3.0), "people": PoolMember(accepted, weight)},
    )


def test_members_contribute_problems_by_weight() -> None:
    accepted = AcceptedQuestions("mathematics")
    accepted.add([asked(n) for n in range(400)])
    counts = Counter(
        p.source
        for seed in range(40)
        for p in pool(accepted).draw("sums", 1, 10, seed, "train")
    )
    assert counts["agent:emmy"] == pytest.approx(100, abs=30)
    assert counts.total() == 400


def test_other_members_fill_in_for_one_with_too_few_problems_without_repeats() -> None:
    accepted = AcceptedQuestions("mathematics")
    accepted.add([asked(1), asked(2)])
    for seed in range(20):
        drawn = pool(accepted, weight=100.0).draw("sums", 1, 6, seed, "train")
        assert len({p.key for p in drawn}) == 6
    assert pool(AcceptedQuestions("mathematics"), 100.0).draw("sums", 1, 3, 1, "train")
    assert pool(accepted).draw("sums", 1, 6, 3, "train") == pool(accepted).draw(
        "sums", 1, 6, 3, "train"
    )


def test_questions_written_by_models_are_never_held_out() -> None:
    accepted = AcceptedQuestions("mathematics")
    accepted.add([asked(n) for n in range(50)])
    assert {p.source for p in pool(accepted, 100.0).draw("sums", 1, 20, 1, "held-out")} == {
        "docendo"
    }


def test_a_pool_has_the_families_of_all_members() -> None:
    own = Problem("mathematics", "riddles", 2, "What has keys?", "a piano")
    mixed = AskerPool(
        "mathematics",
        {
            "own": PoolMember(MATHEMATICS, 1.0),
            "file": PoolMember(FileSource("mathematics", (own,)), 1.0),
        },
    )
    assert mixed.levels["riddles"] == [2]
    assert mixed.levels["sums"] == [1, 2, 3, 4, 5]
    (split,) = [
        s
        for s in ("train", "held-out")
        if FileSource("mathematics", (own,)).size("riddles", 2, s)
    ]
    assert mixed.draw("riddles", 2, 1, 1, split) == [own]
    with pytest.raises(UserError, match="no asker for riddles level 1"):
        mixed.draw("riddles", 1, 1, 1, "train")
    with pytest.raises(UserError, match=rf"have only 0 {split} problems, not 2"):
        mixed.draw("riddles", 2, 2, 1, split)


def test_a_pool_may_contain_pools() -> None:
    accepted = AcceptedQuestions("mathematics")
    outer = AskerPool(
        "mathematics",
        {"inner": PoolMember(pool(accepted), 1.0), "more": PoolMember(MATHEMATICS, 1.0)},
    )
    assert len(outer.draw("sums", 1, 5, 1, "train")) == 5


def test_accepted_questions_come_back_from_json_and_the_oldest_are_dropped() -> None:
    accepted, again = (
        AcceptedQuestions("mathematics", size=3),
        AcceptedQuestions("mathematics", size=3),
    )
    accepted.add([asked(n) for n in range(5)])
    accepted.add([asked(9, "products")])
    assert [p.answer for p in accepted.problems[SUMS].values()] == ["3", "4", "5"]
    again.restore(json.loads(json.dumps(accepted.state())))
    assert again == accepted
    assert again.draw("sums", 1, 2, 7, "train") == accepted.draw("sums", 1, 2, 7, "train")
    assert accepted.levels == {"products": [1], "sums": [1]}
