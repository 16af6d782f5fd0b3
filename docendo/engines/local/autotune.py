"""Which way of stepping the loaded model decodes with: a faster one is used where it gives the same answers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from logging import getLogger

import torch

from docendo.engines.local.decoding import (
    DecodeRequest,
    DecodeResult,
    DecodingLimits,
    decode,
)
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.model.network import Network, StepperFactory
from docendo.records import BASE, AgentId, Request

__all__ = ["autotune_step", "choose_step"]

_ROWS, _PROMPTS, _LENGTH, _TOKENS = 32, 8, 24, 16
_APART = 0.01
"""Nats by which log-probabilities may differ."""

_Answers = Callable[[StepperFactory], list[DecodeResult]]


def autotune_step(network: Network, bank: AdapterBank, other: StepperFactory) -> Network:
    """The network with the other way of stepping, where it proves right and faster. Nobody may be in the bank."""
    agents = [AgentId(f"rehearsal {i}") for i in range(3)]
    for agent in agents:
        bank.add(agent, 0)
    bank.weights_SP.copy_(
        torch.linspace(0, 1000, bank.weights_SP.numel())
        .sin_()
        .mul_(0.05)
        .view_as(bank.weights_SP)
    )
    bank.weights_SP[0] = 0
    bank.refresh()
    rows = [_row(i, [BASE, *agents], len(network.head_Vd)) for i in range(_ROWS)]

    def answers(steps: StepperFactory) -> list[DecodeResult]:
        limits = DecodingLimits(
            _ROWS - 8, 10**9, 512
        )  # fewer seats than rows: some have to wait
        return decode(replace(network, make_stepper=steps), rows, -1, limits, lambda: False)

    chosen = choose_step(network.make_stepper, other, answers)
    for agent in agents:
        bank.remove(agent)
    bank.set_weights(bank.weights_SP[:1].clone())
    return replace(network, make_stepper=chosen)


def _row(i: int, agents: Sequence[AgentId], vocabulary: int) -> DecodeRequest:
    prompt = i * _PROMPTS // _ROWS
    agent = prompt * len(agents) // _PROMPTS
    tokens = tuple((7 * prompt + 13 * t) % vocabulary for t in range(_LENGTH + prompt))
    return DecodeRequest(
        agent, tokens, Request(agents[agent], (), i, max_tokens=_TOKENS + i % 3)
    )


def choose_step(
    plain: StepperFactory,
    other: StepperFactory,
    answers: _Answers,
    clock: Callable[[], float] = time.perf_counter,
) -> StepperFactory:
    """`other` where it gives the answers that `plain` gives, and sooner; a failure is told in one line."""
    try:
        got = answers(other)
    except RuntimeError as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        getLogger("docendo").warning(
            "decoding by replay fails here (%s); decoding step by step", reason
        )
        return plain
    if not _alike(answers(plain), got):
        getLogger("docendo").warning(
            "decoding by replay gives other answers here; decoding step by step"
        )
        return plain
    seconds = []
    for steps in (plain, other):
        start = clock()
        answers(steps)
        seconds.append(clock() - start)
    return other if seconds[1] < seconds[0] else plain


def _alike(wanted: Sequence[DecodeResult], got: Sequence[DecodeResult]) -> bool:
    if [w.tokens for w in wanted] != [g.tokens for g in got]:
        return False
    pairs = (
        (x, y)
        for w, g in zip(wanted, got, strict=True)
        for x, y in zip(w.logprobs, g.logprobs, strict=True)
    )
    return all(abs(x - y) < _APART for x, y in pairs)
