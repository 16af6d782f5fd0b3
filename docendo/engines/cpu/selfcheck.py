"""Whether compiled functions do what PyTorch's operations do, and whether they are faster where they are to run.

Axes: Q prompts, T tokens of all prompts, B rows, d hidden size.
"""

import time
from collections.abc import Sequence
from ctypes import CDLL

import torch
from torch import Tensor

from docendo.engines.cpu.decode import CpuStack, drawn
from docendo.engines.cpu.products import prepack
from docendo.engines.local.sampling import pick
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank, adapt
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import Heads
from docendo.engines.model.kv_cache import Decode, Prefill, Store
from docendo.engines.model.llama import LlamaStack
from docendo.records import AgentId

__all__ = ["Probe", "draw_alike", "pays"]

_TOLERANCE = 0.02
"""Of the norm of the states; bfloat16 alone makes about one percent."""
_ROUNDS, _STEPS = 10, 3
_LENGTHS, _GROUP = (70, 96, 33, 1), 8
"""Of the prompts, and the rows of each."""


class Probe:
    """Rows that share prompts; equal numbers of rows for each prompt."""

    def __init__(
        self, layers: int, heads: Heads, like: Tensor, slots_Q: Sequence[int]
    ) -> None:
        """The model's number of layers and heads, its device and number format, and an agent for each prompt."""
        self.layers, self.heads, self.like, self.slots_Q = layers, heads, like, slots_Q
        self.place_B = [q for q in range(len(_LENGTHS)) for _ in range(_GROUP)]
        self.routing = Routing.of([slots_Q[q] for q in self.place_B], like.device)

    def read(self, body: LlamaStack | CpuStack) -> Decode:
        """A step's plan, after the prompts were read."""
        device, rows = self.like.device, len(self.place_B)
        store = Store.allocate(
            self.layers, self.heads, (len(_LENGTHS), 96), (rows, 32), self.like
        )
        stops = [sum(_LENGTHS[: q + 1]) for q in range(len(_LENGTHS))]
        prefill = Prefill.of(
            store,
            self.heads,
            list(zip([0, *stops], stops, strict=False)),
            range(len(_LENGTHS)),
        )
        slots_T = [
            slot
            for slot, length in zip(self.slots_Q, _LENGTHS, strict=True)
            for _ in range(length)
        ]
        positions_T = torch.tensor(
            [t for length in _LENGTHS for t in range(length)], device=device
        )
        body.infer(
            torch.arange(stops[-1], device=device) % 99,
            positions_T,
            Routing.of(slots_T, device),
            prefill,
        )
        return Decode(store, self.heads, self.place_B, _LENGTHS)

    def step(self, body: LlamaStack | CpuStack, plan: Decode, column: int) -> Tensor:
        """Hidden states behind the last layer, (B, d), of another token for every row."""
        plan.show(torch.full_like(plan.column_B, column))
        ids_B = torch.arange(len(self.place_B), device=self.like.device) + column
        return body.infer(ids_B, plan.length_B + column, self.routing, plan)

    @torch.inference_mode()
    def agree(self, one: LlamaStack | CpuStack, other: LlamaStack | CpuStack) -> bool:
        """Whether both make the same states of a few tokens, within what the number format loses."""
        plans = self.read(one), self.read(other)
        for column in range(_STEPS):
            wanted_Bd, got_Bd = (
                self.step(one, plans[0], column).float(),
                self.step(other, plans[1], column).float(),
            )
            if not bool((wanted_Bd - got_Bd).norm() < _TOLERANCE * wanted_Bd.norm()):
                return False
        return True


@torch.inference_mode()
def pays(library: CDLL, dtype: torch.dtype) -> bool:
    """Both ways take turns with one layer and the threads of one lane; the best time of each counts."""
    heads, like = Heads(9, 3, 64, 0.125), torch.zeros(0, dtype=dtype)
    fused, threads = _layer(heads, dtype), torch.get_num_threads()
    torch.set_num_threads(Workers.for_device(like.device).threads)
    libraries = None, library if torch.get_num_threads() == 1 else None
    packed = [[prepack(p.weight_od, x) for p in fused.projections] for x in libraries]
    bodies: tuple[LlamaStack, CpuStack] = fused, CpuStack(fused, library)
    probe, best = Probe(1, heads, like, (1, 2, 3, 4)), [float("inf")] * 2
    plan = probe.read(fused)
    for _ in range(_ROUNDS):
        for i in range(2):
            for projection, matrix in zip(fused.projections, packed[i], strict=True):
                projection.packed = matrix
            start = time.perf_counter()
            probe.step(bodies[i], plan, _STEPS)
            best[i] = min(best[i], time.perf_counter() - start)
    torch.set_num_threads(threads)
    return best[1] < best[0] and probe.agree(*bodies)


def draw_alike(library: CDLL, like_Vd: Tensor) -> bool:
    """Whether tokens are drawn as by PyTorch's operations; where two tokens meet, either may be."""
    logits_BV = (
        torch.linspace(0, 1000, 4 * len(like_Vd))
        .sin_()
        .mul_(5)
        .view(4, -1)
        .to(like_Vd.dtype)
    )
    given = (
        logits_BV,
        torch.tensor([1, 0.7, 0, 1]),
        torch.tensor([0.1, 0.5, 0.9, 0.999], dtype=torch.double),
    )
    (tokens_B, logprobs_B), (others_B, told_B) = pick(*given), drawn(library, *given)
    near = bool(((tokens_B - others_B).abs() <= 1).all())
    return near and torch.allclose(
        logprobs_B[tokens_B == others_B], told_B[tokens_B == others_B], atol=1e-3
    )


def _layer(heads: Heads, dtype: torch.dtype) -> LlamaStack:
    """One layer of the embedded model's size, with four adapters, all at random."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=128,
        hidden_size=heads.query * heads.size,
        intermediate_size=1536,
        num_hidden_layers=1,
        num_attention_heads=heads.query,
        num_key_value_heads=heads.key,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(config).requires_grad_(False).to(dtype)
        bank = AdapterBank(8, 16.0, torch.device("cpu"), dtype)
        adapt(model, bank)
        for i in range(4):
            bank.add(AgentId(str(i)), 0)
        bank.weights_SP[1:].normal_(0, 0.05)
    fused = LlamaStack.of(model.base_model, heads)
    assert fused is not None, "a Llama has the form of a Llama"  # noqa: S101
    for projection in fused.projections:
        projection.packed = prepack(projection.weight_od)
    bank.projections = fused.projections
    bank.changed()
    return fused
