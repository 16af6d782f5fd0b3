"""The compiled elementwise operations are checked before they are used."""

from types import SimpleNamespace

import pytest
import torch

from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.ops import ops_agree

DTYPES = [torch.float32, torch.bfloat16]


needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no C compiler"
)


@needs_compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled_functions_agree_with_pytorch(dtype: torch.dtype) -> None:
    library = load_kernels(dtype)
    assert library is not None
    assert ops_agree(library, dtype)


def test_the_selfcheck_notices_wrong_compiled_functions() -> None:
    names = [
        "normalise",
        "normalise_back",
        "gated",
        "gated_back",
        "soften_rows",
        "soften_back",
        "totals",
        "shares",
    ]
    wrong = SimpleNamespace(**dict.fromkeys(names, lambda *_: None))
    assert not ops_agree(wrong, torch.float32)  # type: ignore[arg-type]
