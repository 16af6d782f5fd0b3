"""Agents behind an endpoint among local ones: whatever the server does, nobody here sees it.

``DOCENDO_TRIALS`` is how many random misfortunes are tried. Without it a few: the full number is
``DOCENDO_TRIALS=100 pytest tests/engines/wrappers/test_router.py``.
"""

import os
import tracemalloc
from random import Random

import pytest

from docendo.engines.local.engine import LocalEngine
from docendo.engines.remote.http import MAX_BYTES
from docendo.engines.remote.openai import Endpoint, Service
from docendo.engines.wrappers.router import Router
from docendo.errors import RunError
from docendo.records import AgentId, Completion
from tests.engines.servers import Unreliable, serving
from tests.engines.toys import ANN, BOB, ask, vary

TRIALS = int(os.environ.get("DOCENDO_TRIALS", "4"))
SAGE = AgentId("sage")
HOSTILE = (
    *(
        "hang",
        "drip",
        "trickle",
        "slow 2",
        "reset",
        "early",
        "babel",
        "huge",
        "endless",
        "garbage",
        "truncated",
    ),
    *(
        "no choices",
        "no text",
        "deep",
        "nan",
        "infinite",
        "long number",
        "a list",
        "a text",
        "null",
        "binary",
    ),
    *(
        "nothing",
        "429",
        "429 0",
        "429 0.1",
        "429 soon",
        "429 1e9",
        "500",
        "503 0",
        "400",
        "413",
        "401",
        "403",
        "404",
    ),
    *("redirect 301", "redirect 302", "redirect 307", "redirect 308", "204", "100"),
)
REQUESTS = [
    ask(agent, f"what is {i}?", i, 6) for i in range(4) for agent in (ANN, SAGE, BOB)
]


def mixed(engine: LocalEngine, server: Unreliable) -> tuple[Router, Endpoint]:
    endpoint = Endpoint(
        "hub",
        Service(
            server.url, "large", timeout=0.3, retries=1, first_pause=0.01, concurrency=4
        ),
    )
    return Router(vary(engine), {SAGE: endpoint}), endpoint


def parted(done: list[Completion]) -> tuple[list[Completion], list[str]]:
    """What was computed here, and the texts of the endpoint."""
    pairs = list(zip(REQUESTS, done, strict=True))
    return [c for r, c in pairs if r.agent != SAGE], [
        c.text for r, c in pairs if r.agent == SAGE
    ]


def test_a_hostile_server_changes_no_local_answer_and_its_own_are_right_or_empty(
    engine: LocalEngine,
) -> None:
    """A round of three batches, of which the first is answered; each request meets a misfortune of its own."""
    with serving() as server:
        hub, _ = mixed(engine, server)
        local, right = parted(hub.sample(REQUESTS))
    for seed in range(TRIALS):
        rng = Random(seed)
        every = [
            HOSTILE[(seed + k) % len(HOSTILE)] if k % 2 else rng.choice([*HOSTILE, "ok"])
            for k in range(12)
        ]
        with serving(*["ok"] * 4, *every) as server:
            hub, endpoint = mixed(engine, server)
            answered = 0
            for _ in range(3):
                here, there = parted(hub.sample(REQUESTS))
                assert here == local
                assert all(
                    text in {"", wanted} for text, wanted in zip(there, right, strict=True)
                )
                answered += sum(text != "" for text in there)
                assert (
                    answered
                )  # of the first batch, all but what this machine was too slow for
            told = endpoint.pop_metrics()
            assert told["endpoint/hub/answered"] == answered
            assert told.get("endpoint/hub/failed", 0) == 12 - answered


@pytest.mark.parametrize("mode", ["redirect 302", "401", "404"])
def test_a_refused_key_is_an_error_at_first_and_a_failed_attempt_later(
    mode: str, engine: LocalEngine
) -> None:
    with (
        serving(mode) as server,
        pytest.raises(RunError, match=r"refuses the key|no such model or place"),
    ):
        mixed(engine, server)[0].sample(REQUESTS)
    with serving(*["ok"] * 4, mode) as server:
        hub, endpoint = mixed(engine, server)
        hub.sample(REQUESTS)
        assert parted(hub.sample(REQUESTS))[1] == [""] * 4
        assert endpoint.pop_metrics()[f"endpoint/hub/failed/status-{mode.split()[-1]}"] == 4
        assert not [asked for asked in server.asked if "elsewhere" in asked.path]


@pytest.mark.parametrize("mode", ["huge", "endless", "trickle", "drip"])
def test_no_reply_takes_more_memory_than_the_limit(mode: str) -> None:
    with serving(mode) as server:
        endpoint = Endpoint(
            "hub", Service(server.url, "large", timeout=0.5, retries=0, concurrency=2)
        )
        requests = [r for r in REQUESTS if r.agent == SAGE]
        endpoint.sample(requests[:1])
        tracemalloc.start()
        assert [c.text for c in endpoint.sample(requests)] == [""] * 4
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2 * 2 * MAX_BYTES + 16 * 2**20
