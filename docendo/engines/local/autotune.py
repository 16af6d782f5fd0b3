"""How the loaded model steps in decoding: the faster way, where it gives the same answers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from logging import getLogger

import torch

from docendo.engines.local.capacity import DecodingLimits
from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.local.decoding import decode
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.model.network import Network, StepperFactory
from docendo.records import BASE, AgentId, Request

__all__ = ["autotune_step", "choose_step"]

_REQUESTS = 32
_PROMPTS = 8
_PROMPT_TOKENS = 24
_ANSWER_TOKENS = 16
_TOLERANCE = 0.01
"""Nats by which log-probabilities may differ."""

_Decode = Callable[[StepperFactory], list[DecodeResult]]


def autotune_step(
    network: Network, bank: AdapterBank, candidate: StepperFactory
) -> Network:
    """The network, with the other way of stepping where that is right and faster.

    The bank holds no agent, before and after.
    """
    agents = [AgentId(f"rehearsal {i}") for i in range(3)]
    for agent in agents:
        bank.add(agent, 0)
    waves = torch.linspace(0, 1000, bank.weights_SP.numel()).sin_().mul_(0.05)
    bank.weights_SP.copy_(waves.view_as(bank.weights_SP))
    bank.weights_SP[0] = 0
    bank.refresh()

    vocabulary = len(network.head_Vd)
    requests = [_build_request(i, [BASE, *agents], vocabulary) for i in range(_REQUESTS)]
    # fewer rows than requests: some have to wait
    limits = DecodingLimits(rows=_REQUESTS - 8, cache_columns=10**9, prefill_tokens=512)

    def decode_all(make_stepper: StepperFactory) -> list[DecodeResult]:
        stepping = replace(network, make_stepper=make_stepper)
        return decode(stepping, requests, frozenset(), limits, is_stopped=lambda: False)

    fastest = choose_step(network.make_stepper, candidate, decode_all)
    for agent in agents:
        bank.remove(agent)
    bank.set_weights(bank.weights_SP[:1].clone())
    return replace(network, make_stepper=fastest)


def _build_request(
    number: int, agents: Sequence[AgentId], vocabulary: int
) -> DecodeRequest:
    """Several requests share a prompt, and several prompts an agent."""
    prompt = number * _PROMPTS // _REQUESTS
    slot = prompt * len(agents) // _PROMPTS
    length = _PROMPT_TOKENS + prompt
    ids = tuple((7 * prompt + 13 * t) % vocabulary for t in range(length))
    max_tokens = _ANSWER_TOKENS + number % 3
    return DecodeRequest(
        slot, ids, Request(agents[slot], (), number, max_tokens=max_tokens)
    )


def choose_step(
    plain: StepperFactory,
    candidate: StepperFactory,
    decode_all: _Decode,
    clock: Callable[[], float] = time.perf_counter,
) -> StepperFactory:
    """`candidate` where it gives the answers of `plain`, and sooner. A failure is logged."""
    log = getLogger("docendo")
    try:
        results = decode_all(candidate)
    except RuntimeError as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        log.warning("decoding by replay fails here (%s); decoding step by step", reason)
        return plain
    if not _agree(decode_all(plain), results):
        log.warning("decoding by replay gives other answers here; decoding step by step")
        return plain

    seconds = []
    for make_stepper in (plain, candidate):
        start = clock()
        decode_all(make_stepper)
        seconds.append(clock() - start)
    return candidate if seconds[1] < seconds[0] else plain


def _agree(expected: Sequence[DecodeResult], results: Sequence[DecodeResult]) -> bool:
    """Whether tokens are equal and log-probabilities about equal."""
    for one, replayed in zip(expected, results, strict=True):
        if one.tokens != replayed.tokens:
            return False
        for x, y in zip(one.logprobs, replayed.logprobs, strict=True):
            # not >=: a difference that is not a number is one too
            if not abs(x - y) < _TOLERANCE:
                return False
    return True
