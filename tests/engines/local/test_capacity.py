"""How many requests fit into one running batch and its key-value cache."""

from docendo.engines.local.capacity import DecodingLimits, plan_capacity
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
