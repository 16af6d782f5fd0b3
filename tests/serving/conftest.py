from collections.abc import Iterator

import pytest

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.workers import Workers
from tests.engines.toys import AGENTS, fresh, vary
from tests.serving.toys import Served, served


@pytest.fixture(scope="session")
def engine() -> LocalEngine:
    return vary(fresh(*AGENTS), workers=Workers(2, 1))


@pytest.fixture(scope="session")
def server(engine: LocalEngine) -> Iterator[Served]:
    with served(engine) as made:
        yield made
