"""Simulated people ask what they are interested in, in their manner."""

from docendo.datasets.split import split_of
from docendo.humans.interests import InterestSource
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
