import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.engines.local.workers import Workers, balanced_chunks, contiguous_chunks


def test_results_come_in_the_order_of_the_jobs_and_every_lane_has_its_own_thread() -> None:
    gate = threading.Barrier(2)

    def job(n: int) -> tuple[int, str]:
        gate.wait(10)
        return n, threading.current_thread().name

    found = Workers(2, 1).run([lambda: job(1), lambda: job(2)])
    assert [n for n, _ in found] == [1, 2]
    assert len({name for _, name in found}) == 2


def test_one_lane_runs_where_it_is_called() -> None:
    assert Workers().run([threading.current_thread] * 2) == [threading.current_thread()] * 2


def test_an_error_stops_the_other_lanes_and_is_raised() -> None:
    workers = Workers(2, 1)
    seen = []

    def waits() -> None:
        seen.append(workers.stop.wait(10))

    def fails() -> None:
        raise ValueError("this worker")

    with pytest.raises(ValueError, match="this worker"):
        workers.run([fails, waits])
    assert seen == [True]
    assert workers.run([workers.stop.is_set]) == [False]


def test_even_a_single_job_runs_in_a_lane() -> None:
    assert Workers(2, 1).run([threading.current_thread]) != [threading.current_thread()]
    assert Workers(2, 1).run([]) == []


def test_the_dearest_goes_where_least_is() -> None:
    assert balanced_chunks([1, 5, 2, 2], "abcd", 2) == [[1], [0, 2, 3]]
    assert balanced_chunks([8, 4, 4, 4, 4, 4, 4, 4], "abcdefgh", 4) == [
        [0, 7],
        [1, 4],
        [3, 5],
        [2, 6],
    ]
    assert balanced_chunks([3.0], "a", 4) == [[0], [], [], []]
    assert balanced_chunks([], "", 2) == [[], []]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=30),
    st.sampled_from([2, 4, 6]),
)
def test_of_every_owner_both_halves_have_as_many_pieces_or_one_more(
    pieces: list[tuple[int, int]], count: int
) -> None:
    costs, owners = [cost for cost, _ in pieces], [owner for _, owner in pieces]
    parts = balanced_chunks(costs, owners, count)
    assert sorted(i for part in parts for i in part) == list(range(len(pieces)))
    for owner in owners:
        halves = [
            sum(owners[i] == owner for part in parts[half::2] for i in part)
            for half in (0, 1)
        ]
        assert abs(halves[0] - halves[1]) <= 1


@pytest.mark.parametrize(("workers", "parts"), [(1, 2), (2, 2), (3, 6), (4, 4)])
def test_every_lane_has_as_many_parts_and_they_make_two_halves(
    workers: int, parts: int
) -> None:
    assert Workers(workers).parts == parts


def test_neighbours_stay_together_in_stretches_of_equal_cost() -> None:
    assert contiguous_chunks([1.0] * 6, 2) == [[0, 1, 2], [3, 4, 5]]
    assert contiguous_chunks([9.0, 1, 1, 1], 2) == [[0], [1, 2, 3]]
    assert contiguous_chunks([1.0], 3) == [[0]]
    assert contiguous_chunks([], 2) == []
