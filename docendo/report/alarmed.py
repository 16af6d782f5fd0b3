"""What the detectors found in a run, and which alarms that raised."""

from math import isfinite
from typing import NamedTuple

from pydantic import ValidationError

from docendo.alarms.detectors import findings
from docendo.alarms.rules import recent
from docendo.build_alarms import rules_of
from docendo.report.tables import settings
from docendo.store import RunDirectory
from docendo.tables import AlarmsConfig

__all__ = ["Watched", "watched"]


class Watched(NamedTuple):
    """One detector on one agent."""

    alarm: str
    agent: str
    now: float
    """Share over the newest window of rounds; of growth, by how much texts grew."""
    most: float
    """The largest such share."""
    limit: float
    raised: tuple[int, ...]
    """Rounds after which the alarm was raised."""
    stops: bool
    """Whether it ends the run."""
    example: str
    """Why a text of the first such round was found, where the text says it itself."""


def watched(run: RunDirectory) -> list[Watched]:
    """Everything that was looked at, the raised alarms first; empty for a run in which nothing was."""
    rules = rules_of(_settings(run))
    metrics = run.metrics()
    series = {
        name: [(r, v) for r, v in told if isfinite(v)] for name, told in metrics.items() if name.startswith("alarm/")
    }
    found = []
    for metric, told in series.items():
        _, name, agent = metric.split("/", 2)
        if name not in rules.limits or not told:
            continue
        window = 1 if name == "growth" else rules.window
        shares = {r: recent(told[: i + 1], window) for i, (r, _) in enumerate(told)}
        rounds = tuple(r for r, share in shares.items() if share > rules.limits[name])
        example = _example(run, name, agent, rounds[0]) if rounds else ""
        newest = told[-1][0]
        stops = name in rules.stop and newest in rounds
        found.append(
            Watched(name, agent, shares[newest], max(shares.values()), rules.limits[name], rounds, stops, example)
        )
    return sorted(found, key=lambda w: (not w.raised, w.alarm, w.agent))


def _settings(run: RunDirectory) -> AlarmsConfig:
    """The run's own; the defaults where they cannot be read."""
    try:
        return AlarmsConfig.model_validate(settings(run, "alarms"))
    except ValidationError:
        return AlarmsConfig()


def _example(run: RunDirectory, name: str, agent: str, index: int) -> str:
    found = findings(list(run.episodes(round=index)))
    return next((f.why for f in found if (f.alarm, f.agent) == (name, agent)), "")
