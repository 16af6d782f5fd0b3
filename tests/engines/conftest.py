from collections.abc import Iterator

import pytest
import torch

from docendo.engines.local.engine import LocalEngine
from tests.engines.toys import AGENTS, fresh


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """With two threads the order of sums, and so the last bit, is not always the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def engine() -> LocalEngine:
    """Shared: sample from it, never change a weight."""
    return fresh(*AGENTS)
