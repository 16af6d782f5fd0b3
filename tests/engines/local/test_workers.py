import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.engines.local.workers import Workers, balanced_chunks, contiguous_chunks


def test_results_come_in_job_order_from_one_thread_per_worker() -> None:
    gate = threading.Barrier(2)

    def job(n: int) -> tuple[int, str]:
        gate.wait(10)
        return n, threading.current_thread().name

    found = Workers(2, 1).run([lambda: job(1), lambda: job(2)])
    assert [n for n, _ in found] == [1, 2]
    assert len({name for _, name in found}) == 2


def test_a_single_worker_runs_in_the_calling_thread() -> None:
    assert Workers().run([threading.current_thread] * 2) == [threading.current_thread()] * 2


def test_an_error_stops_the_other_workers_and_is_raised() -> None:
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


def test_a_single_job_runs_in_a_worker_thread_too() -> None:
    assert Workers(2, 1).run([threading.current_thread]) != [threading.current_thread()]
    assert Workers(2, 1).run([]) == []


def test_the_most_expensive_job_goes_to_the_least_loaded_chunk() -> None:
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
def test_the_pieces_of_each_owner_are_split_evenly_between_two_halves(
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
def test_every_worker_has_equally_many_parts_in_two_halves(
    workers: int, parts: int
) -> None:
    assert Workers(workers).parts == parts


def test_adjacent_jobs_stay_together_in_chunks_of_equal_cost() -> None:
    assert contiguous_chunks([1.0] * 6, 2) == [[0, 1, 2], [3, 4, 5]]
    assert contiguous_chunks([9.0, 1, 1, 1], 2) == [[0], [1, 2, 3]]
    assert contiguous_chunks([1.0], 3) == [[0]]
    assert contiguous_chunks([], 2) == []
