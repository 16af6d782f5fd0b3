"""Who does well with whom: decayed means of gains and of scores without a lesson."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from docendo.records import AgentId, Episode

__all__ = ["LiveStandings", "Tally"]


@dataclass
class Tally:
    """A decayed mean. `weight` is the evidence left of all that was seen."""

    total: float = 0.0
    weight: float = 0.0

    def add(self, value: float, decay: float) -> None:
        self.total = decay * self.total + value
        self.weight = decay * self.weight + 1.0

    @property
    def mean(self) -> float:
        return self.total / self.weight if self.weight else 0.0


@dataclass
class LiveStandings:
    decay: float = 0.95
    """Multiplies the evidence with each new lesson of a pair or attempt of a student alone; 1 never forgets."""
    gains: dict[str, Tally] = field(default_factory=dict)
    alones: dict[str, Tally] = field(default_factory=dict)

    def gain(self, teacher: AgentId, student: AgentId, domain: str) -> float:
        return self.gains.get(_key(teacher, student, domain), Tally()).mean

    def alone(self, student: AgentId, family: str, level: int) -> tuple[float, float]:
        tally = self.alones.get(_key(student, family, str(level)), Tally())
        return tally.mean, tally.weight

    def record(self, episodes: Sequence[Episode]) -> None:
        """Take in a round. Controls count once a match, however many lessons share them."""
        seen = set()
        for e in episodes:
            m = e.match
            if e.gain is not None:
                self.gains.setdefault(_key(m.teacher, m.student, m.domain), Tally()).add(e.gain, self.decay)
            once = m, e.lesson.problems, e.test
            if once not in seen:
                seen.add(once)
                tally = self.alones.setdefault(_key(m.student, f"{m.domain}/{m.family}", str(m.level)), Tally())
                for attempt in e.control:
                    tally.add(attempt.verdict.score, self.decay)

    def state(self) -> dict[str, dict[str, list[float]]]:
        """JSON from which `restore` makes an equal object."""
        return {
            "gains": {k: [t.total, t.weight] for k, t in self.gains.items()},
            "alones": {k: [t.total, t.weight] for k, t in self.alones.items()},
        }

    def restore(self, state: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
        self.gains = {k: Tally(*v) for k, v in state["gains"].items()}
        self.alones = {k: Tally(*v) for k, v in state["alones"].items()}


def _key(*parts: str) -> str:
    return "|".join(parts)
