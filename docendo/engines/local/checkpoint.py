"""Checkpoints: with them an engine goes on, bit by bit, as if it had never stopped. No pickle.

A folder holds engine.json, optimizer.safetensors, and every agent's adapter in PEFT's format:
<agent>/adapter_config.json and <agent>/adapter_model.safetensors.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from docendo.engines.local.memory import MemoryLimits
from docendo.engines.local.peft_format import (
    load_adapter,
    read_json,
    read_tensors,
    save_adapter,
    write_tensors,
)
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.optimizer import Adam
from docendo.errors import UserError
from docendo.records import BASE, AgentId

__all__ = ["TrainingState", "load_state", "save_state"]

_ENGINE = "engine.json"
_OPTIMIZER = "optimizer.safetensors"
_LONGEST_NAME = 199


@dataclass(frozen=True)
class TrainingState:
    """What changes while a backend trains: the views that a checkpoint writes and fills."""

    base_name: str
    bank: AdapterBank
    adam: Adam
    limits: MemoryLimits


def save_state(training: TrainingState, folder: Path) -> None:
    """Writes every agent's adapter and optimizer state into `folder`.

    Raises UserError where an agent's name cannot be that of a folder.
    """
    bank, adam = training.bank, training.adam
    agents = sorted(bank.slots, key=bank.slots.__getitem__)
    agents.remove(BASE)
    for agent in agents:
        if not _is_folder_name(agent):
            raise UserError(
                f"agent {agent!r} cannot be saved; expected a name that can be a folder's"
            )

    for agent in agents:
        save_adapter(bank, agent, folder / agent, training.base_name)
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "format": 1,
        "base": training.base_name,
        "rank": bank.rank,
        "alpha": bank.alpha,
        "agents": agents,
        # less than was set where memory ran out; with more, sums would run in another order
        "train_tokens": training.limits.max_tokens_per_microbatch,
    }
    (folder / _ENGINE).write_text(json.dumps(state, indent=2) + "\n")

    adam.resize(bank)
    # without the gaps that removed agents left
    slots = [0, *(bank.slots[agent] for agent in agents)]
    moments = {
        "mean_SP": adam.mean_SP[slots],
        "square_SP": adam.square_SP[slots],
        "steps_S": adam.steps_S[slots],
    }
    write_tensors(folder / _OPTIMIZER, moments)


def load_state(training: TrainingState, folder: Path) -> None:
    """Gives a backend the checkpoint's agents, in their order, and no others.

    Raises UserError where the backend has another rank or alpha, or a file is damaged.
    """
    bank = training.bank
    path = folder / _ENGINE
    state = read_json(path)
    moments = read_tensors(folder / _OPTIMIZER)

    expected = {"format": 1, "rank": bank.rank, "alpha": bank.alpha}
    saved = {key: state.get(key) for key in expected}
    if saved != expected:
        raise UserError(f"{path}: got {str(saved)[:300]}, expected {expected}")
    limits = training.limits
    tokens = state.get("train_tokens", limits.max_tokens_per_microbatch)
    if type(tokens) is not int or tokens < 1:
        raise UserError(
            f"{path}: got train_tokens {str(tokens)[:60]}, expected a number of tokens"
        )
    agents = _parse_agents(state.get("agents"), path)
    _check_moments(moments, bank, len(agents) + 1, folder / _OPTIMIZER)

    limits.max_tokens_per_microbatch = min(limits.max_tokens_per_microbatch, tokens)
    bank.slots = {BASE: 0}
    bank.set_weights(torch.zeros(1, bank.size, device=bank.device))
    for agent in agents:
        load_adapter(bank, agent, folder / agent)
    for name, moment in moments.items():
        setattr(training.adam, name, moment.to(bank.device))


def _check_moments(
    moments: dict[str, Tensor], bank: AdapterBank, slots: int, path: Path
) -> None:
    expected = {
        "mean_SP": (slots, bank.size),
        "square_SP": (slots, bank.size),
        "steps_S": (slots,),
    }
    shapes = {name: tuple(moment.shape) for name, moment in moments.items()}
    if shapes != expected:
        raise UserError(f"{path}: got {shapes}, expected {expected}")


def _parse_agents(names: object, path: Path) -> list[AgentId]:
    agents: list[AgentId] = []
    if isinstance(names, list):
        agents = [
            AgentId(name)
            for name in names
            if isinstance(name, str) and _is_folder_name(name)
        ]
    if agents != names or len(set(agents)) < len(agents):
        raise UserError(
            f"{path}: got agents {str(names)[:60]!r}, "
            "expected a list of different names of folders"
        )
    return agents


def _is_folder_name(agent: str) -> bool:
    """Whether a folder in a checkpoint can have the name."""
    if agent in {"", "..", BASE, _ENGINE, _OPTIMIZER}:
        return False
    return Path(agent).name == agent and len(agent) <= _LONGEST_NAME
