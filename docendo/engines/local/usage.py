"""What passes over a model cost, for the ledger."""

from collections import Counter
from collections.abc import Callable, Sequence

from docendo.engines.local.backward import TrainRow
from docendo.engines.local.decoding import DecodeRequest, DecodeResult
from docendo.engines.profiling.flops import ModelShape
from docendo.records import AgentId, Usage

__all__ = ["usage_of_rows", "usage_of_sampling"]


def usage_of_sampling(
    shape: ModelShape, rows: Sequence[DecodeRequest], results: Sequence[DecodeResult]
) -> list[Usage]:
    """The work of each agent and purpose; a prompt is read once for all its rows."""
    tokens: Counter[tuple[AgentId, str]] = Counter()
    flops: Counter[tuple[AgentId, str]] = Counter()
    seen = set()
    for row, result in zip(rows, results, strict=True):
        key, n, p = (
            (row.request.agent, row.request.purpose),
            len(result.tokens),
            len(row.prompt),
        )
        if (row.slot, row.prompt) not in seen:
            seen.add((row.slot, row.prompt))
            tokens[key] += p
            flops[key] += int(shape.forward_flops(p, p * (p + 1) // 2, 1))
        tokens[key] += n
        if n:
            flops[key] += int(
                shape.forward_flops(n - 1, (n - 1) * p + n * (n - 1) // 2, n - 1)
            )
    return [Usage(*key, tokens[key], float(flops[key])) for key in tokens]


def usage_of_rows(
    cost: Callable[[int, int, int], float], rows: Sequence[TrainRow], purpose: str
) -> list[Usage]:
    """The work of each row; `cost` is of (tokens, context, predicted tokens), as `ModelShape` has it of a pass."""
    found = []
    for row in rows:
        p, sizes = len(row.prompt), [len(t.tokens) for t in row.targets]
        context = p * (p + 1) // 2 + sum(n * p + n * (n + 1) // 2 for n in sizes)
        found.append(
            Usage(
                row.targets[0].agent,
                purpose,
                row.length,
                cost(row.length, context, sum(sizes)),
            )
        )
    return found
