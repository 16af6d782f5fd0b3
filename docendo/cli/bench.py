"""`docendo bench`: how near the engine comes to what this machine can do, and what more agents cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.measure import peak
from docendo.cli.options import AsJson, ConfigFile, Settings
from docendo.cli.output import notice, show, show_json, table, title
from docendo.records import AgentId

if TYPE_CHECKING:
    from docendo.cli.timed_round import Timed
    from docendo.config.load import Config
    from docendo.engines.local.engine import LocalEngine
    from docendo.engines.profiling.roofline import Ceiling, WorkloadBatch, WorkloadModel

__all__ = ["Bench", "Ceilings", "Machine", "PopulationBench", "Speed", "bench"]

_AGENTS = tuple(AgentId(f"agent-{i}") for i in range(16))
_COUNTS = (1, 2, 4, 8, 16)

_Quick = Annotated[
    bool,
    typer.Option(
        "--quick", help="Shorter prompts and answers, fewer repeats: a rough look."
    ),
]


@dataclass(frozen=True, slots=True)
class Machine:
    threads: int
    device: str
    dtype: str


@dataclass(frozen=True, slots=True)
class Ceilings:
    matrix_gflops: float
    memory_gbs: float


@dataclass(frozen=True, slots=True)
class Speed:
    rows: int
    seconds: float
    """Of the best repeat, as the ceilings are; the other numbers follow from it."""
    median_seconds: float
    tokens_per_second: float
    """Sampled; or trained on, a prompt once for all its answers."""
    roofline_tokens_per_second: float
    share: float
    """Of the roofline."""
    matrix_share: float
    """Of the matrix ceiling alone."""


@dataclass(frozen=True, slots=True)
class PopulationBench:
    """One round of some agents that share the rows."""

    sampling_seconds: float
    training_seconds: float
    ratio: float
    """Of both together to those of one agent."""


@dataclass(frozen=True, slots=True)
class Bench:
    model: str
    machine: Machine
    ceilings: Ceilings
    limit: str
    """Of a step in the middle of an answer: arithmetic or memory."""
    sampling: Speed
    training: Speed
    agents: Mapping[str, PopulationBench]
    peak_memory_bytes: int
    """After one agent's sampling and training; 0 where it cannot be told."""


def bench(
    config: ConfigFile = None,
    settings: Settings = None,
    quick: _Quick = False,
    as_json: AsJson = False,
) -> None:
    """Measure how near sampling and training come to what this machine can do.

    The roofline is the least time that the arithmetic and the memory traffic can take here. Also
    measures what more agents cost at the same rows and tokens. Uses as many threads as PyTorch
    does; takes some minutes, with --quick about one.
    """
    from docendo.config.load import load_config

    wanted = load_config(config, tuple(settings or ()))
    from docendo.build.school import resolve_config

    here = resolve_config(wanted)
    notice(f"measuring {here.model} in {here.engine.dtype} on {here.engine.device} ...")
    made = _measure(here, quick)
    if as_json:
        show_json(asdict(made))
    else:
        _show(made)


