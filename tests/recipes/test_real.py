"""The data of the recipe on real questions are what their page says."""

import re
from pathlib import Path

import pytest

from docendo.build.domains import open_own_source
from docendo.config.load import load_config
from docendo.datasets.file_source import FileSource

RECIPES = Path(__file__).parents[2] / "recipes"
DATA = RECIPES / "real"
PAGE = (DATA / "README.md").read_text()
LISTED = re.findall(r"^\| `(\S+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_every_file_is_listed_with_its_licence() -> None:
    files = {path.name for path in DATA.glob("*.jsonl")}
    assert {name for name, _, _ in LISTED} == files
    for name, _, licence in LISTED:
        assert re.match(r"MIT|CC BY [34]\.0", licence), name


def test_the_page_counts_the_rows_of_each_file() -> None:
    for name, counts, _ in LISTED:
        rows = (DATA / name).read_text().count("\n")
        listed = sum(int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", counts))
        assert rows == listed, name


def test_the_files_are_small_enough_to_come_along() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 3_200_000


@pytest.mark.parametrize(
    ("domain", "held_out"), [("mathematics", 600), ("medicine", 500), ("terms", 400)]
)
def test_the_held_out_half_is_the_official_one_where_there_is_one(
    domain: str, held_out: int
) -> None:
    source, bad_rows = open_own_source(load_config(RECIPES / "real.toml"), domain)
    assert isinstance(source, FileSource)
    sizes = [
        source.size(family, level, "held-out")
        for family, levels in source.levels.items()
        for level in levels
    ]
    # The terms have no official half: one question in five, by its content.
    assert sum(sizes) == pytest.approx(held_out, rel=0.01)
    assert len(bad_rows) < 0.01 * len(source.problems)
