"""Simulated people ask what they are interested in, in their manner."""

from collections import Counter

import pytest

from docendo.datasets.split import split_of
from docendo.errors import UserError
from docendo.humans.interests import InterestSource, draw_questions
from docendo.humans.simulated import Person
from docendo.prompts import in_manner
from tests.toys import Sums


def test_a_simulated_person_asks_by_its_interests_and_style() -> None:
    source = Sums(families=("small", "large"))
    person = Person(
        "eva", {}, interests={"large": 1.0}, manner="Dear all, {question} Thank you."
    )
    asking = InterestSource(source, person)
    assert (asking.domain, list(asking.levels)) == ("sums", ["large"])
    drawn = asking.draw("large", 1, 20, 0, "train")
    assert len({p.key for p in drawn}) == 20
    assert {p.source for p in drawn} == {"person:eva"}
    assert all(
        p.prompt.startswith("Dear all, sums large") and p.prompt.endswith("Thank you.")
        for p in drawn
    )
    plain = asking.draw("large", 1, 20, 0, "held-out")
    assert all(split_of(p) == "held-out" for p in plain)
    assert in_manner("2 + 2?", "Please:") == "Please: 2 + 2?"
    assert in_manner("2 + 2?", "") == "2 + 2?"


def test_questions_are_drawn_from_domains_by_interest() -> None:
    sources = {d: Sums(d) for d in ("sums", "chess", "go")}
    person = Person("eva", {}, interests={"sums": 3.0, "chess": 1.0})
    asked = Counter(p.domain for p in draw_questions(person, sources, 200, 0))
    assert set(asked) == {"sums", "chess"}
    assert 120 < asked["sums"] < 180
    assert draw_questions(person, sources, 5, 1) == draw_questions(person, sources, 5, 1)
    with pytest.raises(UserError, match="no interest in any of go"):
        draw_questions(person, {"go": Sums("go")}, 1, 0)
