"""Compiled functions are chosen where they are faster."""

import pytest
import torch

from docendo.engines.cpu.library import load_kernels
from docendo.engines.local import autoselect as choice
from docendo.engines.local.autoselect import choose_kernels
from docendo.errors import UserError

needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no C compiler"
)


def test_compiled_functions_are_for_cpus_only() -> None:
    assert choose_kernels("auto", "cuda", "bfloat16") == "torch"
    with pytest.raises(UserError, match="for processors, not for mps"):
        choose_kernels("compiled", "mps", "float32")


@needs_compiler
@pytest.mark.parametrize("paying", [True, False])
def test_compiled_functions_are_chosen_where_they_are_faster(
    paying: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "is_faster", lambda library, dtype, threads: paying)
    assert choose_kernels("auto", "cpu", "float32") == ("compiled" if paying else "torch")
    assert choose_kernels("torch", "cpu", "float32") == "torch"
    assert choose_kernels("compiled", "cpu", "float32") == "compiled"
