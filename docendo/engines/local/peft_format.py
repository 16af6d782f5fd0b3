"""Adapters in PEFT's folder format, and the base with one adapter merged in.

PEFT itself is not imported.
"""

import copy
import json
from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from docendo.engines.local.base_model import BaseModel
from docendo.engines.lora.bank import AdapterBank
from docendo.errors import RunError, UserError
from docendo.records import BASE, AgentId

__all__ = [
    "load_adapter",
    "read_json",
    "read_tensors",
    "save_adapter",
    "save_merged",
    "write_tensors",
]

_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_PLAIN_LORA = {
    "bias": "none",
    "fan_in_fan_out": False,
    "lora_bias": False,
    "use_dora": False,
}
"""Settings of PEFT with which an adapter is what the bank can hold."""
_UNSET = ("layers_to_transform", "modules_to_save", "target_parameters")
_EMPTY = ("alpha_pattern", "rank_pattern")
_READ = {"peft_type", "r", "lora_alpha", "use_rslora"}
_INERT = {
    *("auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version"),
    *("revision", "task_type", "target_modules", "exclude_modules", "layers_pattern"),
    *("lora_dropout", "eva_config", "megatron_core", "qalora_group_size"),
}
"""Settings that change nothing of what a saved adapter does: its layers are in its tensors."""
_PLAIN_STARTS = (True, "gaussian", "orthogonal", "eva")
"""Values of `init_lora_weights` that leave the base as it is; PiSSA and others change it."""
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_MAX_ALPHA = 1e6


def save_adapter(bank: AdapterBank, agent: AgentId, folder: Path, base_name: str) -> None:
    """Two files in `folder` that PEFT, vLLM and others load on top of the model `base_name`.

    The weights are in float32.
    """
    matrices = bank.matrices(agent)
    has_whole_alpha = float(bank.alpha).is_integer()
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "revision": None,
        "inference_mode": True,
        "r": bank.rank,
        "lora_alpha": int(bank.alpha) if has_whole_alpha else bank.alpha,
        "lora_dropout": 0.0,
        "target_modules": sorted({name.rpartition(".")[2] for name in matrices}),
        "init_lora_weights": True,
        "use_rslora": False,
        **_PLAIN_LORA,
        **dict.fromkeys(_UNSET),
        **{name: {} for name in _EMPTY},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    tensors = {key: matrix.float() for key, matrix in _tensors_by_key(matrices).items()}
    write_tensors(folder / _WEIGHTS, tensors)


def load_adapter(bank: AdapterBank, agent: AgentId, folder: Path) -> None:
    """Gives `agent` the adapter in `folder`; adds the agent where the bank has none of the name.

    The adapter may have another alpha: B is rescaled, so that it changes the base as it did
    where it was saved. Raises UserError, and changes nothing, where rank, layers or shapes
    differ or the files hold more than plain LoRA.
    """
    if agent == BASE:
        raise UserError("the base keeps no adapter; load it into an agent")
    rescale_b = _read_scale(bank, folder) / bank.scale
    tensors = read_tensors(folder / _WEIGHTS)
    _check_tensors(bank, tensors, folder / _WEIGHTS)

    if agent not in bank.slots:
        bank.add(agent, 0)
    for key, matrix in _tensors_by_key(bank.matrices(agent)).items():
        matrix.copy_(tensors[key])
        if rescale_b != 1 and key.endswith("lora_B.weight"):
            matrix.mul_(rescale_b)
    bank.refresh()


