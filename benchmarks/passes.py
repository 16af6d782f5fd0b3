"""docendo's own pass against transformers', on a random model of the Qwen 3 form with 127 million weights.

    taskset -c 0 python benchmarks/passes.py
    python benchmarks/passes.py --prompts 2 --completions 2 --tokens 4 --repeats 1 --layers 2

Both sides are docendo, with the same agents, adapters, attention and batches; only the pass through the layers differs.
transformers' is what docendo uses for models of other forms. A step is sampling and one optimizer step of every agent.
Seconds are the process's own on its processors, so that other programs count little; on one core no thread waits for
another. The first lines say how far the log-probabilities of the same answers are apart.
"""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from unittest.mock import patch

import torch
from shapes import (
    add_sizes,
    agents_of,
    engine_with,
    model_folder,
    prompts_of,
    report,
    requests_of,
    take_turns,
    train_step,
)
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from docendo.engines.local.engine import LocalEngine
from docendo.records import Request, Target


def write_model(folder: Path, layers: int) -> str:
    """A random model of the embedded one's size, with the embedded one's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=layers,
        num_attention_heads=9,
        num_key_value_heads=3,
        head_dim=64,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(config)
    print(f"{model.num_parameters():,} weights")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def largest_gap(engines: dict[str, LocalEngine], requests: list[Request]) -> float:
    """Between the log-probabilities that both give the answers of the first."""
    first, second = engines.values()
    answers = zip(requests, first.sample(requests), strict=True)
    targets = [Target(r.agent, c.prompt_tokens, c.tokens, 1.0) for r, c in answers]
    scores = zip(
        first.logprobs(targets, "test"), second.logprobs(targets, "test"), strict=True
    )
    return max(
        abs(a - b) for ours, theirs in scores for a, b in zip(ours, theirs, strict=True)
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    add_sizes(parser)
    parser.add_argument("--layers", type=int, default=28, help="default %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = write_model(Path(folder), options.layers)
        engines = {"docendo's": engine_with(options.prompts, model)}
        with patch("docendo.engines.local.build_network._llama_stack", return_value=None):
            engines["transformers'"] = engine_with(options.prompts, model)

    owners, number = agents_of(options.prompts, options.prompts), count()
    prompts = prompts_of(engines["docendo's"].tokens, options.prompts, options.length)
    rows = options.prompts * options.completions

    def ask() -> list[Request]:
        seed = next(number) * rows
        return requests_of(owners, prompts, options.completions, options.tokens, seed)

    print(f"log-probabilities differ by up to {largest_gap(engines, ask()):.2g}")
    calls: dict[str, Callable[[], object]] = {}
    for name, engine in engines.items():
        calls[f"sampling, {name}"] = partial(lambda e: e.sample(ask()), engine)
        calls[f"step, {name}"] = partial(
            lambda e: train_step(e, ask(), options.completions), engine
        )
    seconds = take_turns(calls, options.repeats, time.process_time)
    for name, found in seconds.items():
        print(f"{name}: {found:.2f} s")
    ratios = {
        what: seconds[f"{what}, transformers'"] / seconds[f"{what}, docendo's"]
        for what in ("sampling", "step")
    }
    for what, ratio in ratios.items():
        print(f"{what}: docendo's pass is {ratio:.2f} times as fast")
    report(
        options,
        ratio=ratios["step"],
        ratio_sampling=ratios["sampling"],
        ours=seconds["step, docendo's"],
        theirs=seconds["step, transformers'"],
        unit="processor seconds of a step",
        dtype=str(engines["docendo's"].bank.dtype).removeprefix("torch."),
    )


if __name__ == "__main__":
    main()
