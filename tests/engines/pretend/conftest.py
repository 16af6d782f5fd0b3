from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.pretend.cuda import pretend_gpu
from tests.engines.pretend.pair import Pair, open_pair
from tests.engines.toys import AGENTS, fresh


@pytest.fixture(scope="session")
def opened() -> Pair:
    return open_pair(lambda device: fresh(*AGENTS, device=device))


@pytest.fixture
def pair(opened: Pair, tmp_path: Path) -> Iterator[Pair]:
    """Three agents on both; whatever a test does to them is undone."""
    with pretend_gpu(opened.gpu):
        for name, engine in (("cpu", opened.on_cpu), ("gpu", opened.on_gpu)):
            engine.save(tmp_path / name)
        opened.gpu.reset()
        yield opened
        faults, opened.gpu.faults = opened.gpu.faults, []
        for name, engine in (("cpu", opened.on_cpu), ("gpu", opened.on_gpu)):
            engine.load(tmp_path / name)
    assert faults == []
