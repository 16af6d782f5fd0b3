"""Parts that exist in Python only: values that replace what a config would build."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from docendo.backend import Backend
from docendo.errors import UserError
from docendo.interfaces import Curriculum, Evaluator, Matchmaker, Reward, Source, Tracker
from docendo.learning.baselines import Baseline
from docendo.school import League, SFTData
from docendo.teaching.classroom import Classroom

__all__ = ["Parts"]


@dataclass(frozen=True)
class Parts:
    """Values for places of a run; a place that is left out is built from the config.

    A run keeps the names of the parts that it was opened with in its provenance, and can only be
    resumed by whoever passes parts for the same places.
    """

    reward: Reward | None = None
    baseline: Baseline | None = None
    loss: Any | None = None
    matchmaker: Matchmaker | None = None
    practice_curriculum: Curriculum | None = None
    sft_data: SFTData | None = None
    backend: Backend | None = None
    """Without agents but the base; the learners are added."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Sources of problems by domain; each of the domains must be in the config, too."""
    evaluators: Mapping[str, Evaluator] = field(default_factory=dict)
    """Evaluators by domain."""
    trackers: Sequence[Tracker] = ()
    """Further trackers. They only watch: a run can be resumed without them."""

    def describe(self) -> dict[str, str]:
        """Place -> the type that fills it, as ``module.Class``; domains' parts as ``sources.DOMAIN``."""
        described: dict[str, str] = {}
        for place in fields(self):
            if place.name == "trackers":
                continue
            value = getattr(self, place.name)
            if isinstance(value, Mapping):
                for name, part in value.items():
                    described[f"{place.name}.{name}"] = _name_of(part)
            elif value is not None:
                described[place.name] = _name_of(value)
        return described

    def fill_league(self, league: League) -> League:
        """The league with the parts that belong to it."""
        if self.matchmaker is not None:
            league = replace(league, matchmaker=self.matchmaker)
        if self.practice_curriculum is not None:
            league = replace(league, practice_curriculum=self.practice_curriculum)
        return league

    def fill_classroom(self, classroom: Classroom) -> Classroom:
        """The classroom with the evaluators that belong to it. Raises UserError for unknown domains."""
        unknown = set(self.evaluators) - set(classroom.evaluators)
        if unknown:
            domains = ", ".join(sorted(classroom.evaluators))
            raise UserError(
                f"parts.evaluators: no domain {min(unknown)!r}; known: {domains}"
            )
        if not self.evaluators:
            return classroom
        return replace(classroom, evaluators={**classroom.evaluators, **self.evaluators})


def _name_of(part: object) -> str:
    kind = part if hasattr(part, "__qualname__") else type(part)
    return f"{kind.__module__}.{kind.__qualname__}"
