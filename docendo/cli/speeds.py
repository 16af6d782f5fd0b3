"""The speed of this machine: a few answers are sampled, and a micro-batch is trained on."""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from statistics import fmean
from typing import TypeVar

from docendo.backend import Backend, TrainStep
from docendo.build.backend import open_backend
from docendo.build.league import GAMES
from docendo.build.school import system_prompt_of
from docendo.cli.disk_usage import Solutions
from docendo.cli.estimate import Speeds
from docendo.config.load import Config
from docendo.games.text_game import demonstrate_rules
from docendo.learning.losses import PolicyGradientConfig
from docendo.problems.catalog import Catalog
from docendo.prompts import solve_prompt
from docendo.records import AgentId, Completion, Example, Problem, Request, Target

__all__ = ["measure_speeds", "peak_memory"]

_Result = TypeVar("_Result")
_ROWS = 16
_MAX_SAMPLED = 32
"""Tokens that each row samples: enough for a speed."""
_PURPOSE = "measurement"


def measure_speeds(config: Config, catalog: Catalog) -> tuple[Speeds, Solutions]:
    """Speeds, and the worked solutions that were trained on. `config` is resolved."""
    backend = open_backend(config)
    problems = _draw_problems(config, catalog)
    examples = _make_examples(config, problems)
    targets = [backend.target(example) for example in examples]

    sampled, sampling_seconds, sampling_flops = _sample(backend, examples, config)
    batch = _take_batch(targets, config.engine.max_tokens_per_microbatch)
    training_seconds, training_flops = _train(backend, batch)
    trained = sum(map(_length, batch))

    model = backend.describe()
    speeds = Speeds(
        sampled=sampled / sampling_seconds,
        trained=trained / training_seconds,
        prompt=fmean(len(target.prompt_tokens) for target in targets),
        solution=fmean(len(target.tokens) for target in targets),
        memory=peak_memory(config.engine.device),
        rows=len(examples),
        column=model.kv_cache_bytes,
        adapter=model.adapter_size,
        sampling=sampling_flops / sampled,
        training=training_flops / trained,
    )
    return speeds, _pair_solutions(problems, examples, targets)


def _sample(
    backend: Backend, examples: Sequence[Example], config: Config
) -> tuple[int, float, float]:
    """Tokens, seconds and operations of answering the prompts."""
    max_tokens = min(_MAX_SAMPLED, config.teaching.max_tokens)
    requests = []
    for seed, example in enumerate(examples):
        # each row has a seed of its own, as in a run
        requests.append(Request(example.agent, example.messages, seed, max_tokens))

    # what is compiled or allocated once is not part of the speed
    backend.sample(requests[:2])
    backend.pop_usage()
    completions, seconds = _time(lambda: backend.sample(requests))
    tokens = sum(len(completion.tokens) for completion in completions)
    return tokens, seconds, sum(usage.flops for usage in backend.pop_usage())


def _train(backend: Backend, batch: Sequence[Target]) -> tuple[float, float]:
    """Seconds and operations of one backward pass without a step."""
    # likewise; and no learning rates, so that no weight changes
    loss = PolicyGradientConfig()
    backend.train(TrainStep(batch[:1], loss, {}, _PURPOSE))
    backend.pop_usage()
    _, seconds = _time(lambda: backend.train(TrainStep(batch, loss, {}, _PURPOSE)))
    return seconds, sum(usage.flops for usage in backend.pop_usage())


def _time(run: Callable[[], _Result]) -> tuple[_Result, float]:
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def _draw_problems(config: Config, catalog: Catalog) -> list[Problem]:
    """Sixteen training problems, all levels in turn; none where the league only plays games."""
    if not config.domains:
        return []
    levels = []
    for domain, families in catalog.levels.items():
        for family, level in families:
            levels.append((domain, family, level))

    problems: list[Problem] = []
    for seed, (domain, family, level) in enumerate(islice(cycle(levels), _ROWS)):
        problems += catalog.sources[domain].draw(family, level, 1, seed, "train")
    return problems


def _make_examples(config: Config, problems: Sequence[Problem]) -> list[Example]:
    """Worked solutions, or moves of a game where there is no problem; the agents in turn."""
    agents = cycle(config.learners.items())
    examples = []
    if problems:
        for problem, (name, agent) in zip(problems, agents, strict=False):
            prompt = solve_prompt(problem.prompt, system_prompt_of(agent))
            examples.append(Example(AgentId(name), prompt, problem.worked))
    else:
        moves = demonstrate_rules(GAMES[config.duels.game], _ROWS, 0)
        for (prompt, move), (name, _) in zip(moves, agents, strict=False):
            examples.append(Example(AgentId(name), prompt, move))
    return examples


def _pair_solutions(
    problems: Sequence[Problem], examples: Sequence[Example], targets: Sequence[Target]
) -> Solutions:
    """The problems with their worked solutions as completions; moves are their own problems."""
    problems = problems or [Problem("", "", 1, e.text, e.text) for e in examples]
    solutions = []
    for problem, example, target in zip(problems, examples, targets, strict=True):
        solutions.append((problem, Completion(example.text, tokens=target.tokens)))
    return solutions


def _take_batch(targets: Sequence[Target], max_tokens: int) -> list[Target]:
    """As many as fit into `max_tokens`, at least one."""
    batch: list[Target] = []
    total = 0
    for target in targets:
        total += _length(target)
        if batch and total > max_tokens:
            break
        batch.append(target)
    return batch


def _length(target: Target) -> int:
    return len(target.prompt_tokens) + len(target.tokens)


def peak_memory(device: str) -> int:
    """Bytes at the peak: of the GPU if there is one, else of this process; 0 if unknown."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    if sys.platform == "win32":
        return 0

    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux kibibytes
    return peak if sys.platform == "darwin" else peak * 1024
