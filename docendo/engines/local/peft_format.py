"""Adapters in PEFT's directory format, and the base with one adapter merged in. PEFT itself is not imported."""

import copy
import json
from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from docendo.engines.local.engine import LocalEngine
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

_CONFIG, _WEIGHTS, _PREFIX = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "base_model.model.",
)
_PLAIN = {"bias": "none", "fan_in_fan_out": False, "lora_bias": False, "use_dora": False}
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LARGEST = 1e6
_ABSENT = (
    "alpha_pattern",
    "layers_to_transform",
    "modules_to_save",
    "rank_pattern",
    "target_parameters",
)


def save_adapter(bank: AdapterBank, agent: AgentId, folder: Path, base_name: str) -> None:
    """Two files in `folder` that PEFT, vLLM and others load on top of the model `base_name`; weights in float32."""
    matrices = bank.matrices(agent)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "revision": None,
        "inference_mode": True,
        "r": bank.rank,
        "lora_alpha": int(bank.alpha) if float(bank.alpha).is_integer() else bank.alpha,
        "lora_dropout": 0.0,
        "target_modules": sorted({name.rpartition(".")[2] for name in matrices}),
        "init_lora_weights": True,
        "use_rslora": False,
        **_PLAIN,
        **dict.fromkeys(("layers_to_transform", "modules_to_save", "target_parameters")),
        "alpha_pattern": {},
        "rank_pattern": {},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    write_tensors(folder / _WEIGHTS, {k: x.float() for k, x in _named(matrices).items()})


def load_adapter(bank: AdapterBank, agent: AgentId, folder: Path) -> None:
    """`agent` gets the adapter in `folder`; it is added where the bank has no such agent.

    Another alpha is welcome: B is rescaled, so that the weights change as they did where the adapter was saved. Raises
    UseError, and changes nothing, where rank, layers or shapes differ or the files hold more than plain LoRA.
    """
    if agent == BASE:
        raise UserError("the base keeps no adapter; load it into an agent")
    factor = _scale(bank, folder) / bank.scale
    tensors = read_tensors(folder / _WEIGHTS)
    _check(bank, tensors, folder / _WEIGHTS)
    if agent not in bank.slots:
        bank.add(agent, 0)
    for key, into in _named(bank.matrices(agent)).items():
        into.copy_(tensors[key])
        if factor != 1 and key.endswith("lora_B.weight"):
            into.mul_(factor)
    bank.refresh()


def save_merged(engine: LocalEngine, agent: AgentId, folder: Path) -> None:
    """The base with the agent's adapter merged in, as a plain Hugging Face model with its tokenizer."""
    base, bank = engine.base, engine.bank
    updates = {name: bank.scale * b @ a for name, (a, b) in bank.matrices(agent).items()}
    merged, seen = dict[str, Tensor](), set[int]()
    for key, tensor in base.model.state_dict().items():
        name, _, kind = key.rpartition(".base.")
        if name in updates:
            whole = (
                (tensor.float() + updates[name]).to(tensor.dtype)
                if kind == "weight"
                else tensor
            )
            merged[f"{name}.{kind}"] = whole
        elif tensor.data_ptr() not in seen:  # a tied output head is the embedding once more
            merged[key] = tensor
        seen.add(tensor.data_ptr())
    config = copy.deepcopy(base.config)
    config.architectures = [type(base.model).__name__]
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    base.model.generation_config.save_pretrained(folder)  # type: ignore[operator, union-attr]
    base.tokenizer.save_pretrained(folder)
    write_tensors(folder / "model.safetensors", merged)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """A safetensors file. Raises RunError where it cannot be written, on a full disk for instance."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    own = {
        k: x.detach().cpu().clone(memory_format=torch.contiguous_format)
        for k, x in tensors.items()
    }
    try:
        save_file(own, path, metadata={"format": "pt"})
    except (OSError, SafetensorError) as error:
        raise RunError(f"cannot write {path}: {error}") from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU. Raises UseError where there is none or it is damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot read {path}: {error}") from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises UseError where there is none or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: got a {type(found).__name__}, wanted an object")
    return found


def _named(matrices: Mapping[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    return {
        f"{_PREFIX}{n}.lora_{side}.weight": x
        for n, pair in matrices.items()
        for side, x in zip("AB", pair, strict=True)
    }


def _scale(bank: AdapterBank, folder: Path) -> float:
    """What the saved B A is multiplied with."""
    path = folder / _CONFIG
    config = read_json(path)
    if config.get("peft_type") != "LORA":
        raise UserError(f"{path}: got peft_type {config.get('peft_type')!r}, wanted 'LORA'")
    for key, plain in {**_PLAIN, **dict.fromkeys(_ABSENT)}.items():
        if (got := config.get(key) or plain) != plain:
            raise UserError(
                f"{path}: got {key} {got!r}; only plain LoRA can be loaded, where it is {plain!r}"
            )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if rank != bank.rank:
        raise UserError(f"{path}: got an adapter of rank {rank}, wanted rank {bank.rank}")
    if not isinstance(alpha, int | float) or not 0 < alpha <= _LARGEST:
        raise UserError(
            f"{path}: got lora_alpha {alpha!r}, wanted a number above 0 and up to {_LARGEST:g}"
        )
    return float(alpha) / (sqrt(bank.rank) if config.get("use_rslora") else bank.rank)


def _check(bank: AdapterBank, tensors: Mapping[str, Tensor], path: Path) -> None:
    wanted = {key: tuple(x.shape) for key, x in _named(bank.matrices(BASE)).items()}
    for told, names in (
        ("misses", wanted.keys() - tensors),
        ("has an unknown", tensors.keys() - wanted),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UserError(
                f"{path} {told} {min(names)}{more}; wanted matrices for the same layers as the engine's"
            )
    for key, shape in wanted.items():
        got = tensors[key]
        if tuple(got.shape) != shape:
            raise UserError(
                f"{path}: got {key} of shape {tuple(got.shape)}, wanted {shape}"
            )
        if got.dtype not in _FLOATS:
            raise UserError(
                f"{path}: got {key} of {got.dtype}, wanted one of {', '.join(map(str, _FLOATS))}"
            )
        if not bool(got.isfinite().all()):
            raise UserError(f"{path}: got numbers that are not finite in {key}")
