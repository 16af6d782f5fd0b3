"""Parts that become sources: registered ones and a user's own."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from docendo.errors import UserError
from docendo.interfaces import Source, Split
from docendo.parts import parse_part
from docendo.problems.procedural import Draft, ProceduralSource
from docendo.problems.sources import SourceContext, build_source
from docendo.records import Problem

HERE = "tests.problems.test_sources"
TWICE = ProceduralSource("twice", {"doubles": lambda rng, level: doubles(rng, level)})


def doubles(rng: Any, level: int) -> Draft:
    n = rng.randint(1, 10**5)
    return Draft(f"What is twice {n}?", str(2 * n), f"{n} + {n} = {2 * n}\nAnswer: {2 * n}")


def make_source(context: SourceContext) -> Source:
    return ProceduralSource(context.domain, {"doubles": doubles})


class OneRiddle:
    """A source written as a class, with a setting."""

    def __init__(self, context: SourceContext, answer: str = "a piano") -> None:
        self.domain = context.domain
        self.answer = answer
        self.levels: Mapping[str, Sequence[int]] = {"riddles": (1,)}

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        return [Problem(self.domain, family, level, "What has keys?", self.answer)]


def built(part: Any, domain: str = "twice") -> Source:
    context = SourceContext(domain, None, lambda name: None)
    return build_source(parse_part("domain", part), context)


def test_a_users_value_function_or_class_can_be_a_source() -> None:
    (drawn,) = built(f"{HERE}:TWICE").draw("doubles", 1, 1, 0, "train")
    assert drawn.domain == "twice"
    assert list(built(f"{HERE}:make_source", "mine").levels) == ["doubles"]
    riddle = built({"type": f"{HERE}:OneRiddle", "answer": "a map"}, "riddles")
    assert riddle.draw("riddles", 1, 1, 0, "train")[0].answer == "a map"


@pytest.mark.parametrize(
    ("part", "domain", "said"),
    [
        (
            f"{HERE}:HERE",
            "twice",
            "expected a source with domain, levels and draw; got a str",
        ),
        (f"{HERE}:TWICE", "thrice", "expected a source of 'thrice', got one of 'twice'"),
        ("mathematics", "maths", "expected a source of 'maths', got one of 'mathematics'"),
        (f"{HERE}:TWISE", "twice", "has no 'TWISE'; did you mean 'TWICE'"),
    ],
)
def test_anything_but_a_source_of_the_domain_is_refused(
    part: str, domain: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        built(part, domain)
