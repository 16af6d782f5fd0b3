"""A domain's own source from its settings: registered, a file, or a user's own Python."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.domains import open_own_source
from docendo.config.load import Config, parse_config, read_toml, to_toml
from docendo.datasets.file_source import FileSource
from docendo.errors import UserError

TWICE = "tests.problems.test_sources:TWICE"


def config(name: str, domain: dict[str, Any], **sections: Any) -> Config:
    agents = {"emmy": {"domain": name}, "ada": {}}
    return parse_config(
        {"domains": {name: domain}, "agents": agents, **sections}, "run.toml"
    )


def test_a_domain_may_be_a_users_python_value_and_round_trips_through_toml(
    tmp_path: Any,
) -> None:
    mine = config("twice", {"source": TWICE})
    catalog = read_catalog(mine)
    assert catalog.sources["twice"].levels == {"doubles": (1, 2, 3, 4, 5)}
    (tmp_path / "again.toml").write_text(to_toml(mine))
    assert parse_config(read_toml(tmp_path / "again.toml"), "again.toml") == mine


def test_an_asker_may_be_a_users_python_value() -> None:
    mine = config(
        "twice", {"source": TWICE, "askers": {"more": 1}}, askers={"more": {"type": TWICE}}
    )
    assert read_catalog(mine).sources["twice"].levels == {"doubles": [1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("name", "domain", "said"),
    [
        ("matematics", {}, "no domain 'matematics'; did you mean 'mathematics'"),
        ("x", {"file": "a.csv", "source": TWICE}, "a file and a source; expected one"),
        ("x", {"source": TWICE}, r"\[domains.x\]: .* expected a source of 'x'"),
        (
            "mathematics",
            {"columns": {"answer": "a"}},
            "columns, held_out and split belong to a domain with a file",
        ),
        (
            "x",
            {"file": "a.csv", "columns": {"answer_marker": "####"}},
            "'answer_marker' has a new name: domains.x.columns.answer_pattern",
        ),
        (
            "x",
            {"file": "a.csv", "columns": {"anser": "a"}},
            r"\[domains.x.columns\]: no setting 'anser'; did you mean 'answer'",
        ),
    ],
)
def test_a_domain_that_cannot_be_opened_says_why(
    name: str, domain: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        open_own_source(config(name, domain), name)


OWN_DOMAINS = re.findall(
    r"```(?:csv|json)\n(.*?)```\s*```toml\n(.*?)```",
    (Path(__file__).parents[2] / "docs" / "own-domain.md").read_text(),
    re.DOTALL,
)


@pytest.mark.parametrize(("rows", "settings"), OWN_DOMAINS)
def test_every_row_of_an_example_of_an_own_domain_is_a_problem(
    rows: str, settings: str, tmp_path: Path
) -> None:
    table = tomllib.loads(settings)
    [(name, domain)] = table["domains"].items()
    path = tmp_path / domain["file"]
    path.write_text(rows)
    domain["file"] = str(path)
    source, bad_rows = open_own_source(parse_config(table, "page"), name)
    assert isinstance(source, FileSource)
    assert bad_rows == ()
    sizes = [source.size(name, 1, split) for split in ("train", "held-out")]
    assert sum(sizes) == len(rows.splitlines()) - (path.suffix == ".csv")