def _measure(config: "Config", quick: bool) -> Bench:
    """`config` is resolved. The ceilings are looked at twice, as another program may be busy at one of the times, and
    only once the engine's memory is known, of which theirs is no part."""
    import torch

    from docendo.build.school import open_local_engine
    from docendo.config import AgentConfig
    from docendo.engines.profiling.peak import measure_ceiling
    from docendo.engines.profiling.roofline import (
        Ceiling,
        WorkloadBatch,
        sampling_seconds,
        step,
        training_seconds,
    )

    machine = Machine(torch.get_num_threads(), config.engine.device, config.engine.dtype)
    repeats, lengths = (2, (32, 8)) if quick else (3, (150, 48))
    batch = WorkloadBatch(8, 8, *lengths)
    engine = open_local_engine(
        config.model_copy(update={"agents": {_AGENTS[0]: AgentConfig()}})
    )
    ((sampled, trained),) = _alternating(engine, batch, (1,), repeats)
    memory = peak(machine.device)
    look = partial(measure_ceiling, engine.bank.dtype, torch.device(machine.device))
    torch.set_num_threads(machine.threads)
    early = look()
    agents = _populations(engine, WorkloadBatch(16, 4, *lengths), repeats, config.seed)
    torch.set_num_threads(machine.threads)
    ceiling, model = Ceiling(*map(max, early, look())), _model(engine)
    answers, passed = batch.rows * batch.answer, trained[0].tokens
    return Bench(
        model=config.model,
        machine=machine,
        ceilings=Ceilings(ceiling.flops / 1e9, ceiling.bytes / 1e9),
        limit=step(model, batch, batch.answer // 2, ceiling).limit,
        sampling=_speed(
            batch.rows, answers, sampled, sampling_seconds(model, batch, ceiling), ceiling
        ),
        training=_speed(
            batch.rows, passed, trained, training_seconds(model, batch, ceiling), ceiling
        ),
        agents=agents,
        peak_memory_bytes=memory,
    )


def _alternating(
    engine: "LocalEngine", batch: "WorkloadBatch", counts: Sequence[int], repeats: int
) -> list[tuple[list["Timed"], list["Timed"]]]:
    """Sampling and training of so many agents, each in turn within a repeat, after one that does not count."""
    from docendo.cli.timed_round import timed_round

    rounds = [
        [timed_round(engine, batch, _AGENTS[:n], r) for n in counts]
        for r in range(repeats + 1)
    ][1:]
    return [
        ([r[i][0] for r in rounds], [r[i][1] for r in rounds]) for i in range(len(counts))
    ]


def _populations(
    engine: "LocalEngine", batch: "WorkloadBatch", repeats: int, seed: int
) -> dict[str, PopulationBench]:
    for agent in _AGENTS[1:]:
        engine.bank.add(agent, seed)
    found = _alternating(engine, batch, _COUNTS, repeats)
    best = [
        (min(s.seconds for s in sampled), min(t.seconds for t in trained))
        for sampled, trained in found
    ]
    return {
        str(n): PopulationBench(*times, sum(times) / sum(best[0]))
        for n, times in zip(_COUNTS, best, strict=True)
    }


def _model(engine: "LocalEngine") -> "WorkloadModel":
    from docendo.engines.profiling.roofline import WorkloadModel

    return WorkloadModel(
        engine.shape, engine.base.token_numbers, engine.bank.dtype.itemsize
    )


def _speed(
    rows: int, tokens: int, times: Sequence["Timed"], roofline: float, ceiling: "Ceiling"
) -> Speed:
    """`roofline` is in seconds."""
    seconds = min(t.seconds for t in times)
    return Speed(
        rows=rows,
        seconds=seconds,
        median_seconds=median(t.seconds for t in times),
        tokens_per_second=tokens / seconds,
        roofline_tokens_per_second=tokens / roofline,
        share=roofline / seconds,
        matrix_share=times[0].flops / ceiling.flops / seconds,
    )


def _show(made: Bench) -> None:
    from docendo.formatting import compact, percent

    speeds = table(
        ["one agent"],
        ["rows", "seconds", "median", "tokens/s", "roofline", "share", "of matrix ceiling"],
    )
    for name, s in (("sampling", made.sampling), ("training", made.training)):
        times = [f"{s.seconds:.3f}", f"{s.median_seconds:.3f}"]
        tokens = [compact(s.tokens_per_second), compact(s.roofline_tokens_per_second)]
        speeds.add_row(
            name, str(s.rows), *times, *tokens, percent(s.share), percent(s.matrix_share)
        )
    agents = table(["agents"], ["sampling s", "training s", "times one agent"])
    for count, p in made.agents.items():
        agents.add_row(
            count,
            f"{p.sampling_seconds:.3f}",
            f"{p.training_seconds:.3f}",
            f"{p.ratio:.2f}",
        )
    flops, width = (
        compact(1e9 * made.ceilings.matrix_gflops, "FLOP"),
        made.ceilings.memory_gbs,
    )
    threads = "1 thread" if made.machine.threads == 1 else f"{made.machine.threads} threads"
    show(
        title(
            f"At most {flops}/s in matrix products, {width:.1f} GB/s from memory, {threads}"
        ),
        speeds,
        f"\na step of {made.sampling.rows} rows is limited by {made.limit}; "
        f"peak memory with one agent {made.peak_memory_bytes / 2**30:.1f} GiB\n",
        title("The same rows and tokens, shared by more agents"),
        agents,
    )
