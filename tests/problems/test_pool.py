"""Several askers as one, and questions that were admitted."""

import json
from collections import Counter

import pytest

from docendo.datasets.files import FileSource
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


def pool(shelf: AcceptedQuestions, weight: float = 1.0) -> AskerPool:
    return AskerPool(
        "mathematics",
        {"own": PoolMember(MATHEMATICS, 3.0), "people": PoolMember(shelf, weight)},
    )


def test_members_take_part_by_weight() -> None:
    shelf = AcceptedQuestions("mathematics")
    shelf.admit([asked(n) for n in range(400)])
    counts = Counter(
        p.source
        for seed in range(40)
        for p in pool(shelf).draw("sums", 1, 10, seed, "train")
    )
    assert counts["agent:emmy"] == pytest.approx(100, abs=30)
    assert counts.total() == 400


def test_who_has_too_few_is_made_up_for_and_no_problem_comes_twice() -> None:
    shelf = AcceptedQuestions("mathematics")
    shelf.admit([asked(1), asked(2)])
    for seed in range(20):
        drawn = pool(shelf, weight=100.0).draw("sums", 1, 6, seed, "train")
        assert len({p.key for p in drawn}) == 6
    assert pool(AcceptedQuestions("mathematics"), 100.0).draw("sums", 1, 3, 1, "train")
    assert pool(shelf).draw("sums", 1, 6, 3, "train") == pool(shelf).draw(
        "sums", 1, 6, 3, "train"
    )


def test_what_models_asked_is_never_held_out() -> None:
    shelf = AcceptedQuestions("mathematics")
    shelf.admit([asked(n) for n in range(50)])
    assert {p.source for p in pool(shelf, 100.0).draw("sums", 1, 20, 1, "held-out")} == {
        "docendo"
    }


def test_families_are_those_of_all_members_and_each_comes_from_who_has_it() -> None:
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
    (stream,) = [
        s
        for s in ("train", "held-out")
        if FileSource("mathematics", (own,)).size("riddles", 2, s)
    ]
    assert mixed.draw("riddles", 2, 1, 1, stream) == [own]
    with pytest.raises(UserError, match="no asker for riddles level 1"):
        mixed.draw("riddles", 1, 1, 1, "train")
    with pytest.raises(UserError, match="has only 1"):
        mixed.draw("riddles", 2, 2, 1, stream)


def test_a_pool_may_hold_pools() -> None:
    shelf = AcceptedQuestions("mathematics")
    outer = AskerPool(
        "mathematics",
        {"inner": PoolMember(pool(shelf), 1.0), "more": PoolMember(MATHEMATICS, 1.0)},
    )
    assert len(outer.draw("sums", 1, 5, 1, "train")) == 5


def test_admitted_questions_come_back_from_json_and_the_oldest_leave() -> None:
    shelf, again = (
        AcceptedQuestions("mathematics", size=3),
        AcceptedQuestions("mathematics", size=3),
    )
    shelf.admit([asked(n) for n in range(5)])
    shelf.admit([asked(9, "products")])
    assert [p.answer for p in shelf.problems[SUMS].values()] == ["3", "4", "5"]
    again.restore(json.loads(json.dumps(shelf.state())))
    assert again == shelf
    assert again.draw("sums", 1, 2, 7, "train") == shelf.draw("sums", 1, 2, 7, "train")
    assert shelf.levels == {"products": [1], "sums": [1]}
