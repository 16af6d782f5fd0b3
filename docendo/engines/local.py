"""The engine on this machine: one base, all adapters, one batch."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from docendo.engines.adapters import AdapterBank, adapt
from docendo.engines.base import BaseModel, load_base
from docendo.engines.flops import Shape
from docendo.engines.sampling import Row, Sampled, decode
from docendo.engines.text import Tokens
from docendo.engines.training import Adam, Loss, TrainRow, backward, micro_batches, pack
from docendo.errors import RunError, UseError
from docendo.records import BASE, AgentId, Completion, Example, Request, Target, Work

__all__ = ["LocalEngine", "open_engine"]


@dataclass
class LocalEngine:
    base: BaseModel
    bank: AdapterBank
    tokens: Tokens
    shape: Shape
    adam: Adam = field(default_factory=Adam)
    rows: int = 96
    """The most completions in flight at once."""
    cache_bytes: int = 2 * 2**30
    """Size of the key-value cache: where prompts are long, fewer completions are in flight."""
    prefill_tokens: int = 2048
    train_tokens: int = 1024
    """Tokens of one micro-batch, padding included; bounds the memory of a backward pass."""
    work: list[Work] = field(default_factory=list)

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        prompts = [self._prompt(r) for r in requests]
        rows = [Row(self.bank.slot(r.agent), p, r) for p, r in zip(prompts, requests, strict=True)]
        done: dict[int, Sampled] = {}
        for wave in self._waves(rows):
            here = [rows[i] for i in wave]
            results = decode(self.base, self.bank, here, self.tokens.end, self.prefill_tokens)
            self._book_sampling(here, results)
            done |= zip(wave, results, strict=True)
        return [self._completion(prompts[i], done[i]) for i in range(len(requests))]

    def target(self, example: Example) -> Target:
        """An example as token ids."""
        prompt = self.tokens.prompt(example.messages)
        return Target(example.agent, prompt, self.tokens.completion(example.text), example.weight)

    def train(
        self, targets: Sequence[Target], loss: Loss, rates: Mapping[AgentId, float], purpose: str
    ) -> dict[AgentId, float]:
        """One optimizer step for every agent that has targets; the norms of the agents' gradients."""
        present = {t.agent for t in targets if t.tokens}
        if BASE in present:
            raise UseError("the bare base is nobody's to train; give the targets to an agent with an adapter")
        slots = {agent: self.bank.slot(agent) for agent in present}
        for rows in micro_batches(pack(targets, slots, self.train_tokens), self.train_tokens):
            backward(self.base, self.bank, rows, loss, self.tokens.end)
            self._book_training(rows, purpose)
        return self.adam.step(self.bank, {a: r for a, r in rates.items() if a in present})

    def drain(self) -> list[Work]:
        """The compute spent since the last call."""
        work, self.work = self.work, []
        return work

    def _prompt(self, request: Request) -> tuple[int, ...]:
        prompt = self.tokens.prompt(request.messages)
        if not prompt or request.max_tokens < 1:
            raise UseError(
                f"a prompt of {len(prompt)} tokens and max_tokens={request.max_tokens}; both must be 1 or more"
            )
        wanted = len(prompt) + request.max_tokens
        if wanted > self.base.context:
            raise RunError(
                f"a prompt of {len(prompt)} tokens and an answer of {request.max_tokens} do not fit the model's "
                f"{self.base.context} tokens; shorten the problems, or lower tokens or examples"
            )
        return prompt

    def _waves(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Numbers of the rows that are decoded together, agents and then lengths in order; at least one at a time."""
        layers, heads, size = self.base.cache_shape
        column = 2 * layers * heads * size * self.bank.dtype.itemsize
        wave, width = list[int](), 0
        for i in sorted(range(len(rows)), key=lambda i: (rows[i].slot, len(rows[i].prompt), rows[i].prompt, i)):
            width = max(width, rows[i].width)
            if wave and (len(wave) == self.rows or (len(wave) + 1) * width * column > self.cache_bytes):
                yield wave
                wave, width = [], rows[i].width
            wave.append(i)
        if wave:
            yield wave

    def _completion(self, prompt: tuple[int, ...], sampled: Sampled) -> Completion:
        text = self.tokens.decode(sampled.tokens)
        return Completion(text, prompt, tuple(sampled.tokens), tuple(sampled.logprobs))

    def _book_sampling(self, rows: Sequence[Row], results: Sequence[Sampled]) -> None:
        tokens: Counter[tuple[AgentId, str]] = Counter()
        flops: Counter[tuple[AgentId, str]] = Counter()
        seen = set()
        for row, result in zip(rows, results, strict=True):
            key, n, p = (row.request.agent, row.request.purpose), len(result.tokens), len(row.prompt)
            if (row.slot, row.prompt) not in seen:
                seen.add((row.slot, row.prompt))
                tokens[key] += p
                flops[key] += int(self.shape.forward(p, p * (p + 1) // 2, 1))
            tokens[key] += n
            flops[key] += int(self.shape.forward(n - 1, (n - 1) * p + n * (n - 1) // 2, n - 1))
        self.work += [Work(*key, tokens[key], float(flops[key])) for key in tokens]

    def _book_training(self, rows: Sequence[TrainRow], purpose: str) -> None:
        for row in rows:
            p, sizes = len(row.prompt), [len(t.tokens) for t in row.targets]
            context = p * (p + 1) // 2 + sum(n * p + n * (n + 1) // 2 for n in sizes)
            flops = self.shape.training(row.length, context, sum(sizes))
            self.work.append(Work(row.targets[0].agent, purpose, row.length, flops))


def open_engine(model: str, rank: int, alpha: float, dtype: torch.dtype, device: torch.device) -> LocalEngine:
    """An engine on `model` with no agents but the bare base."""
    base = load_base(model, dtype, device)
    head = base.model.get_output_embeddings().weight.numel()  # type: ignore[operator]
    bank = AdapterBank(rank, alpha, device, dtype)
    adapt(base.model, bank)
    body = sum(m.base.weight.numel() for m in bank.layers.values())
    layers, _, size = base.cache_shape
    attention = layers * base.config.num_attention_heads * size
    shape = Shape(body, head, bank.size, attention)
    return LocalEngine(base, bank, Tokens(base.tokenizer), shape)
