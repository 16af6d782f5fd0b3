"""The C functions are compiled once, kept, and done without where that fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from docendo.cache import cache_folder
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.autoselect import choose_kernels
from docendo.errors import UserError

DTYPES = [torch.float32, torch.bfloat16]


needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no C compiler"
)


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv("DOCENDO_CACHE", str(tmp_path))
    return tmp_path / "kernels"


@needs_compiler
def test_compiled_libraries_are_cached_by_number_format(
    empty_cache: Path,
) -> None:
    for dtype in (*DTYPES, *DTYPES):
        assert load_kernels(dtype) is not None
    kept = sorted(empty_cache.iterdir())
    assert [path.suffix for path in kept] == [".so", ".so"]


@needs_compiler
def test_a_damaged_compiled_library_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load_kernels(torch.float32) is not None
    damaged = tmp_path / "kernels"
    damaged.mkdir()
    for kept in (cache_folder() / "kernels").glob("*.so"):
        (damaged / kept.name).write_bytes(b"not a library")
    monkeypatch.setenv("DOCENDO_CACHE", str(tmp_path))
    assert load_kernels(torch.float32) is None


def broken(folder: Path, script: str) -> str:
    compiler = folder / "broken-cc"
    compiler.write_text(f"#!/bin/sh\n{script}\n")
    compiler.chmod(0o755)
    return str(compiler)


@pytest.mark.parametrize("script", ["exit 1", "exit 0"])
def test_without_a_working_compiler_pytorch_is_used(
    script: str, empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", broken(tmp_path, script))
    assert load_kernels(torch.float32) is None
    assert choose_kernels("auto", "cpu", "float32") == "torch"
    with pytest.raises(UserError, match="needs a C compiler"):
        choose_kernels("compiled", "cpu", "float32")
    monkeypatch.setenv("CC", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert load_kernels(torch.float32) is None


def test_a_library_cache_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DOCENDO_CACHE", str(tmp_path / "file"))
    assert load_kernels(torch.float32) is None
