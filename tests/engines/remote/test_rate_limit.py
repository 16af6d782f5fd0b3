"""Requests start evenly spaced, and nobody starts in a pause."""

from docendo.engines.remote.rate_limit import RateLimit


def test_the_rate_limit_counts_requests_and_tokens() -> None:
    now = [100.0]
    limit = RateLimit(60, 6000, clock=lambda: now[0])
    assert [limit.delay(100), limit.delay(500), limit.delay(100)] == [0, 1, 6]
    limit.pause(30)
    assert limit.delay() == 30
    now[0] = 1000
    assert limit.delay() == 0
    assert [RateLimit().delay(10**9) for _ in range(3)] == [0, 0, 0]
