"""The tiny model, with three agents that differ, and the same model as transformers has it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from docendo.backend import BackendSettings, TrainStep
from docendo.engines.cpu.products import prepack
from docendo.engines.local.backward import backward
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.engine import LocalEngine, open_engine
from docendo.engines.local.model_names import TINY
from docendo.engines.local.train_rows import micro_batches, pack
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import TreeAttention
from docendo.learning.losses import Loss, LossInputs
from docendo.parts import as_part
from docendo.records import AgentId, Message, Request, Target

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")
AGENTS = (ANN, BOB, CAT)
CPU = torch.device("cpu")
RANK, ALPHA = 4, 6.0
PEFT_WARNS = "ignore:`is_gradient_checkpointing`:FutureWarning"
"""PEFT 0.21 reads a property that transformers 5.23 renamed."""


def loud(model: Any) -> Any:
    """The model with ten times larger embeddings: at its first weights all tokens are about equally likely."""
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(10)
    return model


def vary(engine: LocalEngine, **changes: Any) -> LocalEngine:
    """The engine with other parts of its model or other limits; its usage starts empty."""
    of_model = {name: x for name, x in changes.items() if hasattr(engine.model, name)}
    of_limits = {name: x for name, x in changes.items() if name not in of_model}
    varied = LocalEngine(
        replace(engine.model, **of_model), replace(engine.limits, **of_limits)
    )
    varied.trainer.adam = engine.adam
    return varied


def open_toy(
    model: str = TINY,
    rank: int = RANK,
    alpha: float = ALPHA,
    dtype: torch.dtype = torch.float32,
    device: torch.device = CPU,
    compiled: bool = False,
    recompute: bool = False,
) -> LocalEngine:
    return open_engine(
        BackendSettings(
            model,
            rank,
            alpha,
            dtype=str(dtype).removeprefix("torch."),
            device=device.type,
            kernels="compiled" if compiled else "torch",
            max_num_seqs=128,
            max_tokens_per_microbatch=1536,
            trust_remote_code=False,
            chat={},
            recompute=recompute,
        )
    )


def fresh(
    *agents: AgentId,
    alpha: float = ALPHA,
    dtype: torch.dtype = torch.float32,
    device: torch.device = CPU,
) -> LocalEngine:
    """An engine on the tiny model, with agents that change its answers."""
    engine = open_toy(alpha=alpha, dtype=dtype, device=device)
    loud(engine.base.model)
    engine.model.network = replace(
        engine.network, packed_head=prepack(engine.network.head_Vd)
    )
    for agent in agents:
        engine.bank.add(agent, 1)
        wake(engine, agent)
    return engine


def wake(engine: LocalEngine, agent: AgentId) -> None:
    """Give the agent a B that is not zero."""
    generator = torch.Generator().manual_seed(sum(agent.encode()))
    for _, b in engine.bank.matrices(agent).values():
        b.normal_(0, 0.2, generator=generator)
    engine.bank.refresh()


def plain() -> Any:
    """The tiny model with the attention that transformers gives it."""
    model = loud(build_tiny_model()[0]).eval()
    model.set_attn_implementation("sdpa")
    return model


def ask(
    agent: AgentId, text: str, seed: int = 0, max_tokens: int = 12, temperature: float = 1.0
) -> Request:
    return Request(agent, (Message("user", text),), seed, max_tokens, temperature, "test")


def logits(engine: LocalEngine, agent: AgentId, ids: Sequence[int]) -> Tensor:
    """What the agent makes of every token, (T, V)."""
    like, count = engine.network.head_Vd, len(ids)
    tree = TreeAttention.single(count, engine.network.heads, like)
    routing = Routing.of([engine.bank.slot(agent)] * count, CPU)
    with torch.no_grad():
        hidden = engine.network.stack.infer(
            torch.tensor(ids), torch.arange(count), routing, tree
        )
        return engine.network.logits(hidden)


def surprise(inputs: LossInputs) -> Tensor:
    """The loss of weighted imitation."""
    return -inputs.weights_K * inputs.logprobs_K


def target(agent: AgentId, prompt: str, text: str, weight: float = 1.0) -> Target:
    return Target(
        agent,
        tuple(b + 1 for b in prompt.encode()),
        tuple(b + 1 for b in text.encode()),
        weight,
    )


def mixture() -> list[Target]:
    """Three agents with five, two and one completions: shared and own prompts, lengths 1 to 30, either sign."""
    return [
        target(ANN, "two and two", "four", 1.0),
        target(ANN, "two and two", "a long way from being the sum", -0.5),
        target(CAT, "two and two", "4", 2.0),
        target(ANN, "why", "because", 0.25),
        target(BOB, "the longest of all the prompts in here, by far", "yes", -1.5),
        target(ANN, "two and two", "five", -1.0),
        target(
            BOB,
            "the longest of all the prompts in here, by far",
            "certainly, and more than that",
            0.75,
        ),
        target(ANN, "why", "!", 1.0),
    ]


def train_step(
    targets: Sequence[Target], loss: Loss, rates: dict[AgentId, float], purpose: str
) -> TrainStep:
    return TrainStep(targets, as_part(loss), rates, purpose)


def gradients(
    engine: LocalEngine, targets: Sequence[Target], longest: int = 512, cap: int = 1024
) -> Tensor:
    """(S, P), as `train` would step along."""
    for rows in micro_batches(pack(targets, engine.bank.slots, longest), cap):
        backward(engine.network, rows, surprise)
    found = engine.bank.grads_SP.clone()
    engine.bank.zero_grad()
    return found


class Recorder:
    """As a CUDA graph: the result is always in the same memory, and is there only after a replay."""

    def __init__(self) -> None:
        self.recorded, self.replayed = 0, 0

    def __call__(self, run: Callable[[], Tensor]) -> Callable[[], Tensor]:
        self.recorded += 1
        result = torch.full_like(run(), float("nan"))

        def replay() -> Tensor:
            self.replayed += 1
            return result.copy_(run())

        return replay
