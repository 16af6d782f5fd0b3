"""The speed of this machine: a few answers are sampled, and a micro-batch is trained on."""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain, cycle, islice
from statistics import fmean
from typing import NamedTuple, TypeVar

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
    pairs = _make_examples(config, catalog)
    targets = [backend.target(example) for _, example in pairs]

    answer_tokens = min(_MAX_SAMPLED, config.teaching.max_tokens)
    requests = []
    for seed, (_, example) in enumerate(pairs):
        # each row has a seed of its own, as in a run
        requests.append(Request(example.agent, example.messages, seed, answer_tokens))
    # what is compiled or allocated once is not part of the speed
    backend.sample(requests[:2])
    answers, sampling = _measure(backend, lambda: backend.sample(requests))
    sampled = sum(len(answer.tokens) for answer in answers)

    batch = _take_batch(targets, config.engine.max_tokens_per_microbatch)
    # likewise; and no learning rates, so that no weight changes
    loss = PolicyGradientConfig()
    backend.train(TrainStep(batch[:1], loss, {}, _PURPOSE))
    step = TrainStep(batch, loss, {}, _PURPOSE)
    _, training = _measure(backend, lambda: backend.train(step))
    trained = sum(map(_length, batch))

    model = backend.describe()
    speeds = Speeds(
        sampled=sampled / sampling.seconds,
        trained=trained / training.seconds,
        prompt=fmean(len(target.prompt_tokens) for target in targets),
        solution=fmean(len(target.tokens) for target in targets),
        memory=peak_memory(config.engine.device),
        rows=len(pairs),
        column=model.kv_cache_bytes,
        adapter=model.adapter_size,
        sampling=sampling.flops / sampled,
        training=training.flops / trained,
    )
    solutions = []
    for (problem, example), target in zip(pairs, targets, strict=True):
        solutions.append((problem, Completion(example.text, tokens=target.tokens)))
    return speeds, solutions


class _Cost(NamedTuple):
    seconds: float
    flops: float


def _measure(backend: Backend, run: Callable[[], _Result]) -> tuple[_Result, _Cost]:
    """What `run` returns, and what it took."""
    # what ran before is not counted
    backend.pop_usage()
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    return result, _Cost(seconds, sum(usage.flops for usage in backend.pop_usage()))


def _make_examples(config: Config, catalog: Catalog) -> list[tuple[Problem, Example]]:
    """Sixteen problems with their worked solutions; the agents and the task types in turn.

    Where the league only plays games, a move is both problem and solution.
    """
    pairs = []
    agents = cycle(config.learners.items())
    if not config.domains:
        moves = demonstrate_rules(GAMES[config.duels.game], _ROWS, 0)
        for (prompt, move), (name, _) in zip(moves, agents, strict=False):
            example = Example(AgentId(name), prompt, move)
            pairs.append((Problem("", "", 1, move, move), example))
        return pairs

    task_types = cycle(chain.from_iterable(catalog.task_types.values()))
    for seed, (domain, family, level) in enumerate(islice(task_types, _ROWS)):
        (problem,) = catalog.sources[domain].draw(family, level, 1, seed, "train")
        name, agent = next(agents)
        prompt = solve_prompt(problem.prompt, system_prompt_of(agent))
        pairs.append((problem, Example(AgentId(name), prompt, problem.worked)))
    return pairs


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
