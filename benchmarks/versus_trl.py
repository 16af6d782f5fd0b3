"""One optimizer step of GRPO: docendo against TRL's GRPOTrainer, sampling, training and optimizer together.

    pip install -r requirements/peers.txt
    python benchmarks/versus_trl.py                  # 1 agent, 8 prompts x 8 completions
    python benchmarks/versus_trl.py --population     # 8 agents, 1 prompt x 8 completions each
    python benchmarks/versus_trl.py --memory         # peak of our 8 agents, and of TRL's 1
    python benchmarks/versus_trl.py --prompts 2 --completions 2 --tokens 4 --repeats 1 --micro-batch 2 --dtype bfloat16

The same on both sides: the embedded model, LoRA of rank 8 on all linear layers but the head, prompts of the same 150
token ids, completions of exactly 48 tokens (TRL: `min_new_tokens`), the same reward, no reference model, Adam at the
same rate, one generation for one optimizer step. TRL's number formats: float32; mixed, which is TRL's own default
(float32 weights, bfloat16 autocast); bfloat16 (bfloat16 weights and autocast, float32 adapters). Each makes one step on
one prompt after a warm-up, and the fastest is measured. Gradient checkpointing, on by default in TRL, is off because
it is slower; micro-batches of 4 are the fastest on a CPU. With --population TRL trains one and the same adapter for as
many steps as there are agents, so no set-up, loading or switching of adapters counts against it. --memory adds a run
of TRL with checkpointing. What differs: TRL reads a prompt once per completion, and on a CPU it computes the output
head for prompt tokens too.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from math import gcd
from statistics import median
from typing import Any, NamedTuple

from shapes import (
    ALPHA,
    RANK,
    RATE,
    add_sizes,
    agents_of,
    engine_with,
    model_folder,
    peak_mib,
    plain_texts,
    prompts_of,
    report,
    requests_of,
    reward,
    seconds_of,
    train_step,
)

_FORMATS = ("float32", "mixed", "bfloat16")


class Shape(NamedTuple):
    """What one optimizer step of TRL works on."""

    prompts: int
    completions: int
    tokens: int
    micro_batch: int
    checkpointing: bool
    format: str


def options_of() -> Namespace:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    add_sizes(parser)
    parser.add_argument(
        "--population", action="store_true", help="one agent for each prompt"
    )
    parser.add_argument("--memory", action="store_true", help="peak memory instead of time")
    parser.add_argument(
        "--dtype",
        nargs="+",
        choices=_FORMATS,
        default=list(_FORMATS),
        help="of TRL (default all)",
    )
    parser.add_argument(
        "--micro-batch", type=int, default=4, help="of TRL, in rows (default %(default)s)"
    )
    parser.add_argument(
        "--checkpointing",
        action="store_true",
        help="TRL recomputes activations: slower, smaller",
    )
    parser.add_argument(
        "--side",
        choices=("ours", "theirs"),
        help="(internal) run one side and print its peak",
    )
    return parser.parse_args()


def our_step(options: Namespace, agents: int) -> tuple[Callable[[], None], list[str], str]:
    """A step of docendo, the prompts as text, and docendo's number format."""
    engine, steps = engine_with(agents), 0
    prompts = prompts_of(engine.tokens, options.prompts, options.length)
    owners = agents_of(agents, options.prompts)

    def step() -> None:
        nonlocal steps
        first = steps * options.prompts * options.completions
        train_step(
            engine,
            requests_of(owners, prompts, options.completions, options.tokens, first),
            options.completions,
        )
        steps += 1

    return (
        step,
        plain_texts(engine.tokens, prompts),
        str(engine.bank.dtype).removeprefix("torch."),
    )


def their_config(shape: Shape, folder: str, steps: int) -> Any:
    """TRL's settings: its defaults but for what the docstring of this file names, and no logs and files."""
    from trl import GRPOConfig

    rows = shape.prompts * shape.completions
    micro = gcd(shape.micro_batch, rows)
    return GRPOConfig(
        folder,
        use_cpu=True,
        report_to="none",
        logging_strategy="no",
        save_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        bf16=shape.format != "float32",
        gradient_checkpointing=shape.checkpointing,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=rows // micro,
        num_generations=shape.completions,
        max_completion_length=shape.tokens,
        generation_kwargs={"min_new_tokens": shape.tokens},
        max_steps=steps,
        learning_rate=RATE,
        lr_scheduler_type="constant",
        shuffle_dataset=False,
    )


def their_trainer(shape: Shape, texts: list[str], folder: str, steps: int) -> Any:
    """A GRPOTrainer that makes `steps` optimizer steps, `shape.prompts` of `texts` in each, in turn."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
    from trl import GRPOTrainer

    def rewards(
        completions: list[str], completion_ids: list[list[int]], **_: Any
    ) -> list[float]:
        lengths = {len(ids) for ids in completion_ids}
        if lengths != {shape.tokens}:
            raise ValueError(
                f"TRL's completions have {sorted(lengths)} tokens, {shape.tokens} are wanted"
            )
        return [reward(c) for c in completions]

    dtype = torch.bfloat16 if shape.format == "bfloat16" else torch.float32
    trainer = GRPOTrainer(
        AutoModelForCausalLM.from_pretrained(model_folder(), dtype=dtype),
        rewards,
        their_config(shape, folder, steps),
        Dataset.from_dict({"prompt": texts}),
        processing_class=AutoTokenizer.from_pretrained(model_folder(), padding_side="left"),
        peft_config=LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear"),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def their_seconds(
    shape: Shape, texts: list[str], steps: int, after: Callable[[int], None]
) -> list[float]:
    """Seconds of each optimizer step of TRL, generation included; `after` is called between them, on nobody's time."""
    from transformers import TrainerCallback

    found: list[float] = []

    class Clock(TrainerCallback):
        start = 0.0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.start = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            found.append(time.perf_counter() - self.start)
            after(len(found))

    with tempfile.TemporaryDirectory() as folder:
        trainer = their_trainer(shape, texts, folder, steps)
        trainer.add_callback(Clock())
        trainer.train()
    return found


