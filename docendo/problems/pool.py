"""Several askers as one, and what askers that are models have had admitted so far."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, NamedTuple

from docendo.errors import UserError
from docendo.interfaces import Source, Split
from docendo.records import Problem, TaskType, problem_of
from docendo.seeds import seed_for

__all__ = ["AcceptedQuestions", "AskerPool", "PoolMember"]


class PoolMember(NamedTuple):
    source: Source
    weight: float


@dataclass(frozen=True)
class AskerPool:
    """A weighted mixture of askers, itself an asker. It has all families of its members.

    Each problem comes from one of the members that have its family and level, by weight; where one of them has too few,
    the others make up for it.
    """

    domain: str
    members: Mapping[str, PoolMember]

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, set[int]] = {}
        for member in self.members.values():
            for family, levels in member.source.levels.items():
                found.setdefault(family, set()).update(levels)
        return {family: sorted(levels) for family, levels in found.items()}

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` problems with different keys. Raises UseError where all members together have not that many."""
        able = [
            n
            for n, m in self.members.items()
            if m.weight > 0 and level in m.source.levels.get(family, ())
        ]
        if not able:
            raise UserError(f"{self.domain} has no asker for {family} level {level}")
        able.sort(key=lambda n: -self.members[n].weight)
        shares = Counter(
            Random(seed).choices(able, [self.members[n].weight for n in able], k=count)
        )
        found: dict[str, Problem] = {}
        fault: UserError | None = None
        for name, share in [
            *((n, shares[n]) for n in able if shares[n]),
            *((n, count) for n in able),
        ]:
            if len(found) >= count:
                break
            try:
                drawn = self.members[name].source.draw(
                    family, level, share, seed_for(seed, name, share), split
                )
            except UserError as error:
                fault = error
                continue
            fresh = [p for p in drawn if p.key not in found]
            found |= {p.key: p for p in fresh[: count - len(found)]}
        if len(found) < count:
            raise fault or UserError(
                f"{self.domain}/{family} level {level} has only {len(found)} problems, not {count}"
            )
        problems = list(found.values())
        Random(seed_for(seed, "order")).shuffle(problems)
        return problems


@dataclass
class AcceptedQuestions:
    """Questions that passed the gate: a source of training problems that grows. Held-out problems it has none."""

    domain: str
    size: int = 500
    """Kept of each kind; the oldest leave."""
    problems: dict[TaskType, dict[str, Problem]] = field(default_factory=dict)

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {}
        for kind in sorted(self.problems):
            found.setdefault(kind.family, []).append(kind.level)
        return found

    def admit(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            shelf = self.problems.setdefault(problem.kind, {})
            shelf[problem.key] = problem
            while len(shelf) > self.size:
                del shelf[next(iter(shelf))]

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different questions. Raises UseError where fewer were admitted so far."""
        shelf = (
            list(self.problems.get(TaskType(self.domain, family, level), {}).values())
            if split == "train"
            else []
        )
        if len(shelf) < count:
            raise UserError(
                f"{self.domain}/{family} level {level} has {len(shelf)} admitted questions, not {count}"
            )
        return Random(seed).sample(shelf, count)

    def state(self) -> list[dict[str, Any]]:
        """JSON from which `restore` makes an equal object."""
        return [
            asdict(problem)
            for shelf in self.problems.values()
            for problem in shelf.values()
        ]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        self.problems = {}
        self.admit([problem_of(fields) for fields in state])
