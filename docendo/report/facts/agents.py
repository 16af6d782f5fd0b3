"""What each agent of a run is made of, and what it lost to numbers that were not finite."""

from typing import Any, NamedTuple

from docendo.config.load import Config
from docendo.report.facts.metrics import read_owned_series
from docendo.store import RunDirectory

__all__ = ["NumericFault", "agent_settings", "numeric_faults"]


class NumericFault(NamedTuple):
    """What an agent lost because its own numbers were not finite.

    No other agent lost anything.
    """

    agent: str
    what: str
    times: int
    rounds: tuple[int, ...]


def agent_settings(config: Config) -> dict[str, dict[str, Any]]:
    """The domains of each agent, and all its settings that differ from the defaults."""
    settings = {}
    for name, agent in config.agents.items():
        # A long prompt comes last, where a reader may skip it.
        names = list(agent.model_dump(exclude_defaults=True))
        names.sort(key="system_prompt".__eq__)
        values = agent.model_dump(exclude_none=True)
        settings[name] = {"domains": agent.domains}
        for key in names:
            if key not in {"domain", "practice_domains"}:
                settings[name][key] = values[key]

    return settings


def numeric_faults(run: RunDirectory) -> list[NumericFault]:
    """Skipped steps and answers that broke off, by agent; empty if there was none."""
    faults = []
    for series in sorted(read_owned_series(run), key=lambda series: series.label):
        if series.kind not in {"nonfinite_steps", "nonfinite_answers"} or not series.owner:
            continue

        times = int(sum(series.values.values()))
        rounds = tuple(index for index, value in series.values.items() if value)
        what = "answers broken off"
        if series.kind == "nonfinite_steps":
            what = f"steps skipped ({series.measure})"
        if times:
            faults.append(NumericFault(series.owner, what, times, rounds))

    return faults
