"""A mutated folder of an adapter in PEFT's format: refused, the agent as it was, or loaded as its files say."""

import json
from functools import cache
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.peft_format import load_adapter, save_adapter
from docendo.errors import UserError
from tests.engines.toys import ALPHA, ANN, BOB, fresh
from tests.hostile.files import refused
from tests.hostile.mutate import mutated_bytes, mutated_value

__all__ = ["adapter", "state"]

_TYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int64,
    torch.bool,
    torch.float8_e4m3fn,
    torch.complex64,
)


@cache
def _engine() -> LocalEngine:
    return fresh(ANN, BOB)


def adapter(seed: int, folder: Path) -> str:
    """One adapter for the agent bob."""
    rng, bank, path = Random(seed), _engine().bank, folder / "adapter"
    save_adapter(bank, ANN, path, "tiny")
    weights = path / "adapter_model.safetensors"
    match rng.randrange(4):
        case 0:
            weights.write_bytes(mutated_bytes(weights.read_bytes(), rng))
        case 1:
            tensors = load_file(weights)
            name = rng.choice(sorted(tensors))
            made = (
                tensors[name].to(rng.choice(_TYPES))
                if rng.random() < 0.6
                else tensors[name] * float("nan")
            )
            tensors[rng.choice((name, f"{name}.more"))] = made
            save_file(tensors, weights)
        case 2:
            _written(path / "adapter_config.json", rng)
        case _:
            config = path / "adapter_config.json"
            config.write_bytes(mutated_bytes(config.read_bytes(), rng))
    before = {name: (a.clone(), b.clone()) for name, (a, b) in bank.matrices(BOB).items()}
    try:
        load_adapter(bank, BOB, path)
    except UserError as error:
        after = bank.matrices(BOB)
        assert all(
            torch.equal(a, after[n][0]) and torch.equal(b, after[n][1])
            for n, (a, b) in before.items()
        )
        return refused(error, path)
    config, tensors = (
        json.loads((path / "adapter_config.json").read_text()),
        load_file(weights),
    )
    root = bank.rank**0.5 if config.get("use_rslora") else bank.rank
    factor = config["lora_alpha"] / root / (ALPHA / bank.rank)
    for name, (a, b) in bank.matrices(BOB).items():
        assert a.isfinite().all()
        assert b.isfinite().all()
        assert torch.equal(a, tensors[f"base_model.model.{name}.lora_A.weight"].float())
        assert torch.allclose(
            b, tensors[f"base_model.model.{name}.lora_B.weight"].float() * factor
        )
    return "taken"


def state(seed: int, folder: Path) -> str:
    """A checkpoint's own files, without the manifest that would tell."""
    rng, engine, path = Random(seed), fresh(ANN, BOB), folder / "state"
    engine.save(path)
    _written(path / "engine.json", rng)
    try:
        engine.load(path)
    except UserError as error:
        return refused(error, path)
    assert [*engine.bank.slots][1:] == json.loads((path / "engine.json").read_text())[
        "agents"
    ]
    return "taken"


def _written(path: Path, rng: Random) -> None:
    if rng.random() < 0.1:
        path.write_text(
            rng.choice(("[" * 100_000, '{"lora_alpha": Infinity}', "{}", "[]", "null"))
        )
    else:
        path.write_text(json.dumps(mutated_value(json.loads(path.read_text()), rng)))
