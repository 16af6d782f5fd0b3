"""Requests are prepared, divided among workers by prompt, and refused where they cannot fit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.local.decoding import decode
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.tokens import Tokens
from docendo.engines.local.workers import Workers
from docendo.engines.model.network import Network
from docendo.errors import RunError, UserError
from docendo.records import AgentId, Grammar
from docendo.thinking import ThinkingConfig
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


BEGIN, END_MARK = 201, 202


def limited(engine: LocalEngine, limit: int, *, is_open: bool) -> LocalEngine:
    """The engine with two of its tokens as marks of thinking, and a limit."""
    tokens = Tokens(engine.base.tokenizer, thinking=ThinkingConfig(max_tokens=limit))
    vars(tokens).update(thinking_ids=(BEGIN, END_MARK), opens_thinking=is_open)
    return vary(engine, tokens=tokens)


def test_a_block_at_its_limit_is_ended_by_a_token_that_was_not_sampled(
    engine: LocalEngine,
) -> None:
    requests = [ask(ANN, "so?", seed=i, max_tokens=9) for i in range(6)]
    free = engine.sample(requests)
    ended = 0
    for before, after in zip(
        free, limited(engine, 3, is_open=True).sample(requests), strict=True
    ):
        assert after.tokens[:3] == before.tokens[:3]
        if len(after.tokens) > 3 and END_MARK not in before.tokens[:3]:
            ended += 1
            assert after.tokens[3] == END_MARK
            assert after.logprobs[3] == 0
            assert [i for i, own in enumerate(after.sampled) if not own] == [3]
    assert ended > 3


def test_outside_of_a_block_thinking_has_no_limit(engine: LocalEngine) -> None:
    requests = [ask(ANN, "so?", seed=i, max_tokens=9) for i in range(6)]
    texts = [c.tokens for c in limited(engine, 3, is_open=False).sample(requests)]
    assert texts == [c.tokens for c in engine.sample(requests)]


def test_thoughts_before_a_tool_call_count_when_the_answer_goes_on(
    engine: LocalEngine,
) -> None:
    started = replace(ask(ANN, "so?", max_tokens=4), prefix_ids=(BEGIN, 5, 6, 7))
    (completion,) = limited(engine, 3, is_open=False).sample([started])
    assert completion.tokens[0] == END_MARK
    within = replace(started, grammar=Grammar("regex", "[0-9]{3}"))
    assert (
        limited(engine, 3, is_open=False).prepare(replace(within, prefix_ids=())).meter
        is None
    )


def test_a_completion_says_whether_its_limit_cut_it(engine: LocalEngine) -> None:
    requests = [ask(ANN, "so?", seed=i, max_tokens=3) for i in range(40)]
    for completion in engine.sample(requests):
        is_ended = completion.tokens[-1] in engine.tokens.ends
        assert completion.cut == (not is_ended)
        assert len(completion.tokens) == 3 or is_ended
