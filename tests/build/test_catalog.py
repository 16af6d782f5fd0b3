"""The domains of a config are opened: their sources, and the task types that are taught."""

from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.config.load import parse_config
from docendo.errors import UserError
from docendo.problems.catalog import Catalog
from docendo.records import TaskType
from tests.toys import Sums


def catalog(domains: dict[str, Any], **sources: Any) -> Catalog:
    agents = {f"agent{i}": {"domain": name} for i, name in enumerate(domains)}
    table = {"domains": domains, "agents": {**agents, "student": {}}}
    return read_catalog(parse_config(table, "run.toml"), sources)


def test_without_families_a_domain_teaches_the_lowest_level_of_each() -> None:
    made = catalog({"mathematics": {}})
    source = made.sources["mathematics"]
    assert made.levels["mathematics"] == tuple(
        (family, levels[0]) for family, levels in source.levels.items()
    )


def test_named_families_are_taught_at_their_named_levels() -> None:
    made = catalog({"mathematics": {"families": {"sums": [2, 1], "fractions": []}}})
    levels = made.levels["mathematics"]
    assert levels[:2] == (("sums", 2), ("sums", 1))
    every = made.sources["mathematics"].levels["fractions"]
    assert levels[2:] == tuple(("fractions", level) for level in every)
    assert made.task_types["mathematics"][0] == TaskType("mathematics", "sums", 2)


@pytest.mark.parametrize(
    ("families", "reason"),
    [
        ({"sum": [1]}, "no family 'sum'; did you mean 'sums'"),
        ({"sums": [99]}, "sums: no level 99; it has 1, 2"),
    ],
)
def test_unknown_families_and_levels_are_refused(
    families: dict[str, list[int]], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        catalog({"mathematics": {"families": families}})


def test_a_domain_may_be_a_source_that_exists_in_python_only() -> None:
    sums = Sums("sums", ("small", "large"))
    made = catalog({"sums": {}}, sums=sums)
    assert made.sources == {"sums": sums}
    assert made.levels == {"sums": (("small", 1), ("large", 1))}
