"""What it is worth that a server computes requests together: 64 requests to 8 agents at once, and one after another.

    python benchmarks/serve.py
    python benchmarks/serve.py --requests 8 --agents 4 --tokens 8 --length 60

The server is `docendo serve`'s own, on this machine and spoken to over HTTP; every request has a prompt of its own and
an answer of exactly `--tokens` tokens. Both sides ask the same with the same seeds, and must get the same answers. In
the JSON, `ratio` is the throughput at once divided by that one after another.
"""

import asyncio
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import httpx2
from shapes import engine_with, prompts_of, report

from docendo.engines.local.engine import LocalEngine
from docendo.serving.app import ServingRules
from docendo.serving.completions import ServedPopulation
from docendo.serving.server import build_server, open_socket

_WARM = 8
"""Requests before the clock runs."""
TOKEN = "only-for-this-benchmark"  # noqa: S105


def options_of() -> Namespace:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--requests", type=int, default=64, help="in all (default %(default)s)"
    )
    parser.add_argument(
        "--agents", type=int, default=8, help="that they are for (default %(default)s)"
    )
    parser.add_argument(
        "--tokens", type=int, default=48, help="of each answer (default %(default)s)"
    )
    parser.add_argument(
        "--length",
        type=int,
        default=150,
        help="tokens of each prompt (default %(default)s)",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=1,
        help="of both sides, in turns; medians count (default %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="the last line printed is one JSON object"
    )
    return parser.parse_args()


@contextmanager
def served(population: ServedPopulation) -> Iterator[str]:
    with open_socket("127.0.0.1", 0) as bound:
        server = build_server(population, ServingRules(TOKEN))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [bound]}, daemon=True
        )
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        server.should_exit = True
        thread.join()


def bodies_of(options: Namespace, population: ServedPopulation) -> list[dict[str, object]]:
    """Neighbours are for different agents."""
    if not isinstance(population.backend, LocalEngine):
        raise TypeError("prompts of a length are made of the local engine's tokens")
    prompts = prompts_of(population.backend.tokens, options.requests, options.length)
    return [
        {
            "model": f"agent{i % options.agents}",
            "messages": [{"role": m.role, "content": m.content} for m in prompt],
            "max_tokens": options.tokens,
            "seed": i,
        }
        for i, prompt in enumerate(prompts)
    ]


async def asked(url: str, bodies: list[dict[str, object]], at_once: int) -> list[str]:
    """The answers, of which so many are under way at once."""
    turn, headers = asyncio.Semaphore(at_once), {"authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(headers=headers, timeout=3600) as client:

        async def one(body: dict[str, object]) -> str:
            async with turn:
                got = (
                    (await client.post(f"{url}/chat/completions", json=body))
                    .raise_for_status()
                    .json()
                )
            if got["usage"]["completion_tokens"] != body["max_tokens"]:
                raise ValueError(
                    f"an answer of {got['usage']['completion_tokens']} tokens, not {body['max_tokens']}"
                )
            return str(got["choices"][0]["message"]["content"])

        return await asyncio.gather(*map(one, bodies))


def main() -> None:
    options = options_of()
    population = ServedPopulation(engine_with(options.agents), {}, "benchmark")
    bodies, found, seconds = (
        bodies_of(options, population),
        dict[str, list[str]](),
        dict[str, list[float]](),
    )
    with served(population) as url:
        asyncio.run(asked(url, bodies[:_WARM], _WARM))
        for name, at_once in [
            ("together", options.requests),
            ("apart", 1),
        ] * options.repeats:
            start = time.perf_counter()
            found[name] = asyncio.run(asked(url, bodies, at_once))
            seconds.setdefault(name, []).append(time.perf_counter() - start)
    if found["together"] != found["apart"]:
        raise ValueError("the answers at once are not those one after another")
    rates = {
        name: options.requests * options.tokens / median(s) for name, s in seconds.items()
    }
    print(
        f"{options.requests} requests to {options.agents} agents, {options.tokens} tokens each"
    )
    print(f"at once            {rates['together']:7.0f} tokens/s")
    print(f"one after another  {rates['apart']:7.0f} tokens/s")
    ratio, unit = (
        rates["together"] / rates["apart"],
        "tokens/s, at once against one after another",
    )
    report(options, ratio=ratio, ours=rates["together"], theirs=rates["apart"], unit=unit)


if __name__ == "__main__":
    main()
