"""The page about a population, for every shape that a population can have."""

import math
from html.parser import HTMLParser

import pytest

from docendo.analysis.overview import Analysis, analyse
from docendo.report.league_page import league_page
from docendo.report.render.league_tables import rank_by_rating

RPS = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]


def tags(page: str) -> list[str]:
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append(tag)  # type: ignore[method-assign, assignment]
    parser.feed(page)
    return found


def ladder(n: int) -> Analysis:
    return analyse(
        [f"agent {i}" for i in range(n)], [[j - i for j in range(n)] for i in range(n)]
    )


@pytest.mark.parametrize(
    "found",
    [
        analyse(["rock", "paper", "scissors"], RPS),
        analyse(["a", "b"], [[0, 0.5], [-0.5, 0]]),
        analyse(["a", "b"], [[0, 0], [0, 0]]),
        analyse(["a", "b"], [[math.nan, math.nan], [math.nan, math.nan]]),
        analyse(["a", "b", "c"], [[0, 0.3, math.nan], [0.1, 0, 0.2], [math.nan, 0, 0]]),
        ladder(45),
    ],
    ids=["cycle", "pair", "ties", "strangers", "gaps", "many"],
)
def test_every_population_has_a_page_of_finite_numbers(found: Analysis) -> None:
    page = league_page("league", found)
    pictures = page.split("<main>")[1]
    assert pictures.count("<svg") == 4 - (found.disc.share is None)
    assert not [word for word in ("nan", 'inf"', "None") if word in pictures]


def test_hostile_names_add_no_element_to_the_league_page() -> None:
    tame, hostile = (
        ("name", "paper", "scissors"),
        ("</svg><script>alert(1)</script>", "paper", "scissors"),
    )
    one, other = (
        league_page("league", analyse(tame, RPS)),
        league_page("league", analyse(hostile, RPS)),
    )
    assert tags(one) == tags(other)
    assert "<script>alert" not in other
    assert "<title><b>" not in league_page("<b>", analyse(tame, RPS))


def test_the_league_page_loads_nothing_from_elsewhere() -> None:
    page = league_page("league", analyse(["a", "b", "c"], RPS))
    assert "default-src 'none'" in page
    assert not [
        word
        for word in ("src=", "url(", "@import", "http")
        if word in page.split("</style>")[1]
    ]


def test_agents_are_ranked_by_rating_and_then_by_place() -> None:
    assert rank_by_rating(analyse("abc", [[0, -1, -2], [1, 0, -1], [2, 1, 0]])) == [2, 1, 0]
    assert rank_by_rating(analyse(["a", "b"], [[0, 0], [0, 0]])) == [0, 1]
