"""Different problems of one split, by trying until there are enough."""

from itertools import count as counting
from itertools import repeat

import pytest

from docendo.datasets.split import split_of
from docendo.errors import UserError
from docendo.problems.arithmetic import MATHEMATICS
from docendo.problems.distinct import draw_distinct, require_level
from tests.toys import problem


def test_problems_are_distinct_from_one_split_and_in_order_of_proposal() -> None:
    numbers = counting()
    drawn = draw_distinct(
        lambda: problem(next(numbers) // 2),  # every problem is proposed twice
        count=5,
        split="train",
        patience=50,
        place="here",
    )
    expected = [made for made in map(problem, range(100)) if split_of(made) == "train"][:5]
    assert drawn == expected


def test_failed_proposals_are_passed_over() -> None:
    train = next(made for made in map(problem, range(100)) if split_of(made) == "train")
    proposals = iter([None, None, train])
    drawn = draw_distinct(
        lambda: next(proposals), count=1, split="train", patience=3, place="here"
    )
    assert drawn == [train]


def test_a_source_is_exhausted_after_many_proposals_without_a_new_problem() -> None:
    train = next(made for made in map(problem, range(100)) if split_of(made) == "train")
    proposals = repeat(train, 1 + 3)
    with pytest.raises(UserError, match=r"^sums/small has only 1 train problems, not 2$"):
        draw_distinct(
            lambda: next(proposals), count=2, split="train", patience=3, place="sums/small"
        )


def test_an_unknown_family_or_level_is_refused_with_what_there_is() -> None:
    require_level(MATHEMATICS, "sums", 5)
    with pytest.raises(UserError, match="no family 'sum'; did you mean 'sums'"):
        require_level(MATHEMATICS, "sum", 1)
    with pytest.raises(UserError, match="mathematics/sums has levels 1 to 5, got 6"):
        require_level(MATHEMATICS, "sums", 6)
