"""`docendo bench`: how near the engine comes to the machine's limit, and what agents cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import AsJson, ConfigFile, Settings
from docendo.cli.output import notice, show, show_json, table, title
from docendo.records import AgentId

if TYPE_CHECKING:
    from docendo.backend import Backend
    from docendo.config.load import Config
    from docendo.engines.local.timed_round import Timed
    from docendo.engines.profiling.roofline import Ceiling, WorkloadBatch, WorkloadModel

__all__ = ["Bench", "Ceilings", "Machine", "PopulationBench", "Speed", "bench"]

_AGENTS = tuple(AgentId(f"agent-{i}") for i in range(16))
_COUNTS = (1, 2, 4, 8, 16)

_QUICK_HELP = "Shorter prompts and answers, fewer repeats: a rough look."


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured."""

    threads: int
    device: str
    dtype: str


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The fastest arithmetic and memory traffic that were measured."""

    matrix_gflops: float
    memory_gbs: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Sampling or training of one agent."""

    rows: int
    seconds: float
    """Of the best repeat, as the ceilings are; the other numbers follow from it."""
    median_seconds: float
    tokens_per_second: float
    """Sampled; or trained on, a prompt once for all its answers."""
    roofline_tokens_per_second: float
    share: float
    """Share of the roofline."""
    matrix_share: float
    """Share of the matrix ceiling alone."""


@dataclass(frozen=True, slots=True)
class PopulationBench:
    """One round of some agents that share the rows."""

    sampling_seconds: float
    training_seconds: float
    ratio: float
    """Seconds of both together, divided by those of one agent."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that was measured."""

    model: str
    machine: Machine
    ceilings: Ceilings
    limit: str
    """What limits a step in the middle of an answer: arithmetic or memory."""
    sampling: Speed
    training: Speed
    agents: Mapping[str, PopulationBench]
    peak_memory_bytes: int
    """After one agent's sampling and training; 0 if unknown."""


