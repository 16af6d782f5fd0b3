"""The settings of the local backend load no model and no PyTorch until they are built."""

import subprocess
import sys

import torch

from docendo.backend import BackendSettings
from docendo.engines.local.backend_config import LocalBackendConfig
from docendo.records import BASE


def test_naming_the_local_backend_imports_no_torch() -> None:
    code = (
        "import sys; from docendo.parts import parse_part; "
        "parse_part('backend', 'local'); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_local_backend_is_built_from_the_settings_of_a_run() -> None:
    settings = BackendSettings(
        model="tiny",
        rank=3,
        alpha=6.0,
        dtype="bfloat16",
        device="cpu",
        kernels="torch",
        max_num_seqs=5,
        max_tokens_per_microbatch=64,
        trust_remote_code=False,
        chat={},
    )
    backend = LocalBackendConfig().build(settings)
    assert list(backend.agents) == [BASE]
    assert backend.bank.rank == 3  # type: ignore[attr-defined]
    assert backend.bank.dtype == torch.bfloat16  # type: ignore[attr-defined]
    assert backend.limits.max_num_seqs == 5  # type: ignore[attr-defined]
