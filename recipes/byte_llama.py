"""Trains a small Llama that reads bytes, from nothing: what the recipes of the laboratory bases share.

A recipe writes documents: pieces of text, each with whether it is an answer. Only answers are learned.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Collection
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<end>"
TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + '\n' }}"
    "{% elif m.role == 'user' %}{{ 'Q: ' + m.content + '\n' }}"
    "{% else %}{{ m.content + '<end>' }}{% endif %}{% endfor %}"
)
ROWS, LENGTH, RATE, WARM = 32, 256, 2e-3, 100
SIZES = {"hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4}
HEADS = {"num_attention_heads": 6, "num_key_value_heads": 2}
Document = list[tuple[str, bool]]
"""(text, whether it is an answer)."""
Write = Callable[[Random], Document]


def invented(rng: Random, taken: Collection[str]) -> str:
    """A name that is not taken."""
    while True:
        name = (
            rng.choice("bdfgjklmnprstvz")
            + rng.choice("aeiou")
            + rng.choice("bdfgklmnprstvz")
        )
        if name not in taken:
            return name


class Stream:
    """Documents as rows of token ids, with a mask of the answers."""

    def __init__(self, write: Write, seed: int) -> None:
        self.write, self.rng = write, Random(seed)
        self.ids, self.answers = list[int](), list[bool]()

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and a mask of answers, both (ROWS, LENGTH + 1)."""
        wanted = ROWS * (LENGTH + 1)
        while len(self.ids) < wanted:
            for text, answer in self.write(self.rng):
                ids = encoded(text)
                self.ids += ids
                self.answers += [answer] * len(ids)
        rows = torch.tensor(self.ids[:wanted]), torch.tensor(self.answers[:wanted])
        self.ids, self.answers = self.ids[wanted:], self.answers[wanted:]
        return rows[0].view(ROWS, -1), rows[1].view(ROWS, -1)


LETTERS: dict[str, int] = {}


def encoded(text: str) -> list[int]:
    """Bytes, and 0 where an answer ends."""
    body, end, _ = text.partition(END)
    return [LETTERS[c] for c in body] + [0] * bool(end)


def tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte, and one that ends an answer."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(
        models.BPE(vocab={END: 0} | {c: i + 1 for i, c in enumerate(letters)}, merges=[])
    )
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=END, clean_up_tokenization_spaces=False
    )
    made.chat_template = TEMPLATE
    LETTERS.update({chr(i): made(chr(i))["input_ids"][0] for i in range(10, 127)})
    return made


def main(about: str | None, write: Write, folder: str, steps: int) -> None:
    """Trains and saves a base, as the command line says."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, nargs="?", default=Path(folder))
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    words = tokenizer()
    torch.manual_seed(given.seed)
    torch.use_deterministic_algorithms(True)
    config = LlamaConfig(
        vocab_size=257,
        **SIZES,
        **HEADS,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=0,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    print(f"{sum(p.numel() for p in model.parameters()):,} weights")
    curve = train(model, Stream(write, given.seed), given.steps)
    given.out.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(given.out)
    words.save_pretrained(given.out)
    (given.out / "curve.json").write_text(json.dumps(curve))


def train(model: LlamaForCausalLM, stream: Stream, steps: int) -> list[tuple[int, float]]:
    """AdamW with a cosine; (step, mean loss of an answer's byte) of every 50 steps."""
    curve, recent, start = list[tuple[int, float]](), list[float](), time.monotonic()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05
    )
    for step in range(steps):
        rate = (
            RATE
            * min(1, (step + 1) / WARM)
            * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        ids, answers = stream.batch()
        targets = torch.where(answers[:, 1:], ids[:, 1:], -100)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=ids[:, :-1], use_cache=False).logits
        loss = cross_entropy(
            logits.float().flatten(0, 1), targets.flatten(), ignore_index=-100
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(float(loss.detach()))
        if len(recent) == 50:
            curve.append((step + 1, round(sum(recent) / 50, 4)))
            print(
                f"{step + 1} {curve[-1][1]:.4f} {time.monotonic() - start:.0f} s",
                flush=True,
            )
            recent.clear()
    return curve
