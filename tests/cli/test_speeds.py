"""The speeds of a plan are measured on worked solutions of the run's own domains."""

from docendo.build.backend import resolve_config
from docendo.build.catalog import read_catalog
from docendo.cli.speeds import measure_speeds
from docendo.config.load import load_config

TINY = (
    "model=tiny",
    "engine.device=cpu",
    "engine.dtype=float32",
    "engine.kernels=torch",
)


def test_speeds_and_lengths_come_from_the_worked_solutions() -> None:
    config = resolve_config(load_config(None, TINY))
    catalog = read_catalog(config)
    speeds, solutions = measure_speeds(config, catalog)

    assert {problem.domain for problem, _ in solutions} == catalog.sources.keys()
    assert len(solutions) == speeds.rows
    lengths = [len(completion.tokens) for _, completion in solutions]
    assert speeds.solution == sum(lengths) / len(lengths)
    assert min(speeds.sampled, speeds.trained, speeds.prompt, speeds.memory) > 0
    # two layers, two key-value heads of 12 numbers, keys and values, four bytes each
    assert speeds.column == 2 * 2 * 12 * 2 * 4
    assert min(speeds.training, speeds.sampling) > 0
