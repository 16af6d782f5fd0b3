"""`docendo plan`: a few seconds of the real thing, multiplied by the counts of the settings."""

from dataclasses import asdict
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from docendo.cli.options import AsJson, ConfigFile, Settings
from docendo.cli.output import amount, notice, show, show_json, table, title
from docendo.cli.runs import load_catalog
from docendo.errors import RunError
from docendo.formatting import compact, duration

if TYPE_CHECKING:
    from docendo.cli.estimate import RunEstimate, Speeds

__all__ = ["plan"]

_COLUMNS = (
    "rounds",
    "answers",
    "examples",
    "sampled",
    "trained on",
    "about FLOP",
    "a round",
    "minutes",
)


def plan(
    config_file: ConfigFile = None, settings: Settings = None, as_json: AsJson = False
) -> None:
    """Estimate time, tokens, memory and disk.

    Measures this machine for a few seconds. The counts are upper bounds, the times rough, and
    the size of the database is an estimate. --set shows what a change would cost. Exits with
    1 where the disk of the current folder has too little room.
    """
    from docendo.config.load import load_config

    config = load_config(config_file, tuple(settings or ()))
    catalog = load_catalog(config)

    from docendo.build.backend import resolve_config
    from docendo.cli.estimate import estimate
    from docendo.cli.speeds import measure_speeds

    resolved = resolve_config(config)
    model = {
        "model": resolved.model,
        "device": resolved.engine.device,
        "dtype": resolved.engine.dtype,
    }
    notice("measuring {model} in {dtype} on {device} ...".format(**model))
    speeds, solutions = measure_speeds(resolved, catalog)
    costs = estimate(resolved, catalog, speeds, solutions)

    free = disk_usage(Path()).free
    if as_json:
        totals = {
            "seconds": costs.seconds,
            "tokens": costs.tokens,
            "disk": costs.disk,
            "free": free,
        }
        show_json({**model, "speeds": asdict(speeds), **asdict(costs), **totals})
    else:
        _show(costs, speeds)
    # after the numbers are shown: they say what to change
    if costs.disk > free:
        raise RunError(
            f"the run needs {amount(costs.disk)} of disk, and here {amount(free)} are free"
        )


def _show(costs: "RunEstimate", speeds: "Speeds") -> None:

    rows = table(["stage"], _COLUMNS)
    for stage in costs.stages:
        flops_of_round = stage.flops / stage.rounds if stage.rounds else 0.0
        rows.add_row(
            stage.name,
            f"{stage.rounds}",
            f"{stage.answers:,}",
            f"{stage.examples:,}",
            compact(stage.sampled_tokens),
            compact(stage.trained_tokens),
            compact(stage.flops),
            compact(flops_of_round),
            f"{stage.seconds / 60:.1f}",
        )

    show(
        title("At most"),
        rows,
        f"\nabout {duration(costs.seconds)}, {compact(costs.tokens)} tokens, "
        f"{amount(costs.memory)} of memory, {amount(costs.disk)} of disk, "
        f"{amount(costs.database)} of it the database",
        "sampled, trained on: tokens; FLOP: operations as a study's budget counts them, "
        "without evaluations",
        f"measured: {compact(speeds.sampled)} tokens/s sampled, "
        f"{compact(speeds.trained)} tokens/s trained on",
    )
