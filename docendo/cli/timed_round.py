"""A batch of prompts and answers whose lengths are given, sampled and trained on against the clock."""

import time
from collections.abc import Callable, Sequence
from random import Random
from types import SimpleNamespace
from typing import NamedTuple, TypeVar

import torch

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.tokens import Tokens
from docendo.engines.profiling.peak import synchronize
from docendo.engines.profiling.roofline import WorkloadBatch
from docendo.learning.losses import policy_gradient
from docendo.records import AgentId, Completion, Message, Request, Target
from docendo.seeds import seed_for

__all__ = ["Timed", "timed_round"]

_Made = TypeVar("_Made")
_PURPOSE = "measurement"
_RATE = 1e-5


class Timed(NamedTuple):
    seconds: float
    tokens: int
    """A prompt counts once for all its answers."""
    flops: float


def timed_round(
    engine: LocalEngine, batch: WorkloadBatch, agents: Sequence[AgentId], number: int
) -> tuple[Timed, Timed]:
    """Sampling the batch, and one training step on what was sampled. The agents get equal shares of the prompts.

    `number` picks the prompts and the seeds.
    """
    before = engine.tokens
    engine.tokens = _endless(engine, batch, number)
    completions, sampling = _timed(
        engine, lambda: engine.sample(_requests(batch, agents, number))
    )
    engine.tokens = before
    targets = _targets(completions, batch, agents)
    _, training = _timed(
        engine,
        lambda: engine.train(
            targets, policy_gradient, dict.fromkeys(agents, _RATE), _PURPOSE
        ),
    )
    return sampling, training


def _timed(engine: LocalEngine, run: Callable[[], _Made]) -> tuple[_Made, Timed]:
    device: torch.device = engine.bank.device
    engine.pop_usage()
    synchronize(device)
    start = time.perf_counter()
    made = run()
    synchronize(device)
    seconds = time.perf_counter() - start
    work = engine.pop_usage()
    return made, Timed(seconds, sum(w.tokens for w in work), sum(w.flops for w in work))


def _endless(engine: LocalEngine, batch: WorkloadBatch, number: int) -> Tokens:
    """Prompts of random tokens, exactly as long as the batch wants, and no token that ends an answer."""
    draw, size = Random(seed_for(number, "bench")), engine.base.config.vocab_size
    known = {
        _messages(i): tuple(draw.randrange(size) for _ in range(batch.prompt))
        for i in range(batch.prompts)
    }
    return Tokens(
        SimpleNamespace(eos_token_id=-1, decode=engine.base.tokenizer.decode), known
    )


def _requests(
    batch: WorkloadBatch, agents: Sequence[AgentId], number: int
) -> list[Request]:
    return [
        Request(
            agent,
            _messages(i // batch.group),
            seed_for(number, "bench", i),
            batch.answer,
            purpose=_PURPOSE,
        )
        for i, agent in enumerate(_asked(batch, agents))
    ]


def _targets(
    completions: Sequence[Completion], batch: WorkloadBatch, agents: Sequence[AgentId]
) -> list[Target]:
    """With advantages of either sign."""
    return [
        Target(agent, c.prompt_tokens, c.tokens, (-1.0) ** i / len(c.tokens), c.logprobs)
        for i, (agent, c) in enumerate(zip(_asked(batch, agents), completions, strict=True))
    ]


def _asked(batch: WorkloadBatch, agents: Sequence[AgentId]) -> list[AgentId]:
    """The agent of each row; all rows of a prompt have one agent."""
    return [
        agents[i // batch.group * len(agents) // batch.prompts] for i in range(batch.rows)
    ]


def _messages(prompt: int) -> tuple[Message, ...]:
    return (Message("user", str(prompt)),)