def shape_of(options: Namespace, format_: str, prompts: int) -> Shape:
    return Shape(
        prompts,
        options.completions,
        options.tokens,
        options.micro_batch,
        options.checkpointing,
        format_,
    )


def fastest(options: Namespace, texts: list[str]) -> str:
    """The number format in which TRL is fastest: one step on one prompt in each, after one to warm up."""
    if len(options.dtype) == 1:
        return str(options.dtype[0])
    seconds = {
        f: their_seconds(shape_of(options, f, 1), texts, 2, lambda _: None)[1]
        for f in options.dtype
    }
    found = min(seconds, key=seconds.__getitem__)
    print(
        f"TRL, a trial: {', '.join(f'{s:.1f} s in {f}' for f, s in seconds.items())}; measured in {found}",
        flush=True,
    )
    return found


def compare_time(options: Namespace) -> None:
    """Prints samples per second of both sides, their steps and ours in turns."""
    agents = options.prompts if options.population else 1
    step, texts, our_format = our_step(options, agents)
    format_, ours = fastest(options, texts), list[float]()

    def our_turn(done: int) -> None:
        if done % agents == 0:
            ours.append(seconds_of(step))

    shape = shape_of(options, format_, options.prompts // agents)
    singles = their_seconds(shape, texts, agents * (options.repeats + 1), our_turn)
    theirs = [sum(singles[i : i + agents]) for i in range(0, len(singles), agents)]
    samples = options.prompts * options.completions
    fast, slow = (samples / median(times[1:]) for times in (ours, theirs))
    who = f"{agents} agents in one step" if options.population else "1 agent"
    against = f"{agents} steps, one agent each" if options.population else "1 step"
    print(
        f"TRL ({format_}, {against}): {slow:.3f} samples/s; docendo ({our_format}, {who}): {fast:.3f} samples/s; "
        f"docendo is {fast / slow:.2f} times as fast (medians of {options.repeats}, in turns)"
    )
    report(
        options,
        ratio=fast / slow,
        ours=fast,
        theirs=slow,
        unit="samples per second of an optimizer step",
        ours_dtype=our_format,
        theirs_dtype=format_,
        ours_seconds=[round(s, 2) for s in ours[1:]],
        theirs_seconds=[round(s, 2) for s in theirs[1:]],
    )


def run_side(options: Namespace) -> None:
    """Two steps of one side; its peak memory as JSON in the last line."""
    if options.side == "ours":
        step, _, format_ = our_step(options, options.prompts)
        seconds = [seconds_of(step) for _ in range(2)]
    else:
        from transformers import AutoTokenizer

        from docendo.engines.local.tokens import Tokens

        tokens = Tokens(AutoTokenizer.from_pretrained(model_folder()))
        texts = plain_texts(tokens, prompts_of(tokens, options.prompts, options.length))
        format_ = options.dtype[0]
        seconds = their_seconds(
            shape_of(options, format_, options.prompts), texts, 2, lambda _: None
        )
    print(json.dumps({"mib": peak_mib(), "seconds": seconds[1], "format": format_}))


def side_in_process(options: Namespace, side: str, *more: str) -> dict[str, Any]:
    """What `run_side` finds in a fresh process."""
    sizes = ("prompts", "completions", "tokens", "length")
    passed = [word for name in sizes for word in (f"--{name}", str(getattr(options, name)))]
    command = [
        sys.executable,
        __file__,
        "--side",
        side,
        *passed,
        "--micro-batch",
        str(options.micro_batch),
        *more,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the side {side} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{side} {' '.join(more)}: {found['mib']:.0f} MiB at most, {found['seconds']:.1f} s a step",
        flush=True,
    )
    return found


def compare_memory(options: Namespace) -> None:
    """Prints the peak memory of our population and of TRL's one agent, each in its own process."""
    ours = side_in_process(options, "ours")
    every = [side_in_process(options, "theirs", "--dtype", f) for f in options.dtype]
    theirs = min(every, key=lambda side: float(side["seconds"]))
    lean = side_in_process(
        options, "theirs", "--dtype", theirs["format"], "--checkpointing"
    )
    least = min(float(side["mib"]) for side in (*every, lean))
    ratio, hard = theirs["mib"] / ours["mib"], least / ours["mib"]
    print(
        f"TRL ({theirs['format']}, its fastest, 1 agent): {theirs['mib']:.0f} MiB; docendo ({ours['format']}, "
        f"{options.prompts} agents): {ours['mib']:.0f} MiB; TRL needs {ratio:.2f} times as much, and {hard:.2f} times "
        f"in the leanest of these runs"
    )
    report(
        options,
        ratio=ratio,
        ours=ours["mib"],
        theirs=theirs["mib"],
        unit="MiB of peak memory",
        ours_dtype=ours["format"],
        theirs_dtype=theirs["format"],
        ratio_leanest=hard,
        theirs_leanest=least,
        **{f"theirs_{side['format']}": side["mib"] for side in every},
    )


def main() -> None:
    os.environ.setdefault(
        "HF_HUB_DISABLE_TELEMETRY", "1"
    )  # read when transformers is imported, which is later
    options = options_of()
    if options.side:
        run_side(options)
    elif options.memory:
        compare_memory(options)
    else:
        compare_time(options)


if __name__ == "__main__":
    main()
