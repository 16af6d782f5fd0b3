"""What the comparisons share: prompts of an exact length, answers of an exact length, one training step, fair turns."""

import json
import resource
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import median
from typing import Any

from docendo.backend import BackendSettings, TrainStep
from docendo.engines.local.autoselect import choose_dtype, choose_kernels
from docendo.engines.local.bundled_models import embedded_folder
from docendo.engines.local.engine import LocalEngine, open_engine
from docendo.engines.local.model_names import EMBEDDED
from docendo.engines.local.tokens import Tokens
from docendo.learning.losses import PolicyGradientConfig
from docendo.learning.update import policy_targets
from docendo.records import AgentId, Completion, Message, Request, ScoredSample

__all__ = [
    "ALPHA",
    "RANK",
    "RATE",
    "add_sizes",
    "advantages",
    "agents_of",
    "engine_with",
    "model_folder",
    "peak_mib",
    "plain_texts",
    "prompts_of",
    "report",
    "requests_of",
    "reward",
    "seconds_of",
    "take_turns",
    "train_step",
]

RANK, ALPHA, RATE = 8, 32.0, 1e-4
_WORDS = (
    "river stone garden window market bridge winter summer letter number teacher student apple train paper water house "
    "music story light field forest table road mountain city ocean morning evening silver golden quiet"
)
"""Each is one token of the embedded model when a space comes before it."""


class _Endless(Tokens):
    """Tokens of which none ends an answer, so that every answer has `max_tokens` tokens."""

    @property
    def end(self) -> int:
        return -1


def add_sizes(parser: ArgumentParser, prompts: int = 8, completions: int = 8) -> None:
    """The options that all comparisons have."""
    parser.add_argument(
        "--prompts",
        type=int,
        default=prompts,
        help="different prompts in a step (default %(default)s)",
    )
    parser.add_argument(
        "--completions",
        type=int,
        default=completions,
        help="of each prompt (default %(default)s)",
    )
    parser.add_argument(
        "--tokens", type=int, default=48, help="of each completion (default %(default)s)"
    )
    parser.add_argument(
        "--length",
        type=int,
        default=150,
        help="tokens of each prompt (default %(default)s)",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="after the warm-up; medians count (default %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="the last line printed is one JSON object"
    )


def model_folder() -> str:
    """The embedded model as safetensors, for libraries that load by path."""
    return str(embedded_folder())


def open_on_cpu(
    model: str, rank: int, alpha: float, dtype: str, kernels: str
) -> LocalEngine:
    """A model on the CPU, without agents, and with a run's limits of memory."""
    return open_engine(
        BackendSettings(
            model,
            rank,
            alpha,
            dtype,
            "cpu",
            kernels,
            max_num_seqs=128,
            max_tokens_per_microbatch=1536,
            trust_remote_code=False,
            chat={},
        )
    )


def engine_with(agents: int, model: str = EMBEDDED) -> LocalEngine:
    """docendo on the model and the CPU, in the number format that it chooses, with agents 0, 1, ..."""
    dtype = choose_dtype("auto", "cpu")
    kernels = choose_kernels("auto", "cpu", dtype)
    engine = open_on_cpu(model, RANK, ALPHA, dtype, kernels)
    for agent in dict.fromkeys(agents_of(agents, agents)):
        engine.bank.add(agent, seed=0)
    engine.model.tokens = _Endless(engine.tokens.tokenizer)
    return engine


def agents_of(agents: int, prompts: int) -> list[AgentId]:
    """Whose each prompt is: neighbours share an agent."""
    return [AgentId(f"agent{i * agents // prompts}") for i in range(prompts)]


def prompts_of(tokens: Tokens, count: int, length: int) -> list[tuple[Message, ...]]:
    """Different conversations of exactly `length` tokens, the chat form included."""
    return [_prompt(tokens, number, length) for number in range(count)]


def _prompt(tokens: Tokens, number: int, length: int) -> tuple[Message, ...]:
    draw, words = Random(number), _WORDS.split()
    text = f"Write on with story {chr(ord('A') + number)}:"
    while len(tokens.prompt((Message("user", text),))) < length:
        text += " " + draw.choice(words)
    message = (Message("user", text),)
    found = len(tokens.prompt(message))
    if found != length:
        raise ValueError(
            f"a prompt has {found} tokens, {length} are wanted; a chat form alone has about 45"
        )
    return message


def plain_texts(tokens: Tokens, prompts: Sequence[tuple[Message, ...]]) -> list[str]:
    """The prompts as text that `tokens.tokenizer` turns into the very same ids."""
    texts = [str(tokens.tokenizer.decode(tokens.prompt(p))) for p in prompts]
    for prompt, text in zip(prompts, texts, strict=True):
        if list(tokens.prompt(prompt)) != list(tokens.tokenizer(text)["input_ids"]):
            raise ValueError(f"the prompt does not survive as text: {text!r}")
    return texts


def requests_of(
    agents: Sequence[AgentId],
    prompts: Sequence[tuple[Message, ...]],
    completions: int,
    tokens: int,
    seed: int,
) -> list[Request]:
    """`completions` requests for each prompt, whose owner is in `agents`; their seeds start at `seed`."""
    owned = [pair for pair in zip(agents, prompts, strict=True) for _ in range(completions)]
    return [
        Request(agent, prompt, seed + i, tokens) for i, (agent, prompt) in enumerate(owned)
    ]


def reward(text: str) -> float:
    """The share of the letter e."""
    return text.count("e") / max(1, len(text))


def advantages(completions: Sequence[Completion], group: int) -> list[float]:
    """Rewards minus the mean of their group of adjacent completions."""
    rewards = [reward(c.text) for c in completions]
    means = [sum(rewards[i : i + group]) / group for i in range(0, len(rewards), group)]
    return [r - means[i // group] for i, r in enumerate(rewards)]


def train_step(engine: LocalEngine, requests: Sequence[Request], group: int) -> None:
    """Samples, rewards and makes one optimizer step of docendo's policy gradient for every agent asked."""
    completions = engine.sample(requests)
    lengths = {len(c.tokens) for c in completions}
    if lengths != {requests[0].max_tokens}:
        raise ValueError(
            f"completions of {sorted(lengths)} tokens, {requests[0].max_tokens} are wanted"
        )
    worth = advantages(completions, group)
    paid = [
        ScoredSample(r.agent, c, a)
        for r, c, a in zip(requests, completions, worth, strict=True)
    ]
    rates = {r.agent: RATE for r in requests}
    engine.train(TrainStep(policy_targets(paid), PolicyGradientConfig(), rates, "policy"))
    engine.pop_usage()


def seconds_of(
    call: Callable[[], Any], clock: Callable[[], float] = time.perf_counter
) -> float:
    start = clock()
    call()
    return clock() - start


def take_turns(
    calls: Mapping[str, Callable[[], Any]],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds of each. Every repeat runs all, every other one backwards; the first is a warm-up."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for repeat in range(repeats + 1):
        for name in list(calls)[:: -1 if repeat % 2 else 1]:
            seconds = seconds_of(calls[name], clock)
            if repeat:
                found[name].append(seconds)
    return {name: median(times) for name, times in found.items()}


def peak_mib() -> float:
    """The most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def report(options: Namespace, **found: Any) -> None:
    """Prints `found` as JSON where that was asked for; numbers to four digits."""
    if options.json:
        short = {
            k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in found.items()
        }
        print(json.dumps(short))
