"""All that an engine needs to go on as if it had never stopped: adapters in PEFT's layout, Adam's state. No pickle.

engine.json   optimizer.safetensors   <agent>/adapter_config.json   <agent>/adapter_model.safetensors
"""

import json
from pathlib import Path

import torch

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.peft_format import (
    load_adapter,
    read_json,
    read_tensors,
    save_adapter,
    write_tensors,
)
from docendo.errors import UserError
from docendo.records import BASE, AgentId

__all__ = ["load_state", "save_state"]

_ENGINE, _OPTIMIZER = "engine.json", "optimizer.safetensors"


def save_state(engine: LocalEngine, folder: Path) -> None:
    """Write every agent's adapter and optimizer state into `folder`, which is made where it is missing."""
    bank, adam = engine.bank, engine.adam
    agents = [a for a in sorted(bank.slots, key=bank.slots.__getitem__) if a != BASE]
    for agent in agents:
        if not _folder(agent):
            raise UserError(
                f"agent {agent!r} cannot be saved; wanted a name that can be a folder's"
            )
    for agent in agents:
        save_adapter(bank, agent, folder / agent, engine.base.name)
    adam.resize(bank)
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "format": 1,
        "base": engine.base.name,
        "rank": bank.rank,
        "alpha": bank.alpha,
        "agents": agents,
    }
    state |= {
        "train_tokens": engine.train_tokens
    }  # fewer than was set where memory ran out: sums keep their order
    (folder / _ENGINE).write_text(json.dumps(state, indent=2) + "\n")
    slots = [
        0,
        *(bank.slots[a] for a in agents),
    ]  # without the gaps that removed agents left
    moments = {
        "mean_SP": adam.mean_SP,
        "square_SP": adam.square_SP,
        "steps_S": adam.steps_S,
    }
    write_tensors(
        folder / _OPTIMIZER, {name: moment[slots] for name, moment in moments.items()}
    )


def load_state(engine: LocalEngine, folder: Path) -> None:
    """The engine holds the checkpoint's agents and no others, in the order that they had; training goes on bit by bit.

    Raises UseError where the engine has another rank, alpha or base, or a file is damaged.
    """
    bank, adam, path = engine.bank, engine.adam, folder / _ENGINE
    state, optimizer = read_json(path), read_tensors(folder / _OPTIMIZER)
    mine = {"format": 1, "rank": bank.rank, "alpha": bank.alpha}
    got = {key: state.get(key) for key in mine}
    if got != mine:
        raise UserError(f"{path}: got {str(got)[:300]}, wanted {mine}")
    halved = state.get("train_tokens", engine.train_tokens)
    if type(halved) is not int or halved < 1:
        raise UserError(
            f"{path}: got train_tokens {str(halved)[:60]}, wanted a number of tokens"
        )
    agents = _agents(state.get("agents"), path)
    engine.train_tokens = min(engine.train_tokens, halved)
    slots = len(agents) + 1
    wanted = {
        "mean_SP": (slots, bank.size),
        "square_SP": (slots, bank.size),
        "steps_S": (slots,),
    }
    shapes = {key: tuple(x.shape) for key, x in optimizer.items()}
    if shapes != wanted:
        raise UserError(f"{folder / _OPTIMIZER}: got {shapes}, wanted {wanted}")
    bank.slots = {BASE: 0}
    bank.set_weights(torch.zeros(1, bank.size, device=bank.device))
    for agent in agents:
        load_adapter(bank, agent, folder / agent)
    for key, tensor in optimizer.items():
        setattr(adam, key, tensor.to(bank.device))


def _agents(named: object, path: Path) -> list[AgentId]:
    names = named if isinstance(named, list) else [None]
    if not all(isinstance(name, str) and _folder(name) for name in names) or len(
        set(names)
    ) < len(names):
        raise UserError(
            f"{path}: got agents {str(named)[:60]!r}, wanted a list of different names of folders"
        )
    return [AgentId(str(name)) for name in names]


def _folder(agent: str) -> bool:
    """Whether a folder of a checkpoint can have the name."""
    return (
        Path(agent).name == agent
        and len(agent) < 200
        and agent not in {"", "..", BASE, _ENGINE, _OPTIMIZER}
    )
