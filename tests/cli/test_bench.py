from dataclasses import fields
from pathlib import Path

import pytest

from docendo.cli.bench import Speed
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


@pytest.mark.usefixtures("small")
def test_bench_prints_tables_on_a_terminal(here: Path) -> None:
    done = docendo("bench", tiny_config(here), "--quick")
    assert done.code == 0, done.err
    assert "roofline" in done.out
    assert "times one agent" in done.out


def test_bench_refuses_a_misspelt_setting_as_wrong_use(here: Path) -> None:
    done = docendo("bench", "--set", "engine.rnk=3")
    assert done.code == 2
    assert "did you mean 'rank'" in done.err
