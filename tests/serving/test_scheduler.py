"""The threads and queues between requests and batches, with a backend that follows a script."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from docendo.serving.api_errors import ApiError
from docendo.serving.scheduler import RequestScheduler, TokenDelta
from tests.serving.backend import END, Backend, Row, row


def run(
    test: Callable[[RequestScheduler], Awaitable[object]],
    backend: Backend | None = None,
    max_rows: int = 8,
) -> Backend:
    """Runs a test with a scheduler, and ends its threads."""
    backend = backend or Backend()

    async def main() -> None:
        scheduler = RequestScheduler(backend, max_rows)  # type: ignore[arg-type]
        try:
            await asyncio.wait_for(test(scheduler), 20)
        finally:
            await scheduler.close()

    asyncio.run(main())
    return backend


async def collect(
    scheduler: RequestScheduler, *rows: Row, one_by_one: bool = True
) -> list[TokenDelta]:
    return [delta async for delta in scheduler.stream_tokens(rows, one_by_one)]


def test_tokens_come_one_by_one_as_they_are_sampled() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        assert await collect(scheduler, row("hi")) == [
            TokenDelta(0, (ord("h"),), False),
            TokenDelta(0, (ord("i"),), False),
            TokenDelta(0, (END,), True),
        ]
        assert scheduler.unfinished == 0

    run(test)


def test_a_client_that_does_not_stream_gets_each_row_at_its_end() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        deltas = await collect(scheduler, row("hello"), row("hi"), one_by_one=False)
        assert [(d.row, bytes(d.tokens[:-1])) for d in deltas] == [
            (1, b"hi"),
            (0, b"hello"),
        ]
        assert all(delta.finished for delta in deltas)

    run(test)


def test_two_requests_share_a_batch_and_get_their_own_tokens() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        answers = await asyncio.gather(
            collect(scheduler, row("abc")), collect(scheduler, row("xyz"), row("uvw"))
        )
        texts = []
        for deltas in answers:
            for i in {delta.row for delta in deltas}:
                tokens = [d.tokens[0] for d in deltas if d.row == i]
                texts.append(bytes(tokens[:-1]))
        assert texts == [b"abc", b"xyz", b"uvw"]

    assert len(run(test).batches) == 1


def test_rows_over_the_limit_are_refused_and_the_others_go_on() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        with pytest.raises(ApiError, match="2 is the limit") as raised:
            await collect(scheduler, row("a"), row("b"), row("c"))
        assert raised.value.status == 429
        assert len(await collect(scheduler, row("a"), row("b"))) == 4

    run(test, max_rows=2)


def test_a_batch_that_fails_is_reported_and_replaced() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        with pytest.raises(ApiError, match="could not be computed") as raised:
            await collect(scheduler, row("fail"))
        assert raised.value.status == 503
        assert len(await collect(scheduler, row("hi"))) == 3

    assert len(run(test).batches) == 2


def test_an_answer_that_is_not_finite_fails_and_its_batch_goes_on() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        with pytest.raises(ApiError, match="could not be computed"):
            await collect(scheduler, row("nan"))
        assert len(await collect(scheduler, row("hi"))) == 3

    assert len(run(test).batches) == 1


def test_a_client_that_leaves_early_aborts_its_rows() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        async with aclosing(scheduler.stream_tokens([row("hold")], True)) as deltas:
            await anext(deltas)
        assert scheduler.unfinished == 0
        assert len(await collect(scheduler, row("hi"))) == 3

    (batch,) = run(test).batches
    assert batch.aborted == [0]


def test_a_scheduler_that_closes_fails_unfinished_rows_and_refuses_new_ones() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        deltas = scheduler.stream_tokens([row("hold")], True)
        await anext(deltas)
        scheduler.begin_closing()
        with pytest.raises(ApiError, match="is ending"):
            async for _ in deltas:
                pass
        with pytest.raises(ApiError, match="is ending"):
            await collect(scheduler, row("hi"))

    run(test)


def test_an_agent_stays_with_its_worker_until_that_has_five_rows_more() -> None:
    async def test(scheduler: RequestScheduler) -> None:
        usual, other = scheduler._workers
        assert [scheduler._choose_worker(slot) for slot in (0, 1, 2)] == [
            usual,
            other,
            usual,
        ]
        usual.load = 3
        assert scheduler._choose_worker(0) is usual
        usual.load = 5
        assert scheduler._choose_worker(0) is other

    run(test, Backend(stream_workers=2))
