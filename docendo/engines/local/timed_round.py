"""A batch of prompts and answers with given lengths, sampled and trained on against the clock."""

import time
from collections.abc import Callable, Sequence
from random import Random
from types import SimpleNamespace
from typing import NamedTuple, TypeVar

import torch

from docendo.backend import Backend, TrainStep
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.tokens import Tokens
from docendo.engines.profiling.peak import synchronize
from docendo.engines.profiling.roofline import WorkloadBatch
from docendo.errors import UserError
from docendo.learning.losses import PolicyGradientConfig
from docendo.records import AgentId, Completion, Message, Request, Target
from docendo.seeds import seed_for

__all__ = ["Timed", "timed_round"]

_Result = TypeVar("_Result")
_PURPOSE = "measurement"
_LEARNING_RATE = 1e-5


class Timed(NamedTuple):
    """What one pass took."""

    seconds: float
    tokens: int
    """A prompt counts once for all its answers."""
    flops: float


def timed_round(
    engine: Backend, batch: WorkloadBatch, agents: Sequence[AgentId], number: int
) -> tuple[Timed, Timed]:
    """Time the sampling of a batch, and one training step on what was sampled.

    The agents get equal shares of the prompts. `number` picks the prompts and the seeds. Raises
    UserError for another backend than the local one, whose prompts could not be random tokens.
    """
    if not isinstance(engine, LocalEngine):
        raise UserError(
            "only the local backend can be measured; set engine.backend to 'local'"
        )
    rates = dict.fromkeys(agents, _LEARNING_RATE)
    requests = _make_requests(batch, agents, number)

    real_tokens = engine.tokens
    # prompts by number, and answers that end by length alone
    engine.model.tokens = _make_endless_tokens(engine, batch, number)
    try:
        completions, sampling = _time(engine, lambda: engine.sample(requests))
    finally:
        engine.model.tokens = real_tokens

    targets = _make_targets(completions, batch, agents)
    step = TrainStep(targets, PolicyGradientConfig(), rates, _PURPOSE)
    _, training = _time(engine, lambda: engine.train(step))
    return sampling, training


def _time(engine: LocalEngine, run: Callable[[], _Result]) -> tuple[_Result, Timed]:
    device: torch.device = engine.bank.device
    # what ran before is neither counted nor still under way
    engine.pop_usage()
    synchronize(device)

    start = time.perf_counter()
    result = run()
    synchronize(device)
    seconds = time.perf_counter() - start

    usage = engine.pop_usage()
    tokens = sum(entry.tokens for entry in usage)
    return result, Timed(seconds, tokens, sum(entry.flops for entry in usage))


def _make_endless_tokens(engine: LocalEngine, batch: WorkloadBatch, number: int) -> Tokens:
    """Prompts of random tokens of the batch's length, and no token that ends an answer."""
    random = Random(seed_for(number, "bench"))
    vocabulary = engine.base.config.vocab_size
    prompts = {}
    for prompt in range(batch.prompts):
        ids = tuple(random.randrange(vocabulary) for _ in range(batch.prompt))
        prompts[_make_messages(prompt)] = ids

    # no token has the number -1
    decode = engine.base.tokenizer.decode
    tokenizer = SimpleNamespace(eos_token_id=-1, decode=decode, added_tokens_decoder={})
    return Tokens(tokenizer, prompts)


def _make_requests(
    batch: WorkloadBatch, agents: Sequence[AgentId], number: int
) -> list[Request]:
    requests = []
    for row, agent in enumerate(_assign_rows(batch, agents)):
        requests.append(
            Request(
                agent,
                _make_messages(row // batch.group),
                seed_for(number, "bench", row),
                batch.answer,
                purpose=_PURPOSE,
            )
        )
    return requests


def _make_targets(
    completions: Sequence[Completion], batch: WorkloadBatch, agents: Sequence[AgentId]
) -> list[Target]:
    """Advantages of both signs in turn."""
    targets = []
    rows = zip(_assign_rows(batch, agents), completions, strict=True)
    for row, (agent, completion) in enumerate(rows):
        # of both signs, as in a run, so that the weights stay near where they are
        advantage = (-1.0) ** row / len(completion.tokens)
        targets.append(
            Target(
                agent,
                completion.prompt_tokens,
                completion.tokens,
                advantage,
                completion.logprobs,
            )
        )
    return targets


def _assign_rows(batch: WorkloadBatch, agents: Sequence[AgentId]) -> list[AgentId]:
    """The agent of each row; all rows of a prompt have one agent."""
    return [
        agents[row // batch.group * len(agents) // batch.prompts]
        for row in range(batch.rows)
    ]


def _make_messages(prompt: int) -> tuple[Message, ...]:
    return (Message("user", str(prompt)),)
