"""The network of a base model: which stack, products and operations it computes with here."""

from ctypes import CDLL
from dataclasses import replace
from functools import partial
from logging import getLogger
from typing import Any

import torch

from docendo.engines.cpu.decode import CpuStack, sample_tokens_compiled
from docendo.engines.cpu.ops import CpuOps, ops_agree
from docendo.engines.cpu.products import prepack, products_agree
from docendo.engines.cpu.selfcheck import COMPILED_TOLERANCE, Probe, sampling_agrees
from docendo.engines.local.base_model import EXACT_TOLERANCES, BaseModel
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank, adapt
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.huggingface import HFStack
from docendo.engines.model.llama import LlamaStack
from docendo.engines.model.network import DecoderStack, Network
from docendo.engines.model.ops import ElementwiseOps, TorchOps

__all__ = ["build_network"]

_ROUGH_TOLERANCE = 0.02
"""Relative to the norm of the model's own states; bfloat16 alone makes about one percent."""


def build_network(
    base: BaseModel,
    bank: AdapterBank,
    library: CDLL | None = None,
    recompute: bool = False,
) -> Network:
    """Adapts the model, and chooses the fastest stack that gives the model's own states.

    That is `LlamaStack` for models of the Llama form, and transformers' own pass for others. The
    functions of `library` are used with `LlamaStack` alone, and where they agree with PyTorch.
    With `recompute` a backward pass keeps little, and computes each layer twice.
    """
    head_Vd = base.head_Vd
    adapt(base.model, bank, base.attention.linear_names)
    llama = _llama_stack(base, bank)
    # the functions see all that is before a token
    if llama is None or base.heads.windows or not _agrees_with_torch(library, bank.dtype):
        library = None
    # the functions of training use one thread; sampling with several is another matter
    one_thread = Workers.for_device(bank.device).threads == 1
    training_library = library if one_thread else None

    ops: ElementwiseOps = (
        TorchOps() if training_library is None else CpuOps(training_library)
    )
    stack: DecoderStack
    if llama is None:
        stack = HFStack.of(base.model.base_model, bank, recompute)
    else:
        stack = llama = replace(llama, ops=ops, recompute=recompute)
    for projection in stack.projections:
        projection.packed = prepack(projection.weight_od, training_library)
    bank.use_projections(stack.projections)

    packed_head = prepack(head_Vd, training_library)
    network = Network(
        stack,
        base.heads,
        base.layers,
        head_Vd,
        packed_head,
        ops=ops,
        # little work for a GPU, and much memory
        recompute_logits=recompute or bank.device.type == "cuda",
    )
    # the functions normalise what a half reads, and not what it writes
    if library is None or llama is None or llama.layers[0].mlp.norm_is_last:
        return network
    tolerance = base.tolerance(COMPILED_TOLERANCE)
    return _with_compiled_sampling(network, llama, library, tolerance)


def _llama_stack(base: BaseModel, bank: AdapterBank) -> LlamaStack | None:
    """The model as `LlamaStack`; None where that does not give the model's own states."""
    body: Any = base.model.base_model
    reference = HFStack.of(body, bank)
    llama = LlamaStack.of(body, base.heads)
    if llama is None or not _states_agree(reference, llama, base, bank):
        return None

    for layer in bank.layers.values():
        layer.projection = None
    return llama


@torch.no_grad()
def _states_agree(
    reference: HFStack,
    llama: LlamaStack,
    base: BaseModel,
    bank: AdapterBank,
) -> bool:
    """Whether both make the same states of some tokens, within the number format."""
    ids_T = torch.arange(100, 132, device=bank.device) % base.config.vocab_size
    positions_T = torch.arange(len(ids_T), device=bank.device)
    routing = Routing.of([0] * len(ids_T), bank.device)
    like = torch.empty(0, dtype=bank.dtype, device=bank.device)
    tree = TreeAttention.single(len(ids_T), base.heads, like)

    bank.use_projections(reference.projections)
    expected_Td = reference.infer(ids_T, positions_T, routing, tree).float()
    bank.use_projections(llama.projections)
    try:
        states_Td = llama.infer(ids_T, positions_T, routing, tree).float()
    except (RuntimeError, TypeError, ValueError):  # parts of another shape
        return False
    distance = (expected_Td - states_Td).norm() / expected_Td.norm()
    usual = EXACT_TOLERANCES.get(bank.dtype, _ROUGH_TOLERANCE)
    return float(distance) < base.tolerance(usual)


def _agrees_with_torch(library: CDLL | None, dtype: torch.dtype) -> bool:
    """Whether compiled training gives what PyTorch gives; where not, a warning says so."""
    if library is None:
        return True
    if ops_agree(library, dtype) and products_agree(library, dtype):
        return True
    _warn_of_disagreement()
    return False


def _with_compiled_sampling(
    network: Network, llama: LlamaStack, library: CDLL, tolerance: float
) -> Network:
    compiled = CpuStack(llama, library)
    probe = Probe(network.layers, network.heads, network.head_Vd, (0, 0, 0, 0))
    if not probe.agree(llama, compiled, tolerance) or not sampling_agrees(
        library, network.head_Vd
    ):
        _warn_of_disagreement()
        return network
    sample_tokens = partial(sample_tokens_compiled, library)
    return replace(network, stack=compiled, sample_tokens=sample_tokens)


def _warn_of_disagreement() -> None:
    getLogger("docendo").warning(
        "the compiled functions do not agree with PyTorch's here; working without them"
    )
