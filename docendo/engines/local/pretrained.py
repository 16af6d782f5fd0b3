"""Models and tokenizers as transformers reads them; what cannot be used ends in one line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from docendo.errors import UserError

__all__ = ["load_pretrained", "load_without_weights", "one_line", "refusing"]


def load_pretrained(
    name: str,
    location: Mapping[str, Any],
    dtype: torch.dtype,
    trusted: bool = False,
    **of_model: Any,
) -> tuple[Any, Any]:
    """The model and tokenizer of these arguments of transformers' ``from_pretrained``.

    `of_model` are for the model alone. Python files that come with a model run only where it is
    `trusted`. Raises UserError, which calls the model `name`, for one that cannot be loaded or
    lacks weights.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    options = {**location, "trust_remote_code": trusted}
    try:
        if "gguf_file" not in location:
            _check_number_format(AutoConfig.from_pretrained(**options))
        tokenizer = AutoTokenizer.from_pretrained(**options)
        model, report = AutoModelForCausalLM.from_pretrained(
            **options, **of_model, dtype=dtype, output_loading_info=True
        )
    # transformers, and Python that comes with a model, raise errors of any kind
    except Exception as error:
        raise UserError(f"model {name!r} cannot be loaded: {_reason(error)}") from error

    missing = sorted(report["missing_keys"])
    if missing:
        # transformers would have filled them with random numbers, and gone on
        raise UserError(
            f"model {name!r} cannot be loaded: it lacks {len(missing)} weights, "
            f"the first of which is {missing[0]}"
        )
    return model, tokenizer


def load_without_weights(name: str, location: Mapping[str, Any], trusted: bool) -> Any:
    """The model as it would be loaded, on the device ``meta``: its layers take no memory.

    Raises UserError where there is none.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    options = {**location, "trust_remote_code": trusted}
    try:
        config = AutoConfig.from_pretrained(**options)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=trusted)
    except Exception as error:
        raise UserError(f"model {name!r} cannot be loaded: {_reason(error)}") from error


def _check_number_format(config: Any) -> None:
    quantization = getattr(config, "quantization_config", None)
    if quantization:
        method = dict(quantization).get("quant_method", "few bits")
        raise UserError(
            f"its weights are quantised ({method}), which is not supported; "
            "use the model's version in 16 bits, or a GGUF file"
        )


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Any failure within the block is a UserError that says that the model cannot be used."""
    try:
        yield
    except UserError:
        raise
    # a model's forward pass raises errors of any kind where it is called in another way
    except Exception as error:
        kind = type(error).__name__
        raise UserError(
            f"model {name!r} cannot be used: {kind}: {one_line(error)}"
        ) from error


def _reason(error: Exception) -> str:
    if "trust_remote_code" in str(error):
        return (
            "it brings Python files of its own; "
            "engine.trust_remote_code = true would run them with your rights"
        )
    return one_line(error)


def one_line(error: Exception) -> str:
    """The first line of an error's message, or its kind where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
