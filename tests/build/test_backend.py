"""The engine settings become a backend with an adapter for every learner."""

import logging

import pytest

from docendo.build.backend import open_backend, resolve_config
from docendo.config.load import load_config

TINY = (
    "model=tiny",
    "engine.device=cpu",
    "engine.dtype=float32",
    "engine.kernels=torch",
    "engine.rank=2",
    "engine.max_tokens_per_microbatch=64",
    "engine.recompute=off",
)


def test_settings_that_say_auto_are_resolved_to_those_of_this_machine() -> None:
    engine = resolve_config(load_config(None, ("engine.device=cpu",))).engine
    assert engine.device == "cpu"
    assert "auto" not in (engine.dtype, engine.kernels)


def test_settings_that_are_resolved_are_not_measured_again() -> None:
    config = load_config(None, TINY)
    assert resolve_config(config) == config


def test_every_learner_has_a_fresh_adapter(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "docendo"):
        backend = open_backend(load_config(None, TINY))
    assert list(backend.bank.slots)[1:] == ["emmy", "ada", "rosalind"]  # type: ignore[attr-defined]
    assert backend.bank.rank == 2  # type: ignore[attr-defined]
    assert not caplog.records


def test_running_code_of_a_model_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "docendo"):
        open_backend(load_config(None, (*TINY, "engine.trust_remote_code=true")))
    assert "trust_remote_code is on: Python files of the model tiny" in caplog.text
