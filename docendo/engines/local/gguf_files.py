"""Models in GGUF files: read once, and kept as a folder that loads in a tenth of the time."""

from hashlib import file_digest
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docendo.cache import cache_folder
from docendo.errors import RunError, UserError, require_package
from docendo.store.atomic import folder_written_aside

if TYPE_CHECKING:
    import torch

__all__ = ["check_gguf", "convert_gguf", "gguf_folder"]

_MAGIC = b"GGUF"
_HASH_DIGITS = 16


def check_gguf(path: Path) -> None:
    """Raises UserError for another kind of file, and where a package to read it is missing."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise UserError(f"model {str(path)!r}: {error.strerror}") from error
    if magic != _MAGIC:
        raise UserError(
            f"model {str(path)!r} is not a GGUF file; "
            "expected one, a folder, or a Hugging Face id"
        )
    _require_readers()


def _require_readers() -> None:
    # transformers reads GGUF files with their help, and tells of their absence in several lines
    for package in ("accelerate", "gguf"):
        require_package(package, "reading a GGUF file", "local")


def gguf_folder(path: Path, dtype: "torch.dtype") -> Path:
    """The model of a GGUF file as a folder, made once for each content and number format.

    Raises UserError for a file that cannot be read, RunError where the cache cannot be written.
    """
    check_gguf(path)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()[:_HASH_DIGITS]
    number_format = str(dtype).removeprefix("torch.")
    return convert_gguf(path, f"{path.stem}-{digest}-{number_format}", dtype)


def convert_gguf(path: Path, name: str, dtype: "torch.dtype") -> Path:
    """The folder of that name in docendo's cache, with the file's model and tokenizer."""
    from safetensors import SafetensorError

    target = cache_folder() / name
    if target.is_dir():
        return target

    getLogger("docendo").info("converting %s, once; it may take minutes", path)
    model, tokenizer = _read(path, dtype)
    try:
        with folder_written_aside(target) as folder:
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except (OSError, SafetensorError) as error:
        # another process may have been faster: then the folder is there, and not empty
        if not target.is_dir():
            reason = getattr(error, "strerror", None) or error
            raise RunError(
                f"cannot write the model cache {target.parent}: {reason}; set DOCENDO_CACHE"
            ) from error
    return target


def _read(path: Path, dtype: "torch.dtype") -> tuple[Any, Any]:
    import transformers

    from docendo.engines.local.pretrained import load_pretrained

    _require_readers()
    location = {
        "pretrained_model_name_or_path": str(path.parent),
        "gguf_file": path.name,
    }
    of_model = {}
    # newer versions keep the blocks otherwise, and look for a program for them on the hub
    if hasattr(transformers, "GgufConfig"):
        of_model["quantization_config"] = transformers.GgufConfig(dequantize=True)
    try:
        model, tokenizer = load_pretrained(str(path), location, dtype, **of_model)
    except UserError as error:
        # of a file that was cut off, readers say that some number of bytes is wrong
        hint = "" if "supported" in str(error) else "; is the file whole?"
        raise UserError(f"{error}{hint}") from error

    # a model like any other from here on
    vars(model.config).pop("quantization_config", None)
    model.hf_quantizer = None
    return model, tokenizer
