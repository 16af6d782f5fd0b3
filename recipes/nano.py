"""Trains the laboratory base `nano` from nothing: a Llama of 1.6 M weights that reads bytes and learns in context.

python recipes/nano.py [OUT] [--steps 1500] [--seed 0]

Its documents are questions with worked solutions. Procedures are spelled out, or have a name that is invented for the
document, so that only the examples before a question tell what the name means. No document has a word, an order of
steps or a unique step that `docendo.problems.procedures` teaches. Writes OUT/model.safetensors, the tokenizer, and
OUT/curve.json.
"""

import argparse
import json
import math
import time
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from docendo.problems.procedures import PROCEDURES, ProcedureSpec, draft_procedure
from docendo.prompts import INSTRUCTION

END = "<end>"
TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + '\n' }}"
    "{% elif m.role == 'user' %}{{ 'Q: ' + m.content + '\n' }}"
    "{% else %}{{ m.content + '<end>' }}{% endif %}{% endfor %}"
)
ROWS, LENGTH, RATE, WARM = 32, 256, 2e-3, 100
SIZES = {"hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4}
HEADS = {"num_attention_heads": 6, "num_key_value_heads": 2}
TAKEN = {
    word
    for spec in PROCEDURES.values()
    for word in (*spec.words, *spec.steps, *spec.unique_steps)
}
CHAINS = {steps for spec in PROCEDURES.values() for steps in spec.words.values()}


def document(rng: Random) -> list[tuple[str, bool]]:
    """(text, whether it is an answer): the instruction, then one to four questions with answers."""
    spec = rng.choice(list(PROCEDURES.values()))
    pieces = [((INSTRUCTION if rng.random() < 0.1 else "") + "\n", False)]
    named, count = rng.random() < 0.6, rng.choice((1, 2, 2, 3, 4))
    name, steps, level = invented(rng), chain(spec, rng), rng.randint(1, 4)
    for _ in range(max(count, 2) if named else count):
        if not named:
            steps = chain(spec, rng)
            name = " ".join(steps)
        prompt, _, solution, _ = draft_procedure(
            name, steps, spec, spec.make_text(rng, level)
        )
        pieces += [(f"Q: {prompt}\n", False), (solution + END, True)]
    return pieces


def chain(spec: ProcedureSpec, rng: Random) -> tuple[str, ...]:
    """One to three known steps, in an order that no word has."""
    while True:
        steps = tuple(rng.choice(list(spec.steps)) for _ in range(rng.choice((1, 2, 2, 3))))
        if steps not in CHAINS:
            return steps


def invented(rng: Random) -> str:
    """A name that no word and no step of any domain has."""
    while True:
        name = (
            rng.choice("bdfgjklmnprstvz")
            + rng.choice("aeiou")
            + rng.choice("bdfgklmnprstvz")
        )
        if name not in TAKEN:
            return name


class Stream:
    """Documents as rows of token ids, with a mask of the answers."""

    def __init__(self, seed: int) -> None:
        self.rng, self.ids, self.answers = Random(seed), list[int](), list[bool]()

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and a mask of answers, both (ROWS, LENGTH + 1)."""
        wanted = ROWS * (LENGTH + 1)
        while len(self.ids) < wanted:
            for text, answer in document(self.rng):
                ids = encoded(text)
                self.ids += ids
                self.answers += [answer] * len(ids)
        found = torch.tensor(self.ids[:wanted]), torch.tensor(self.answers[:wanted])
        self.ids, self.answers = self.ids[wanted:], self.answers[wanted:]
        return found[0].view(ROWS, -1), found[1].view(ROWS, -1)


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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, nargs="?", default=Path("docendo/nano"))
    parser.add_argument("--steps", type=int, default=1500)
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
    curve = train(model, given.steps, given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(given.out)
    words.save_pretrained(given.out)
    (given.out / "curve.json").write_text(json.dumps(curve))


def train(model: LlamaForCausalLM, steps: int, seed: int) -> list[tuple[int, float]]:
    """AdamW with a cosine; (step, mean loss of an answer's byte) of every 50 steps."""
    stream, curve, recent, start = (
        Stream(seed),
        list[tuple[int, float]](),
        list[float](),
        time.monotonic(),
    )
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


if __name__ == "__main__":
    main()
