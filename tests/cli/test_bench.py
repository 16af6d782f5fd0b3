"""How near the engine comes to the limit of the machine, in JSON and in tables."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from docendo.cli.bench import Bench, Ceilings, Machine, PopulationBench, Speed
from tests.cli.toys import docendo, tiny_config


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ceilings of nothing much, in no time."""
    monkeypatch.setattr("docendo.engines.profiling.peak._SIZES", {"cpu": (64,)})
    monkeypatch.setattr("docendo.engines.profiling.peak._BYTES", 2**20)


@pytest.mark.usefixtures("small")
def test_bench_json_has_every_figure_under_its_name(here: Path) -> None:
    found = docendo("bench", tiny_config(here), "--quick", "--json").json
    assert list(found) == [
        *(
            "model",
            "machine",
            "ceilings",
            "limit",
            "sampling",
            "training",
            "agents",
            "peak_memory_bytes",
        )
    ]
    assert (found["model"], found["machine"]["device"], found["machine"]["dtype"]) == (
        "tiny",
        "cpu",
        "float32",
    )
    assert found["machine"]["threads"] >= 1
    assert min(found["ceilings"][name] for name in ("matrix_gflops", "memory_gbs")) > 0
    for name in ("sampling", "training"):
        assert list(found[name]) == [f.name for f in fields(Speed)]
        assert min(found[name].values()) > 0
        assert found[name]["rows"] == 64
    assert list(found["agents"]) == ["1", "2", "4", "8", "16"]
    assert all(
        list(a) == ["sampling_seconds", "training_seconds", "ratio"]
        for a in found["agents"].values()
    )
    assert min(a["ratio"] for a in found["agents"].values()) > 0
    assert found["agents"]["1"]["ratio"] == 1
    assert found["peak_memory_bytes"] >= 0
    assert [p.name for p in here.iterdir()] == ["tiny.toml"]


def test_bench_prints_tables_on_a_terminal(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = Speed(
        rows=64,
        seconds=0.5,
        median_seconds=0.625,
        tokens_per_second=1234.0,
        roofline_tokens_per_second=2468.0,
        share=0.5,
        matrix_share=0.25,
    )
    measured = Bench(
        model="tiny",
        machine=Machine(threads=2, device="cpu", dtype="float32"),
        ceilings=Ceilings(matrix_gflops=80.0, memory_gbs=12.5),
        limit="memory",
        sampling=speed,
        training=speed,
        agents={"16": PopulationBench(0.5, 1.0, 1.75)},
        peak_memory_bytes=3 * 2**29,
    )
    monkeypatch.setattr("docendo.cli.bench._measure", lambda config, quick: measured)

    done = docendo("bench", tiny_config(here), "--quick")
    assert done.code == 0, done.err
    assert "At most 80 GFLOP/s in matrix products, 12.5 GB/s from memory" in done.out
    assert re.search(r"sampling +64 +0\.500 +0\.625 +1\.23k +2\.47k +50% +25%", done.out)
    assert "a step of 64 rows is limited by memory; peak memory" in done.out
    assert re.search(r"16 +0\.500 +1\.000 +1\.75", done.out)


def test_bench_refuses_a_misspelt_setting_as_wrong_use(here: Path) -> None:
    done = docendo("bench", "--set", "engine.rnk=3")
    assert done.code == 2
    assert "did you mean 'rank'" in done.err
