"""From the settings of the engine to a backend with a fresh adapter for every agent."""

from logging import getLogger

from docendo.backend import Backend, BackendSettings
from docendo.config.load import Config
from docendo.engines.local.autoselect import choose_device, choose_dtype, choose_kernels
from docendo.engines.local.memory_budget import free_memory_limits
from docendo.errors import UserError

__all__ = ["open_backend", "resolve_config"]


def resolve_config(config: Config) -> Config:
    """The settings with what is measured on this machine filled in, so that a resumed run repeats it."""
    device = choose_device(config.engine.device)
    dtype = choose_dtype(config.engine.dtype, device)
    kernels = choose_kernels(config.engine.kernels, device, dtype)
    chosen = {"device": device, "dtype": dtype, "kernels": kernels}
    engine = config.engine.model_copy(update=chosen)
    limits = free_memory_limits(
        engine, config.model, learners=len(config.learners), copies=config.max_copies
    )
    engine = engine.model_copy(update=limits._asdict())
    return config.model_copy(update={"engine": engine})


def open_backend(config: Config, backend: Backend | None = None) -> Backend:
    """The backend of a run, with a fresh adapter for every learner. `config` is resolved.

    `backend` replaces what the config says.
    """
    if backend is None:
        backend = _build_backend(config)
    for learner in config.learner_ids:
        backend.add(learner, config.seed)
    return backend


def _build_backend(config: Config) -> Backend:
    engine = config.engine
    if engine.trust_remote_code:
        getLogger("docendo").warning(
            "engine.trust_remote_code is on: Python files of the model %s run with your rights",
            config.model,
        )

    settings = engine.model_dump(exclude={"backend", "thinking", "recompute"})
    built = engine.backend.build(
        BackendSettings(
            model=config.model,
            thinking=engine.thinking,
            recompute=engine.recompute == "on",
            **settings,
        )
    )
    if callable(built) and not hasattr(built, "sample"):
        built = built()  # a user's function that opens one

    for method in ("sample", "score", "train", "save", "load", "describe"):
        if not hasattr(built, method):
            raise UserError(
                f"engine.backend {engine.backend.type}: expected a docendo.backend.Backend; "
                f"got a {type(built).__name__} without {method}"
            )
    backend: Backend = built
    return backend
