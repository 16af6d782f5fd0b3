"""What passes over a model cost, for the ledger."""

from collections import Counter
from collections.abc import Callable, Sequence

from docendo.engines.local.decode_request import DecodeRequest, DecodeResult, PromptKey
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.profiling.flops import ModelShape, causal_positions
from docendo.records import AgentId, Completion, Usage

__all__ = ["usage_of_rows", "usage_of_sampling"]


def usage_of_sampling(
    shape: ModelShape,
    requests: Sequence[DecodeRequest],
    results: Sequence[DecodeResult | Completion],
) -> list[Usage]:
    """The usage of each agent and purpose. A prompt is read once for all its requests."""
    tokens: Counter[tuple[AgentId, str]] = Counter()
    flops: Counter[tuple[AgentId, str]] = Counter()
    read_prompts: set[PromptKey] = set()
    for request, result in zip(requests, results, strict=True):
        account = (request.request.agent, request.request.purpose)
        prompt = len(request.prompt)
        answer = len(result.tokens)
        if request.key not in read_prompts:
            read_prompts.add(request.key)
            tokens[account] += prompt
            flops[account] += int(shape.forward_flops(prompt, causal_positions(prompt), 1))

        tokens[account] += answer
        if answer:
            # the last token is not read, and the prompt's pass predicts the first one
            steps = answer - 1
            context = steps * prompt + causal_positions(steps)
            flops[account] += int(shape.forward_flops(steps, context, steps))
    return [Usage(*account, tokens[account], float(flops[account])) for account in tokens]


def usage_of_rows(
    flops_of_pass: Callable[[int, int, int], float], rows: Sequence[TrainRow], purpose: str
) -> list[Usage]:
    """The usage of each row.

    `flops_of_pass` is a method of `ModelShape`: of (tokens, context, predicted tokens).
    """
    usage = []
    for row in rows:
        prompt = len(row.prompt)
        context = causal_positions(prompt)
        for target in row.targets:
            context += len(target.tokens) * prompt + causal_positions(len(target.tokens))
        flops = flops_of_pass(row.length, context, row.predicted)
        usage.append(Usage(row.targets[0].agent, purpose, row.length, flops))
    return usage
