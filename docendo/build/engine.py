"""From the settings of the engine to a backend with a fresh adapter for every agent."""

from logging import getLogger

import torch

from docendo.config.load import Config
from docendo.engines.local.autoselect import choose_device, choose_dtype, choose_kernels
from docendo.engines.local.base_model import load_base
from docendo.engines.local.engine import LocalEngine, open_engine
from docendo.records import AgentId

__all__ = ["open_local_engine", "resolve_config"]


def resolve_config(config: Config) -> Config:
    """The settings with what is measured on this machine filled in, so that a resumed run repeats it."""
    device = choose_device(config.engine.device)
    dtype = choose_dtype(config.engine.dtype, device)
    kernels = choose_kernels(config.engine.kernels, device, dtype)
    measured = {"device": device, "dtype": dtype, "kernels": kernels}
    return config.model_copy(update={"engine": config.engine.model_copy(update=measured)})


def open_local_engine(config: Config) -> LocalEngine:
    """The engine of this machine, with a fresh adapter for every learner. `config` is resolved."""
    settings = config.engine
    if settings.trust_remote_code:
        getLogger("docendo").warning(
            "engine.trust_remote_code is on: Python files of the model %s run with your rights",
            config.model,
        )

    dtype = getattr(torch, settings.dtype)
    device = torch.device(settings.device)
    base = load_base(config.model, dtype, device, settings.trust_remote_code)
    engine = open_engine(
        base,
        settings.rank,
        settings.alpha,
        dtype,
        device,
        settings.kernels == "compiled",
    )
    engine.limits.max_num_seqs = settings.max_num_seqs
    engine.limits.max_tokens_per_microbatch = settings.max_tokens_per_microbatch
    for name in config.learners:
        engine.bank.add(AgentId(name), config.seed)
    return engine
