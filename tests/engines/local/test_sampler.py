"""Requests are prepared, divided among workers by prompt, and refused where they cannot fit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.local.decoding import decode
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.workers import Workers
from docendo.engines.model.network import Network
from docendo.errors import RunError, UserError
from docendo.records import AgentId
from tests.engines.toys import AGENTS, ANN, ask, vary

BASE_CONTEXT = 1024


def test_a_request_is_prepared_with_its_slot_and_the_tokens_begun(
    engine: LocalEngine,
) -> None:
    plain = engine.prepare(ask(ANN, "why"))
    begun = engine.prepare(replace(ask(ANN, "why"), prefix_ids=(7, 8)))
    assert plain.slot == engine.bank.slots[ANN]
    assert begun.prompt == (*plain.prompt, 7, 8)
    assert engine.sample([begun.request])[0].prompt_tokens == plain.prompt


def test_an_unknown_agent_is_refused_with_the_nearest(engine: LocalEngine) -> None:
    with pytest.raises(UserError, match="did you mean 'ann'"):
        engine.prepare(ask(AgentId("anny"), "why"))


def test_an_answer_without_tokens_is_refused(engine: LocalEngine) -> None:
    with pytest.raises(UserError, match="max_tokens=0; both must be 1 or more"):
        engine.prepare(ask(ANN, "why", max_tokens=0))


def test_a_prompt_and_its_answer_must_fit_the_context(engine: LocalEngine) -> None:
    length = len(engine.prepare(ask(ANN, "why")).prompt)
    longest = BASE_CONTEXT - length
    assert engine.prepare(ask(ANN, "why", max_tokens=longest))
    with pytest.raises(RunError, match=f"do not fit the model's {BASE_CONTEXT} tokens"):
        engine.prepare(ask(ANN, "why", max_tokens=longest + 1))


def test_equal_prompts_go_to_one_worker(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[list[DecodeRequest]] = []

    def spy(
        network: Network, requests: Sequence[DecodeRequest], *rest: Any
    ) -> list[DecodeResult]:
        shares.append(list(requests))
        return decode(network, requests, *rest)

    monkeypatch.setattr("docendo.engines.local.sampler.decode", spy)
    requests = [ask(AGENTS[i % 3], f"{i % 6}?", seed=i) for i in range(24)]
    vary(engine, workers=Workers(3, 1)).sample(requests)

    assert len(shares) == 3
    assert sorted(row.request.seed for share in shares for row in share) == list(range(24))
    prompts = [{row.key for row in share} for share in shares]
    assert sum(len(keys) for keys in prompts) == len(set.union(*prompts)) == 6
