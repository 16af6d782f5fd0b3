"""Drawing from families that are functions."""

from random import Random

import pytest

from docendo.datasets.split import split_of
from docendo.errors import RunError, UserError
from docendo.problems.procedural import Draft, ProceduralSource, draft_with_steps


def draft_digit(rng: Random, level: int) -> Draft:
    digit = rng.randrange(10 * level)
    return draft_with_steps(f"Say {digit}.", digit, [f"it is {digit}"])


def draft_nothing(rng: Random, level: int) -> Draft:
    raise RunError("line 3 of mine.py")


DIGITS = ProceduralSource("digits", {"say": draft_digit, "fail": draft_nothing}, "mine")


def test_a_solution_has_a_line_per_step_and_ends_with_the_answer() -> None:
    draft = draft_with_steps("1 + 1?", 2, ["1 + 1 = 2"], ("f(1) == 2",))
    assert draft == ("1 + 1?", "2", "1 + 1 = 2\nAnswer: 2", ("f(1) == 2",))


def test_problems_of_a_draw_differ_and_belong_to_one_split() -> None:
    train = DIGITS.draw("say", 5, 20, 7, "train")
    held_out = DIGITS.draw("say", 5, 3, 7, "held-out")
    assert len({p.key for p in train}) == 20
    assert {split_of(p) for p in train} == {"train"}
    assert {split_of(p) for p in held_out} == {"held-out"}
    assert {p.source for p in train} == {"mine"}
    assert train == DIGITS.draw("say", 5, 20, 7, "train")
    assert train != DIGITS.draw("say", 5, 20, 8, "train")


@pytest.mark.parametrize(
    ("family", "level", "said"),
    [
        ("sai", 1, "digits has no family 'sai'; did you mean 'say'"),
        ("say", 6, "digits/say has levels 1 to 5, got 6"),
        ("say", 1, r"digits/say level 1 has only \d+ train problems, not 20"),
    ],
)
def test_an_impossible_draw_is_refused_with_the_reason(
    family: str, level: int, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        DIGITS.draw(family, level, 20, 1, "train")


def test_a_failing_generator_is_reported_with_the_arguments_to_repeat_it() -> None:
    with pytest.raises(RunError, match=r"mine.py \(at digits/fail, level 2, seed 9\)"):
        DIGITS.draw("fail", 2, 1, 9, "train")
