"""What is kept: measured on few problems and texts, by agents that say what a script says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import pytest

from docendo.config import EvaluationConfig
from docendo.errors import UserError
from docendo.problems.catalog import Catalog
from docendo.records import BASE, MetricKey, Request, Target
from docendo.run.forgetting import KeptMeasures, outside_levels
from tests.toys import ANN, BOB, Few, Scripted, Sums, classroom, problem, right, wrong

OUTSIDE = {"sums": {"large": [2]}}


@dataclass
class Writer(Scripted):
    """Writes for the base; agents find its texts half as likely as it does, Bob a quarter."""

    def logprobs(self, targets: Sequence[Target], purpose: str) -> list[tuple[float, ...]]:
        likely = {BASE: 0.5, ANN: 0.25, BOB: 0.125}
        return [(log(likely[t.agent]),) * len(t.tokens) for t in targets]


def reads_examples(request: Request) -> str:
    """Ann is right after an example only, Bob never, and the base always."""
    knows = {ANN: len(request.messages) == 4, BOB: False, BASE: True}
    return right(request) if knows[request.agent] else wrong(request)


def measures(**settings: object) -> KeptMeasures:
    sources = {"sums": Sums(families=("small", "large"))}
    room = classroom(reads_examples, sources=sources)
    room = replace(room, instructions={**room.instructions, BASE: ""})
    catalog = Catalog(sources, {"sums": (("small", 1),)})
    options = {"forgetting_problems": 3, "ood_families": OUTSIDE, **settings}
    writer = Writer(lambda request: "Once upon a time")
    return KeptMeasures(EvaluationConfig(**options), catalog, room, writer)


def test_each_measure_is_a_mean_over_its_own_problems_and_texts() -> None:
    kept = measures().measure([ANN, BOB])
    assert kept == {
        MetricKey("kept/outside", ANN): 0.0,
        MetricKey("kept/outside", BOB): 0.0,
        MetricKey("kept/one_shot", ANN): 1.0,
        MetricKey("kept/one_shot", BOB): 0.0,
        MetricKey("kept/base_text", ANN): pytest.approx(-log(2)),
        MetricKey("kept/base_text", BOB): pytest.approx(-log(4)),
    }


def test_the_base_is_measured_without_texts_since_they_are_its_own() -> None:
    assert measures().measure([BASE]) == {
        MetricKey("kept/outside", BASE): 1.0,
        MetricKey("kept/one_shot", BASE): 1.0,
    }


def test_nothing_is_asked_where_forgetting_is_not_measured() -> None:
    off = measures(forgetting_problems=0)
    assert off.measure([ANN]) == {}
    assert off.classroom.engine.batches == []


def test_a_domain_without_worked_solutions_has_no_examples() -> None:
    bare = replace(measures(ood_families={}))
    problems = [replace(problem(n), solution="") for n in range(9)]
    bare = replace(bare, catalog=replace(bare.catalog, sources={"sums": Few(problems)}))
    assert list(bare.measure([ANN])) == [MetricKey("kept/base_text", ANN)]


@pytest.mark.parametrize(
    ("families", "message"),
    [
        (
            {"smus": {}},
            "[evaluation.ood_families.smus]: no domain 'smus'; did you mean 'sums'?",
        ),
        ({"sums": {"larg": []}}, "no family 'larg'; did you mean 'large'?"),
        ({"sums": {"small": []}}, "'small' is trained on"),
    ],
)
def test_families_outside_exist_and_are_not_trained_on(families, message) -> None:
    catalog = measures().catalog
    assert outside_levels(catalog, {"sums": {"large": []}}) == {
        "sums": [("large", 1), ("large", 2)]
    }
    with pytest.raises(UserError) as caught:
        outside_levels(catalog, families, "evaluation.")
    assert message in str(caught.value)
