"""Sampling: docendo against transformers and PEFT, 64 rows of 150-token prompts and 48 new tokens.

    pip install -r requirements/peers.txt
    python benchmarks/versus_peft.py
    python benchmarks/versus_peft.py --prompts 2 --completions 2 --tokens 4 --repeats 1

Three ways of theirs: (bare) `generate` on the base; (mixed) PEFT with an adapter name for each row; (one by one) PEFT
with `set_adapter` and `generate` for each agent. docendo samples all rows at once: on the base for (bare), with as many
agents as prompts for the others. Each of theirs runs once in float32 and once in bfloat16 as a warm-up, and the faster
of the two is measured. Theirs has its adapters in the format of the model, which is faster than PEFT's float32.
No token ends an answer: theirs through `min_new_tokens`.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from shapes import (
    ALPHA,
    RANK,
    add_sizes,
    agents_of,
    engine_with,
    model_folder,
    prompts_of,
    report,
    requests_of,
    seconds_of,
    take_turns,
)
from transformers import AutoModelForCausalLM, GenerationConfig

from docendo.engines.local.engine import LocalEngine
from docendo.records import BASE, AgentId, Message

_WAYS = {
    "bare": "transformers",
    "mixed": "PEFT, mixed batch",
    "one by one": "PEFT, one adapter after the other",
}


class Peer(NamedTuple):
    """Their models in one number format, and what they are asked."""

    bare: Any
    adapted: PeftModel
    ids_BT: torch.Tensor
    names: list[str]
    """The adapter of each row; rows of one adapter are adjacent."""
    config: GenerationConfig

    def generate(self, model: Any, rows: slice, **more: Any) -> None:
        ids = self.ids_BT[rows]
        found = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            generation_config=self.config,
            **more,
        )
        wanted = ids.shape[1] + self.config.max_new_tokens
        if found.shape != (len(ids), wanted):
            raise ValueError(
                f"answers of shape {tuple(found.shape)}, {(len(ids), wanted)} is wanted"
            )

    def run(self, way: str) -> None:
        everything = slice(None)
        if way == "bare":
            self.generate(self.bare, everything)
        elif way == "mixed":
            self.generate(self.adapted, everything, adapter_names=self.names)
        else:
            for name in dict.fromkeys(self.names):
                self.adapted.set_adapter(name)
                start = self.names.index(name)
                self.generate(self.adapted, slice(start, start + self.names.count(name)))


def peer_of(
    engine: LocalEngine,
    prompts: list[tuple[Message, ...]],
    options: Namespace,
    dtype: torch.dtype,
) -> Peer:
    """Their side, with the same token ids and as many adapters of the same rank."""
    bare, base = (
        AutoModelForCausalLM.from_pretrained(model_folder(), dtype=dtype).eval()
        for _ in range(2)
    )
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear")
    owners = agents_of(options.prompts, options.prompts)
    adapted = get_peft_model(
        base, lora, adapter_name=owners[0], autocast_adapter_dtype=False
    )
    for name in owners[1:]:
        adapted.add_adapter(name, lora, autocast_adapter_dtype=False)
    rows = [engine.tokens.prompt(p) for p in prompts for _ in range(options.completions)]
    config = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        min_new_tokens=options.tokens,
        max_new_tokens=options.tokens,
        eos_token_id=engine.tokens.tokenizer.eos_token_id,
        pad_token_id=engine.tokens.tokenizer.eos_token_id,
    )
    names = [str(o) for o in owners for _ in range(options.completions)]
    return Peer(bare, adapted.eval(), torch.tensor(rows), names, config)


def faster_of(peers: dict[str, Peer], way: str) -> str:
    """The number format in which theirs is faster, by one run each."""
    seconds = {dtype: seconds_of(partial(peer.run, way)) for dtype, peer in peers.items()}
    found = min(seconds, key=seconds.__getitem__)
    print(
        f"{_WAYS[way]}: {', '.join(f'{s:.1f} s in {d}' for d, s in seconds.items())}; measured in {found}",
        flush=True,
    )
    return found


def calls_of(
    options: Namespace,
) -> tuple[dict[str, Callable[[], None]], dict[str, str], str]:
    """What takes turns; the format of each of theirs; the format of ours."""
    engine, number = engine_with(options.prompts), count()
    prompts = prompts_of(engine.tokens, options.prompts, options.length)
    rows = options.prompts * options.completions

    def ours(owners: list[AgentId]) -> None:
        requests = requests_of(
            owners, prompts, options.completions, options.tokens, next(number) * rows
        )
        lengths = {len(c.tokens) for c in engine.sample(requests)}
        if lengths != {options.tokens}:
            raise ValueError(
                f"completions of {sorted(lengths)} tokens, {options.tokens} are wanted"
            )

    peers = {
        d: peer_of(engine, prompts, options, getattr(torch, d))
        for d in ("float32", "bfloat16")
    }
    dtypes = {way: faster_of(peers, way) for way in _WAYS}
    calls: dict[str, Callable[[], None]] = {
        way: partial(peers[dtypes[way]].run, way) for way in _WAYS
    }
    calls["ours, base"] = partial(ours, [BASE] * options.prompts)
    calls["ours, agents"] = partial(ours, agents_of(options.prompts, options.prompts))
    return calls, dtypes, str(engine.bank.dtype).removeprefix("torch.")


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    add_sizes(parser)
    options = parser.parse_args()
    calls, dtypes, format_ = calls_of(options)
    tokens = options.prompts * options.completions * options.tokens
    speed = {name: tokens / s for name, s in take_turns(calls, options.repeats).items()}
    against = {way: "ours, base" if way == "bare" else "ours, agents" for way in _WAYS}
    found: dict[str, float | str] = {}
    for way, ours in against.items():
        ratio, key = speed[ours] / speed[way], way.replace(" ", "_")
        print(
            f"{_WAYS[way]} ({dtypes[way]}): {speed[way]:.1f} tokens/s; docendo ({format_}): {speed[ours]:.1f}; "
            f"docendo is {ratio:.2f} times as fast"
        )
        found |= {
            f"ratio_{key}": ratio,
            f"ours_{key}": speed[ours],
            f"theirs_{key}": speed[way],
        }
        found[f"theirs_dtype_{key}"] = dtypes[way]
    headline = {key: found.pop(f"{key}_bare") for key in ("ratio", "ours", "theirs")}
    report(
        options,
        **headline,
        unit="sampled tokens per second, bare base",
        ours_dtype=format_,
        **found,
    )


if __name__ == "__main__":
    main()
