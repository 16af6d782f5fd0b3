"""Toy models are too small to share among threads, which would mostly wait for each other. No test is timed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from docendo.engines.local.process import prepare_process

os.environ.setdefault("OMP_NUM_THREADS", "1")
prepare_process()
# Forty examples of a property in every run, a hundred where somebody asks for them.
settings.register_profile("docendo", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("DOCENDO_EXAMPLES", "docendo"))


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a user's Python file, and says where it is."""

    def write(code: str) -> Path:
        (tmp_path / "mine.py").write_text(code)
        return tmp_path / "mine.py"

    return write
