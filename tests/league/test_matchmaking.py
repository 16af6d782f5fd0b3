from collections import Counter

import pytest

from docendo.errors import UseError
from docendo.league.matchmaking import Course, Uniform
from docendo.league.standings import LiveStandings
from docendo.records import Match
from tests.toys import ANN, BOB, CAT

COURSES = (
    Course("sums", "small", 1, teachers=(ANN,), students=(BOB, CAT)),
    Course("sums", "large", 2, teachers=(ANN, BOB), students=(ANN, BOB, CAT)),
    Course("plums", "ripe", 1, teachers=(CAT,), students=(CAT, ANN)),
)
POSSIBLE = {
    Match(ANN, BOB, "sums", "small", 1),
    Match(ANN, CAT, "sums", "small", 1),
    Match(ANN, BOB, "sums", "large", 2),
    Match(ANN, CAT, "sums", "large", 2),
    Match(BOB, ANN, "sums", "large", 2),
    Match(BOB, CAT, "sums", "large", 2),
    Match(CAT, ANN, "plums", "ripe", 1),
}


def uniform(count: int, seed: int = 0) -> list[Match]:
    return Uniform(COURSES)(LiveStandings(), count, seed)


def test_a_full_cycle_has_every_possible_match_equally_often() -> None:
    assert Counter(uniform(7)) == dict.fromkeys(POSSIBLE, 1)
    assert Counter(uniform(21)) == dict.fromkeys(POSSIBLE, 3)


@pytest.mark.parametrize("count", [0, 1, 5, 7, 10, 20])
def test_no_match_is_more_than_once_ahead_of_another(count: int) -> None:
    times = Counter(uniform(count))
    assert times.total() == count
    assert max(times[m] for m in POSSIBLE) - min(times[m] for m in POSSIBLE) <= 1


def test_nobody_teaches_itself() -> None:
    assert all(m.teacher != m.student for seed in range(20) for m in uniform(10, seed))


def test_the_same_seed_makes_the_same_matches() -> None:
    assert uniform(4, seed=3) == uniform(4, seed=3)
    assert len({tuple(uniform(4, seed)) for seed in range(20)}) > 5


def test_over_many_seeds_every_match_is_as_likely() -> None:
    times = Counter(m for seed in range(1400) for m in uniform(1, seed))
    assert set(times) == POSSIBLE
    assert all(count == pytest.approx(200, abs=60) for count in times.values())


@pytest.mark.parametrize("courses", [(), (Course("sums", "small", 1, (ANN,), (ANN,)),)])
def test_where_nobody_can_teach_anybody_it_says_so(courses: tuple[Course, ...]) -> None:
    with pytest.raises(UseError, match="no match is possible"):
        Uniform(courses)(LiveStandings(), 1, 0)
    assert Uniform(courses)(LiveStandings(), 0, 0) == []
