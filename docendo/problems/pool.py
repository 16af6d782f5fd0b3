"""Several askers as one source, and the questions of models that were accepted so far."""

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
    """A weighted mixture of askers, itself a source with the families of all its members.

    Each problem comes from a member that has its family and level, chosen by weight. Where
    a member has too few problems, the others make up for it.
    """

    domain: str
    members: Mapping[str, PoolMember]

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        levels_by_family: dict[str, set[int]] = {}
        for member in self.members.values():
            for family, levels in member.source.levels.items():
                levels_by_family.setdefault(family, set()).update(levels)
        return {family: sorted(levels) for family, levels in levels_by_family.items()}

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` problems with different keys.

        Raises UserError where the members have fewer.
        """
        weights = self._weights(family, level)
        if not weights:
            raise UserError(f"{self.domain} has no asker for {family} level {level}")
        names = list(weights)
        shares = Counter(Random(seed).choices(names, list(weights.values()), k=count))

        # First by weight; then whoever has more makes up for members that have too few.
        problems: dict[str, Problem] = {}
        by_weight = [(name, shares[name]) for name in names if shares[name]]
        top_up = [(name, count) for name in names]
        for name, share in (*by_weight, *top_up):
            if len(problems) == count:
                break
            source = self.members[name].source
            member_seed = seed_for(seed, name, share)
            for problem in _draw_all_or_none(
                source, TaskType(self.domain, family, level), share, member_seed, split
            ):
                if len(problems) < count:
                    problems.setdefault(problem.key, problem)

        if len(problems) < count:
            raise UserError(
                f"{self.domain}/{family} level {level}: its askers have only {len(problems)} "
                f"{split} problems, not {count}"
            )
        shuffled = list(problems.values())
        Random(seed_for(seed, "order")).shuffle(shuffled)
        return shuffled

    def _weights(self, family: str, level: int) -> dict[str, float]:
        """The weights of the members that have this family and level, the largest first."""
        weights = {
            name: member.weight
            for name, member in self.members.items()
            if member.weight > 0 and level in member.source.levels.get(family, ())
        }
        return dict(sorted(weights.items(), key=lambda item: -item[1]))


def _draw_all_or_none(
    source: Source, task_type: TaskType, count: int, seed: int, split: Split
) -> list[Problem]:
    """`count` problems; none where the source has fewer.

    Only drawing can tell how many it has.
    """
    try:
        return source.draw(task_type.family, task_type.level, count, seed, split)
    except UserError:
        return []


@dataclass
class AcceptedQuestions:
    """Questions that passed the gate: a growing source of training problems, none held out."""

    domain: str
    size: int = 500
    """How many questions of each task type are kept; the oldest leave."""
    problems: dict[TaskType, dict[str, Problem]] = field(default_factory=dict)
    """By task type and key, the oldest first."""

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        levels_by_family: dict[str, list[int]] = {}
        for task_type in sorted(self.problems):
            levels_by_family.setdefault(task_type.family, []).append(task_type.level)
        return levels_by_family

    def add(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            questions = self.problems.setdefault(problem.task_type, {})
            questions[problem.key] = problem
            while len(questions) > self.size:
                oldest = next(iter(questions))
                del questions[oldest]

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different questions.

        Raises UserError where fewer were accepted so far.
        """
        questions: list[Problem] = []
        if split == "train":
            task_type = TaskType(self.domain, family, level)
            questions = list(self.problems.get(task_type, {}).values())
        if len(questions) < count:
            raise UserError(
                f"{self.domain}/{family} level {level} has {len(questions)} accepted questions, "
                f"not {count}"
            )
        return Random(seed).sample(questions, count)

    def state(self) -> list[dict[str, Any]]:
        """JSON from which `restore` makes an equal object."""
        questions = [q for by_key in self.problems.values() for q in by_key.values()]
        return [asdict(question) for question in questions]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        self.problems = {}
        self.add([problem_of(fields) for fields in state])
