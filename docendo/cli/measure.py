"""`docendo plan`: a few seconds of the real thing, multiplied by the counts of the settings."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import accumulate, cycle, islice
from pathlib import Path
from shutil import disk_usage
from statistics import fmean
from typing import TYPE_CHECKING, TypeVar

from docendo.cli.options import AsJson, ConfigFile, Settings
from docendo.cli.output import amount, notice, show, show_json, table, title
from docendo.cli.runs import check_config
from docendo.errors import RunError

if TYPE_CHECKING:
    from docendo.build.school import Catalog
    from docendo.cli.disk_usage import Written
    from docendo.cli.estimate import RunEstimate, Speeds
    from docendo.config.load import Config
    from docendo.records import Example, Message, Problem, Target

__all__ = ["measure", "peak", "plan"]

_Made = TypeVar("_Made")
_ROWS = 16
_LONGEST = 32
"""Tokens that each row samples: enough for a speed."""


def plan(
    config: ConfigFile = None, settings: Settings = None, as_json: AsJson = False
) -> None:
    """Estimate time, tokens, memory and disk.

    Measures this machine for a few seconds. The numbers are upper bounds of the work and rough
    in time; that of the database is an estimate. --set shows what a change would cost. Exits with 1
    where the disk of the current folder has too little room.
    """
    from docendo.config.load import load_config

    wanted = load_config(config, tuple(settings or ()))
    found = check_config(wanted)
    from docendo.build.school import resolve_config
    from docendo.cli.estimate import estimate

    here = resolve_config(wanted)
    notice(f"measuring {here.model} in {here.engine.dtype} on {here.engine.device} ...")
    speeds, written = measure(here, found)
    made, free = estimate(here, found, speeds, written), disk_usage(Path()).free
    if as_json:
        engine = {
            "model": here.model,
            "device": here.engine.device,
            "dtype": here.engine.dtype,
        }
        totals = {
            "seconds": made.seconds,
            "tokens": made.tokens,
            "disk": made.disk,
            "free": free,
        }
        show_json({**engine, "speeds": asdict(speeds), **asdict(made), **totals})
    else:
        _show(made, speeds)
    if made.disk > free:
        raise RunError(
            f"the run needs {amount(made.disk)} of disk, and here {amount(free)} are free"
        )


def measure(config: "Config", found: "Catalog") -> "tuple[Speeds, Written]":
    """Samples 16 rows and trains one micro-batch; also the worked solutions that were trained on.

    `config` is resolved.
    """
    from docendo.build.school import open_local_engine
    from docendo.cli.estimate import Speeds
    from docendo.learning.losses import policy_gradient
    from docendo.records import Completion, Problem, Request

    engine = open_local_engine(config)
    examples = _examples(config, found)
    longest = min(_LONGEST, config.teaching.max_tokens)
    requests = [Request(e.agent, e.messages, i, longest) for i, e in enumerate(examples)]
    engine.sample(requests[:2])
    engine.pop_usage()
    sampled, sampling = _timed(lambda: sum(len(c.tokens) for c in engine.sample(requests)))
    sampling_flops = sum(work.flops for work in engine.pop_usage())
    targets = [engine.target(e) for e in examples]
    batch = _one_batch(targets, config.engine.max_tokens_per_microbatch)
    engine.train(batch[:1], policy_gradient, {}, "measurement")
    engine.pop_usage()
    _, training = _timed(lambda: engine.train(batch, policy_gradient, {}, "measurement"))
    answers = [
        Completion(example.text, tokens=t.tokens)
        for example, t in zip(examples, targets, strict=True)
    ]
    problems = (
        _problems(config, found)
        if config.domains
        else [Problem("", "", 1, e.text, e.text) for e in examples]
    )
    speeds = Speeds(
        sampled=sampled / sampling,
        trained=sum(map(_length, batch)) / training,
        prompt=fmean(len(t.prompt_tokens) for t in targets),
        solution=fmean(len(t.tokens) for t in targets),
        memory=peak(config.engine.device),
        rows=len(requests),
        column=engine.base.token_numbers * engine.bank.dtype.itemsize,
        adapter=engine.bank.size,
        sampling=sampling_flops / sampled,
        training=sum(work.flops for work in engine.pop_usage()) / sum(map(_length, batch)),
    )
    return speeds, list(zip(problems, answers, strict=False))


def _timed(run: Callable[[], _Made]) -> tuple[_Made, float]:
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def _examples(config: "Config", found: "Catalog") -> list["Example"]:
    """A worked solution for each of some problems, or moves of a game where there are none; the agents in turn."""
    from docendo.build.school import instruction_of
    from docendo.prompts import solve_prompt
    from docendo.records import AgentId, Example

    agents = cycle(config.learners.items())
    if not config.domains:
        return [
            Example(AgentId(name), *pair)
            for (name, _), pair in zip(agents, _moves(config), strict=False)
        ]
    return [
        Example(AgentId(name), solve_prompt(p.prompt, instruction_of(a)), p.worked)
        for (name, a), p in zip(agents, _problems(config, found), strict=False)
    ]


def _moves(config: "Config") -> list[tuple[tuple["Message", ...], str]]:
    from docendo.build.league import GAMES
    from docendo.games.text_game import demonstrate_rules

    return demonstrate_rules(GAMES[config.duels.game], _ROWS, 0)


def _one_batch(targets: Sequence["Target"], cap: int) -> list["Target"]:
    """As many as fit into `cap` tokens, at least one."""
    ends = list(accumulate(map(_length, targets)))
    return list(targets[: max(1, sum(end <= cap for end in ends))])


def _length(target: "Target") -> int:
    return len(target.prompt_tokens) + len(target.tokens)


def _problems(config: "Config", found: "Catalog") -> list["Problem"]:
    """Sixteen training problems, the courses in turn; fewer where the domains have no more."""
    courses = [
        (d, family, level) for d, kinds in found.levels.items() for family, level in kinds
    ]
    problems = []
    for i, (domain, family, level) in enumerate(islice(cycle(courses), _ROWS)):
        problems += found.sources[domain].draw(family, level, 1, i, "train")
    return problems


def peak(device: str) -> int:
    """Bytes of memory at the peak: of the GPU where there is one, else of this process; 0 where it cannot be told."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _show(made: "RunEstimate", speeds: "Speeds") -> None:
    from docendo.formatting import compact, duration

    columns = [
        "rounds",
        "answers",
        "examples",
        "sampled",
        "trained on",
        "about FLOP",
        "a round",
        "minutes",
    ]
    rows = table(["stage"], columns)
    for s in made.stages:
        counts = [f"{s.rounds}", f"{s.answers:,}", f"{s.examples:,}"]
        tokens = [compact(s.sampled_tokens), compact(s.trained_tokens)]
        flops = [compact(s.flops), compact(s.flops / s.rounds if s.rounds else 0.0)]
        rows.add_row(s.name, *counts, *tokens, *flops, f"{s.seconds / 60:.1f}")
    show(
        title("At most"),
        rows,
        f"\nabout {duration(made.seconds)}, {compact(made.tokens)} tokens, "
        f"{amount(made.memory)} of memory, {amount(made.disk)} of disk, {amount(made.database)} of it the database",
        "sampled, trained on: tokens; FLOP: operations as a study's budget counts them, without evaluations",
        f"measured: {compact(speeds.sampled)} tokens/s sampled, {compact(speeds.trained)} tokens/s trained on",
    )
