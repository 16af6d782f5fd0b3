"""Layers that share an input are one product, with each token's own adapter."""

import pytest
import torch

from docendo.engines.local.engine import LocalEngine
from docendo.engines.lora.routing import Routing
from tests.engines.toys import ALPHA, CPU, RANK


@pytest.mark.parametrize(
    "slots", [[1, 1, 2, 2], [0, 1, 1, 1, 3], [2, 1, 3, 1], [2], [0, 0], [1, 3]]
)
@pytest.mark.parametrize("training", [False, True])
def test_layers_that_share_an_input_add_each_tokens_own_update(
    engine: LocalEngine, slots: list[int], training: bool
) -> None:
    names = [f"model.layers.0.self_attn.{x}_proj" for x in "qkv"]
    (joined,) = (
        p for p in engine.bank.projections if p.members[0] is engine.bank.layers[names[0]]
    )
    x = torch.randn(len(slots), 48, generator=torch.Generator().manual_seed(0))
    routing = Routing.of(slots, CPU)
    with torch.no_grad():
        y = joined.forward(x, routing)[0] if training else joined.infer(x, routing)
    agents = {slot: agent for agent, slot in engine.bank.slots.items()}
    for t, slot in enumerate(slots):
        matrices = engine.bank.matrices(agents[slot])
        layers = [(engine.bank.layers[n].base.weight, *matrices[n]) for n in names]
        wanted = torch.cat([x[t] @ (w + ALPHA / RANK * b @ a).T for w, a, b in layers])
        torch.testing.assert_close(y[t], wanted, atol=1e-5, rtol=1e-5)
