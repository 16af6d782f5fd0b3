"""Python that comes with a model or with data is not run, unless somebody says so in as many words."""

import json
import logging
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import torch

from docendo.build.backend import open_backend
from docendo.config.load import Config, load_config
from docendo.datasets.columns import Columns
from docendo.datasets.files import read_problems
from docendo.engines.local.base_model import load_base
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.engine import LocalEngine
from docendo.errors import UserError
from tests.engines.toys import CPU

CONFIGURATION = """
from pathlib import Path
from transformers import LlamaConfig
Path({canary!r}).write_text("configuration")
class TripwireConfig(LlamaConfig):
    model_type = "tripwire"
"""
MODELING = """
from pathlib import Path
from transformers import LlamaForCausalLM
from .configuration_tripwire import TripwireConfig
Path({canary!r}).write_text("modeling")
class TripwireForCausalLM(LlamaForCausalLM):
    config_class = TripwireConfig
"""
TOKENIZATION = """
from pathlib import Path
from transformers import PreTrainedTokenizerFast
Path({canary!r}).write_text("tokenization")
class TripwireTokenizer(PreTrainedTokenizerFast):
    pass
"""


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def folder(
    tmp_path: Path, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """A model whose part of that name has a file of its own, which leaves a trace where it is imported."""
    modules = tmp_path / "modules"
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(modules))
    monkeypatch.setattr(sys, "path", [*sys.path, str(modules)])

    def make(part: str) -> Path:
        model, tokenizer = build_tiny_model()
        model.save_pretrained(tmp_path / "model")
        tokenizer.save_pretrained(tmp_path / "model")
        name = {"model": "config.json", "tokenizer": "tokenizer_config.json"}[part]
        told = json.loads((tmp_path / "model" / name).read_text())
        if part == "model":
            told["model_type"] = "tripwire"
            told["auto_map"] = {
                "AutoConfig": "configuration_tripwire.TripwireConfig",
                "AutoModelForCausalLM": "modeling_tripwire.TripwireForCausalLM",
            }
        else:
            told["tokenizer_class"] = "TripwireTokenizer"
            told["auto_map"] = {
                "AutoTokenizer": [None, "tokenization_tripwire.TripwireTokenizer"]
            }
        (tmp_path / "model" / name).write_text(json.dumps(told))
        for file, code in (
            ("configuration", CONFIGURATION),
            ("modeling", MODELING),
            ("tokenization", TOKENIZATION),
        ):
            (tmp_path / "model" / f"{file}_tripwire.py").write_text(
                code.format(canary=str(canary))
            )
        return tmp_path / "model"

    return make


def opened(model: Path, folder: Path, trusted: str) -> LocalEngine:
    (folder / "c.toml").write_text(
        f'model = "{model}"\n[engine]\ndevice = "cpu"\ndtype = "float32"\nkernels = "torch"\n{trusted}\n'
        '[domains.mathematics]\nfamilies = { sums = [1] }\n[agents]\nann = { domain = "mathematics" }\n'
    )
    return open_backend(load_config(folder / "c.toml"))


def test_python_code_of_a_model_is_not_run_and_the_error_names_the_setting(
    folder: Callable[[str], Path], canary: Path, tmp_path: Path
) -> None:
    model = folder("model")
    for trusted in ("", "trust_remote_code = false"):
        with pytest.raises(
            UserError,
            match=r"brings Python files of its own; engine.trust_remote_code = true would run",
        ):
            opened(model, tmp_path, trusted)
    assert not canary.exists()


def test_python_code_of_a_tokenizer_is_not_run(
    folder: Callable[[str], Path], canary: Path, tmp_path: Path
) -> None:
    """A tokenizer that transformers can read without it is read without it."""
    model = folder("tokenizer")
    with suppress(UserError):
        opened(model, tmp_path, "")
    assert not canary.exists()


def test_trust_remote_code_runs_the_code_with_a_warning(
    folder: Callable[[str], Path],
    canary: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = folder("model")
    with caplog.at_level(logging.WARNING, "docendo"):
        engine = opened(model, tmp_path, "trust_remote_code = true")
    assert type(engine.base.model).__name__ == "TripwireForCausalLM"
    assert canary.read_text() == "modeling"
    assert "trust_remote_code is on" in caplog.text
    assert str(model) in caplog.text


def test_python_code_of_a_trusted_tokenizer_is_run(
    folder: Callable[[str], Path], canary: Path, tmp_path: Path
) -> None:
    opened(folder("tokenizer"), tmp_path, "trust_remote_code = true")
    assert canary.read_text() == "tokenization"


def test_trust_remote_code_is_off_by_default() -> None:
    assert Config().engine.trust_remote_code is False


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    """Loading the planted one would leave a trace."""
    model, tokenizer = build_tiny_model()
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    mark = tmp_path / "canary"
    planted = b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR."
    (tmp_path / "model" / "pytorch_model.bin").write_bytes(planted)
    with pytest.raises(UserError, match=r"cannot be loaded: .*safetensors"):
        load_base(str(tmp_path / "model"), torch.float32, CPU)
    assert not mark.exists()


def test_datasets_of_the_hub_need_a_library_version_that_runs_no_scripts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = types.ModuleType("datasets")
    old.__spec__ = ModuleSpec("datasets", None)
    old.__version__ = "3.6.0"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", old)
    with pytest.raises(
        UserError,
        match=r"hub:owner/name: datasets 3.6.0 runs scripts .* expected 4 or newer",
    ):
        read_problems("hub:owner/name", "d", Columns(question="q", answer="a"))


def test_a_script_in_a_dataset_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("datasets")
    mark, data = tmp_path / "canary", tmp_path / "owner" / "name"
    data.mkdir(parents=True)
    (data / "name.py").write_text(
        f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    )
    (data / "rows.jsonl").write_text('{"q": "1 + 1?", "a": "2"}\n')
    monkeypatch.chdir(tmp_path)
    with suppress(UserError):
        read_problems("hub:owner/name", "d", Columns(question="q", answer="a"))
    assert not mark.exists()
