"""Several askers as one source, and the questions of models that were accepted so far."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
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

        # First by weight; then whoever has more makes up for members that have too few. Members
        # may have the same problem, which counts once.
        problems: dict[str, Problem] = {}
        by_weight = [(name, shares[name]) for name in names if shares[name]]
        top_up = [(name, count) for name in names]
        for name, share in (*by_weight, *top_up):
            if len(problems) == count:
                break
            member_seed = seed_for(seed, name, share)
            source = self.members[name].source
            try:
                drawn = source.draw(family, level, share, member_seed, split)
            except UserError:
                # only drawing can tell how many problems a member has
                continue
            for problem in drawn:
                if len(problems) < count:
                    problems.setdefault(problem.key, problem)

        if len(problems) < count:
            raise UserError(
                f"{self.domain}/{family} level {level}: its askers have only {len(problems)} "
                f"{split} problems, not {count}"
            )
        # shuffled, or each member's problems would stand together
        shuffled = list(problems.values())
        Random(seed_for(seed, "order")).shuffle(shuffled)
        return shuffled

    def _weights(self, family: str, level: int) -> dict[str, float]:
        """The weights of the members that have this family and level, the largest first."""
        weights = {}
        for name, (source, weight) in self.members.items():
            if weight > 0 and level in source.levels.get(family, ()):
                weights[name] = weight
        return dict(sorted(weights.items(), key=lambda item: -item[1]))


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
            if len(questions) > self.size:
                oldest = next(iter(questions))
                del questions[oldest]

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different questions.

        Raises UserError where fewer were accepted so far.
        """
        # nothing held out: agents were trained on what they asked and tried
        questions = []
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
        by_task_type = [questions.values() for questions in self.problems.values()]
        return list(map(asdict, chain.from_iterable(by_task_type)))

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        self.problems = {}
        self.add(list(map(problem_of, state)))
