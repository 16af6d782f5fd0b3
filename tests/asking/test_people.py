import pytest

from docendo.asking.people import PersonAskerConfig
from docendo.errors import UserError
from docendo.humans.interests import InterestSource
from docendo.humans.simulated import Person
from docendo.interfaces import Source
from docendo.problems.sources import SourceContext
from tests.toys import Sums

OLGA = Person("olga", {}, manner="Please:")


def context(own_source: Source | None) -> SourceContext:
    return SourceContext("sums", own_source, {"olga": OLGA}.__getitem__)


def test_a_person_asks_what_the_domain_has_by_its_interests() -> None:
    source = PersonAskerConfig(person="olga").build(context(Sums()))
    assert isinstance(source, InterestSource)
    family, levels = next(iter(source.levels.items()))
    (problem,) = source.draw(family, levels[0], 1, 0, "train")
    assert problem.prompt.startswith("Please: ")


def test_a_domain_with_nothing_of_its_own_has_nobody_to_ask() -> None:
    with pytest.raises(UserError, match="sums has nothing of its own"):
        PersonAskerConfig(person="olga").build(context(None))
