"""How many requests fit into one running batch and its key-value cache."""

from docendo.engines.local.capacity import DecodingLimits, count_admissible, plan_capacity
from docendo.engines.local.decode_request import DecodeRequest
from tests.engines.toys import ANN, ask

COLUMNS = 10**9


def row(prompt: int, answer: int, first: int = 5) -> DecodeRequest:
    return DecodeRequest(1, (first,) * prompt, ask(ANN, "", max_tokens=answer))


def test_all_requests_run_at_once_where_there_is_room() -> None:
    rows = [row(40, 10, first) for first in (1, 2, 3) for _ in range(4)]
    assert plan_capacity(rows, DecodingLimits(100, COLUMNS, 1)) == (12, 3)


def test_waiting_rows_leave_room_for_twice_as_many_prompts() -> None:
    """A prompt keeps its place until the last of its rows has ended."""
    rows = [row(40, 10, first) for first in range(20) for _ in range(4)]
    assert plan_capacity(rows, DecodingLimits(16, COLUMNS, 1)) == (16, 8)
    assert plan_capacity(
        [row(40, 10, first) for first in range(20)], DecodingLimits(16, COLUMNS, 1)
    ) == (
        16,
        16,
    )


def test_the_cache_bounds_the_running_rows_but_one_always_runs() -> None:
    rows = [row(40, 10, first) for first in range(20)]
    size, places = plan_capacity(rows, DecodingLimits(16, 5 * (64 + 32), 1))
    assert (size, places) == (5, 5)
    assert plan_capacity(rows, DecodingLimits(16, 1, 1)) == (1, 1)


def test_rows_join_while_rows_and_columns_last() -> None:
    """A row of a prompt of 40 tokens and an answer of 10 takes 64 and 32 columns."""
    waiting = [row(40, 10, first) for first in range(8)]
    assert count_admissible([], waiting, DecodingLimits(100, COLUMNS, 1)) == 8
    assert count_admissible([], waiting, DecodingLimits(3, COLUMNS, 1)) == 3
    assert count_admissible([], waiting, DecodingLimits(100, 4 * 96, 1)) == 4
    assert count_admissible(waiting[:2], waiting[2:], DecodingLimits(3, COLUMNS, 1)) == 1


def test_rows_of_one_prompt_share_its_columns() -> None:
    waiting = [row(40, 10, first=7) for _ in range(8)]
    assert count_admissible([], waiting, DecodingLimits(100, 64 + 5 * 32, 1)) == 5


def test_a_row_joins_an_empty_batch_however_small_the_cache() -> None:
    waiting = [row(40, 10), row(40, 10, first=6)]
    assert count_admissible([], waiting, DecodingLimits(100, 1, 1)) == 1
    assert count_admissible([row(40, 10)], waiting, DecodingLimits(1, COLUMNS, 1)) == 0