def bench(
    config_file: ConfigFile = None,
    settings: Settings = None,
    quick: Annotated[bool, typer.Option("--quick", help=_QUICK_HELP)] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how near the engine comes to the limit of this machine.

    The roofline is the least time that the arithmetic and the memory traffic can take here.
    Also measures what more agents cost at the same rows and tokens. Uses as many threads as
    PyTorch does. Takes some minutes, with --quick about one.
    """
    from docendo.config.load import load_config

    config = load_config(config_file, tuple(settings or ()))
    from docendo.build.backend import resolve_config

    resolved = resolve_config(config)
    engine = resolved.engine
    notice(f"measuring {resolved.model} in {engine.dtype} on {engine.device} ...")
    result = _measure(resolved, quick)
    if as_json:
        show_json(asdict(result))
    else:
        _show(result)


def _measure(config: "Config", quick: bool) -> Bench:
    """`config` is resolved."""
    import torch

    from docendo.build.backend import open_backend
    from docendo.cli.speeds import peak_memory
    from docendo.config import AgentConfig
    from docendo.engines.profiling.roofline import (
        WorkloadBatch,
        sampling_seconds,
        step_bound,
        training_seconds,
    )

    threads = torch.get_num_threads()
    machine = Machine(threads, config.engine.device, config.engine.dtype)
    # 150 and 48 are about the tokens of a lesson's prompt and of an answer in a run
    repeats, prompt, answer = (2, 32, 8) if quick else (3, 150, 48)
    batch = WorkloadBatch(prompts=8, group=8, prompt=prompt, answer=answer)
    # agents of the configuration may have domains, which a benchmark has no use for
    one_agent = config.model_copy(update={"agents": {_AGENTS[0]: AgentConfig()}})
    backend = open_backend(one_agent)
    ((sampled, trained),) = _time_populations(backend, batch, (1,), repeats)

    # before the ceilings are measured, which take memory of their own
    memory = peak_memory(machine.device)

    torch.set_num_threads(threads)
    agents, ceiling = _measure_agents_and_ceiling(
        backend, WorkloadBatch(16, 4, prompt, answer), repeats, config.seed
    )
    model = _describe_model(backend)
    return Bench(
        model=config.model,
        machine=machine,
        ceilings=Ceilings(ceiling.flops / 1e9, ceiling.bytes / 1e9),
        limit=step_bound(model, batch, batch.answer // 2, ceiling).limit,
        sampling=_summarize(
            sampled,
            rows=batch.rows,
            tokens=batch.rows * batch.answer,
            roofline_seconds=sampling_seconds(model, batch, ceiling),
            ceiling=ceiling,
        ),
        training=_summarize(
            trained,
            rows=batch.rows,
            tokens=trained[0].tokens,
            roofline_seconds=training_seconds(model, batch, ceiling),
            ceiling=ceiling,
        ),
        agents=agents,
        peak_memory_bytes=memory,
    )


def _measure_agents_and_ceiling(
    backend: "Backend", batch: "WorkloadBatch", repeats: int, seed: int
) -> tuple[dict[str, PopulationBench], "Ceiling"]:
    """The ceilings are measured twice, as another program may be busy at one of the times."""
    import torch

    from docendo.engines.profiling.peak import measure_ceiling
    from docendo.engines.profiling.roofline import Ceiling

    threads = torch.get_num_threads()
    model = backend.describe()
    place = getattr(torch, model.dtype), torch.device(model.device)
    early = measure_ceiling(*place)
    agents = _compare_populations(backend, batch, repeats, seed)
    torch.set_num_threads(threads)
    late = measure_ceiling(*place)
    ceiling = Ceiling(max(early.flops, late.flops), max(early.bytes, late.bytes))
    return agents, ceiling


def _time_populations(
    backend: "Backend", batch: "WorkloadBatch", counts: Sequence[int], repeats: int
) -> list[tuple[list["Timed"], list["Timed"]]]:
    """Sampling and training times of populations of each size.

    The sizes take turns within a repeat, so that a slow spell hits all of them; the first
    repeat does not count.
    """
    from docendo.engines.local.timed_round import timed_round

    times: list[tuple[list[Timed], list[Timed]]] = [([], []) for _ in counts]
    for repeat in range(repeats + 1):
        for (sampling, training), count in zip(times, counts, strict=True):
            sampled, trained = timed_round(backend, batch, _AGENTS[:count], repeat)
            if repeat:
                sampling.append(sampled)
                training.append(trained)
    return times


def _compare_populations(
    backend: "Backend", batch: "WorkloadBatch", repeats: int, seed: int
) -> dict[str, PopulationBench]:
    for agent in _AGENTS[1:]:
        backend.add(agent, seed)

    results: dict[str, PopulationBench] = {}
    alone = 0.0
    times = _time_populations(backend, batch, _COUNTS, repeats)
    for count, (sampled, trained) in zip(_COUNTS, times, strict=True):
        sampling = min(timed.seconds for timed in sampled)
        training = min(timed.seconds for timed in trained)
        # the first count is one agent
        alone = alone or sampling + training
        ratio = (sampling + training) / alone
        results[str(count)] = PopulationBench(sampling, training, ratio)
    return results


def _describe_model(backend: "Backend") -> "WorkloadModel":
    import torch

    from docendo.engines.profiling.roofline import WorkloadModel

    model = backend.describe()
    itemsize = getattr(torch, model.dtype).itemsize
    return WorkloadModel(model.shape, model.kv_cache_bytes, itemsize)


def _summarize(
    times: Sequence["Timed"],
    *,
    rows: int,
    tokens: int,
    roofline_seconds: float,
    ceiling: "Ceiling",
) -> Speed:
    seconds = min(timed.seconds for timed in times)
    return Speed(
        rows=rows,
        seconds=seconds,
        median_seconds=median(timed.seconds for timed in times),
        tokens_per_second=tokens / seconds,
        roofline_tokens_per_second=tokens / roofline_seconds,
        share=roofline_seconds / seconds,
        matrix_share=times[0].flops / ceiling.flops / seconds,
    )


def _show(result: Bench) -> None:
    from docendo.formatting import compact, percent

    speeds = table(
        ["one agent"],
        ["rows", "seconds", "median", "tokens/s", "roofline", "share", "of matrix ceiling"],
    )
    for name, speed in (("sampling", result.sampling), ("training", result.training)):
        speeds.add_row(
            name,
            str(speed.rows),
            f"{speed.seconds:.3f}",
            f"{speed.median_seconds:.3f}",
            compact(speed.tokens_per_second),
            compact(speed.roofline_tokens_per_second),
            percent(speed.share),
            percent(speed.matrix_share),
        )

    agents = table(["agents"], ["sampling s", "training s", "times one agent"])
    for count, population in result.agents.items():
        agents.add_row(
            count,
            f"{population.sampling_seconds:.3f}",
            f"{population.training_seconds:.3f}",
            f"{population.ratio:.2f}",
        )

    flops = compact(1e9 * result.ceilings.matrix_gflops, "FLOP")
    bandwidth = f"{result.ceilings.memory_gbs:.1f} GB/s"
    threads = result.machine.threads
    cores = "1 thread" if threads == 1 else f"{threads} threads"
    show(
        title(f"At most {flops}/s in matrix products, {bandwidth} from memory, {cores}"),
        speeds,
        f"\na step of {result.sampling.rows} rows is limited by {result.limit}; "
        f"peak memory with one agent {result.peak_memory_bytes / 2**30:.1f} GiB\n",
        title("The same rows and tokens, shared by more agents"),
        agents,
    )
