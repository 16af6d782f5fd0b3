"""The domains that docendo brings along."""

from docendo.parts import describe_parts
from docendo.problems.registry import built_in_domains
from docendo.registry import PARTS


def test_every_registered_domain_is_a_source_of_its_own_name() -> None:
    domains = built_in_domains()
    assert list(domains) == list(PARTS["domain"])
    for name, source in domains.items():
        assert source.domain == name
        family = next(iter(source.levels))
        (problem,) = source.draw(family, source.levels[family][0], 1, 0, "train")
        assert problem.domain == name


def test_every_domain_and_asker_has_a_one_line_description() -> None:
    parts = [part for part in describe_parts() if part.kind in {"asker", "domain"}]
    assert {part.name for part in parts} >= {"mathematics", "clock", "persona", "gym"}
    assert all(part.summary.endswith(".") for part in parts)
