"""A population of the tiny model behind a real server on this machine."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from docendo.engines.local.engine import LocalEngine
from docendo.records import BASE
from docendo.serving.app import ServingRules
from docendo.serving.completions import ServedPopulation
from docendo.serving.scheduler import RequestScheduler
from docendo.serving.server import build_server, open_socket
from tests.engines.toys import ANN

TOKEN = "a-token-for-tests-only"  # noqa: S105


@dataclass(frozen=True)
class Served:
    url: str
    scheduler: RequestScheduler

    def client(self, token: str = TOKEN) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=30
        )

    def ask(self, **body: object) -> httpx2.Response:
        with self.client() as client:
            return client.post("/v1/chat/completions", json=chat(**body))


def chat(**body: object) -> dict[str, object]:
    """A request to ann, with changes."""
    question = [{"role": "user", "content": "two and two?"}]
    return {"model": "ann", "messages": question, "max_tokens": 8, "seed": 1} | body


@contextmanager
def served(engine: LocalEngine, **rules: int | float) -> Iterator[Served]:
    population = ServedPopulation(engine, {BASE: "Be brief.", ANN: "Be ann."}, "toys", 7)
    with open_socket("127.0.0.1", 0) as bound:
        server = build_server(population, ServingRules(TOKEN, **rules))  # type: ignore[arg-type]
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [bound]}, daemon=True
        )
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            scheduler = server.config.app.app.state.scheduler  # type: ignore[union-attr]
            yield Served(f"http://127.0.0.1:{bound.getsockname()[1]}", scheduler)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
