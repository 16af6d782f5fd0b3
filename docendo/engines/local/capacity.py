"""How many requests fit into one running batch and its key-value cache.

Axes: B rows in flight, Q prompts in flight. A row needs columns for its answer's tokens, and a
prompt columns for its own, once for all its rows.
"""

from collections.abc import Sequence
from typing import NamedTuple

from docendo.engines.local.decode_request import DecodeRequest
from docendo.engines.model.kv_cache import aligned_width

__all__ = [
    "DecodingLimits",
    "answer_width",
    "count_admissible",
    "plan_capacity",
    "prompt_width",
]


class DecodingLimits(NamedTuple):
    """The size of one running batch."""

    rows: int
    """The most rows in flight."""
    cache_columns: int
    """The most tokens whose keys and values are kept, padding included."""
    prefill_tokens: int
    """Tokens of the prompts that are read together."""


def plan_capacity(
    requests: Sequence[DecodeRequest], limits: DecodingLimits
) -> tuple[int, int]:
    """(B, Q) for these requests; at least one of each."""
    distinct_prompts = len({request.key for request in requests})
    prompt_columns = prompt_width(requests)
    answer_columns = answer_width(requests)

    rows = min(len(requests), limits.rows)
    while True:
        prompts = distinct_prompts
        if rows < len(requests):
            # twice what the rows need on average: a prompt stays until its last row has ended
            average = -(-2 * rows * distinct_prompts // len(requests))
            needed = max(average, _most_neighbouring_prompts(requests, rows))
            prompts = min(distinct_prompts, rows, needed)

        columns = rows * answer_columns + prompts * prompt_columns
        if rows == 1 or columns <= limits.cache_columns:
            return rows, prompts
        rows = max(1, min(rows - 1, int(rows * 0.9)))


def _most_neighbouring_prompts(requests: Sequence[DecodeRequest], rows: int) -> int:
    """The most prompts among `rows` requests in sequence; equal prompts are adjacent."""
    starts = [
        i
        for i, request in enumerate(requests)
        if i == 0 or request.key != requests[i - 1].key
    ]
    largest = 0
    for n, first in enumerate(starts):
        last = first + rows - 1
        prompts = sum(first < start <= last for start in starts[n : n + rows]) + 1
        largest = max(largest, prompts)
    return largest


def prompt_width(requests: Sequence[DecodeRequest]) -> int:
    """Columns of the cache for the longest prompt."""
    return aligned_width(max(len(request.prompt) for request in requests))


def answer_width(requests: Sequence[DecodeRequest]) -> int:
    """Columns of the cache for the longest answer that may come."""
    return aligned_width(max(request.request.max_tokens for request in requests))


def count_admissible(
    running: Sequence[DecodeRequest],
    waiting: Sequence[DecodeRequest],
    limits: DecodingLimits,
) -> int:
    """How many of `waiting`, from the first, can join `running`; at least one where none runs."""
    prompts = {request.key for request in running}
    answer = max((request.request.max_tokens for request in running), default=0)
    prompt = max((len(request.prompt) for request in running), default=0)

    for joined, request in enumerate(waiting):
        prompts.add(request.key)
        answer = max(answer, request.request.max_tokens)
        prompt = max(prompt, len(request.prompt))
        rows = len(running) + joined + 1
        columns = rows * aligned_width(answer) + len(prompts) * aligned_width(prompt)
        if rows > 1 and (rows > limits.rows or columns > limits.cache_columns):
            return joined
    return len(waiting)