def save_merged(base: BaseModel, bank: AdapterBank, agent: AgentId, folder: Path) -> None:
    """The base with the agent's adapter merged in: a Hugging Face model with its tokenizer."""
    updates = {name: bank.scale * b @ a for name, (a, b) in bank.matrices(agent).items()}
    merged: dict[str, Tensor] = {}
    seen_addresses: set[int] = set()
    for key, tensor in base.model.state_dict().items():
        layer, _, kind = key.rpartition(".base.")
        if layer in updates:
            if kind == "weight":
                updated = tensor.float() + updates[layer]
                merged[f"{layer}.weight"] = updated.to(tensor.dtype)
            else:
                merged[f"{layer}.{kind}"] = tensor
        elif tensor.data_ptr() not in seen_addresses:
            # a tied output head is the embedding once more, and is left out
            merged[key] = tensor
        seen_addresses.add(tensor.data_ptr())

    config = copy.deepcopy(base.config)
    config.architectures = [type(base.model).__name__]
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    base.model.generation_config.save_pretrained(folder)  # type: ignore[operator, union-attr]
    base.tokenizer.save_pretrained(folder)
    write_tensors(folder / "model.safetensors", merged)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """A safetensors file. Raises RunError where it cannot be written, as on a full disk."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # the format takes no tensors that share memory
    copies: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        on_host = tensor.detach().cpu()
        copies[name] = on_host.clone(memory_format=torch.contiguous_format)
    try:
        save_file(copies, path, metadata={"format": "pt"})
    except (OSError, SafetensorError) as error:
        raise RunError(f"cannot write {path}: {error}") from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises UserError where there is none or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot read {path}: {error}") from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises UserError where there is none or it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: got a {type(content).__name__}, expected an object")
    return content


def _tensors_by_key(matrices: Mapping[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """The matrices under their keys in PEFT's file."""
    tensors: dict[str, Tensor] = {}
    for layer, (a, b) in matrices.items():
        tensors[f"{_PREFIX}{layer}.lora_A.weight"] = a
        tensors[f"{_PREFIX}{layer}.lora_B.weight"] = b
    return tensors


def _read_scale(bank: AdapterBank, folder: Path) -> float:
    """The factor of the saved B A. Raises UserError where it is not plain LoRA of this rank."""
    path = folder / _CONFIG
    config = read_json(path)
    if config.get("peft_type") != "LORA":
        raise UserError(
            f"{path}: got peft_type {config.get('peft_type')!r}, expected 'LORA'"
        )
    plain = {"bias": ("none",), "init_lora_weights": _PLAIN_STARTS}
    for name, setting in config.items():
        # what is off changes nothing, whatever a newer PEFT means by it
        if setting and name not in _READ | _INERT and setting not in plain.get(name, ()):
            raise UserError(
                f"{path}: got {name!r}: {setting!r:.200}; "
                "only plain LoRA can be loaded, which is without it"
            )

    rank, alpha = config.get("r"), config.get("lora_alpha")
    if rank != bank.rank:
        raise UserError(f"{path}: got an adapter of rank {rank}, expected rank {bank.rank}")
    if not isinstance(alpha, int | float) or not 0 < alpha <= _MAX_ALPHA:
        raise UserError(
            f"{path}: got lora_alpha {alpha!r}, "
            f"expected a number above 0 and up to {_MAX_ALPHA:g}"
        )
    # rank-stabilised LoRA (Kalajdzievski 2023) divides by the root of the rank
    return float(alpha) / (sqrt(bank.rank) if config.get("use_rslora") else bank.rank)


def _check_tensors(bank: AdapterBank, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raises UserError unless the tensors are finite matrices of the bank's layers."""
    matrices = _tensors_by_key(bank.matrices(BASE))
    _check_layers("misses", matrices.keys() - tensors.keys(), path)
    _check_layers("has an unknown", tensors.keys() - matrices.keys(), path)
    for key, matrix in matrices.items():
        tensor, shape = tensors[key], tuple(matrix.shape)
        if tuple(tensor.shape) != shape:
            raise UserError(
                f"{path}: got {key} of shape {tuple(tensor.shape)}, expected {shape}"
            )
        if tensor.dtype not in _FLOATS:
            names = ", ".join(map(str, _FLOATS))
            raise UserError(f"{path}: got {key} of {tensor.dtype}, expected one of {names}")
        if not bool(tensor.isfinite().all()):
            raise UserError(f"{path}: got numbers that are not finite in {key}")


def _check_layers(problem: str, keys: set[str], path: Path) -> None:
    if keys:
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        raise UserError(
            f"{path} {problem} {min(keys)}{more}; "
            "expected matrices for the same layers as the engine's"
        )
