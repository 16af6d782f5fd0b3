"""What simulated people ask: problems by their interests, in their manner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from docendo.errors import UserError
from docendo.humans.simulated import Person
from docendo.interfaces import Source, Split
from docendo.prompts import in_manner
from docendo.records import Problem, TaskType

__all__ = ["InterestSource"]


@dataclass(frozen=True)
class InterestSource:
    """A person that asks problems of a source. Held-out problems stay as they are."""

    source: Source
    person: Person

    def __post_init__(self) -> None:
        if not self.levels:
            families = ", ".join(self.source.levels)
            raise UserError(
                f"{self.person.name} has no interest in {self.domain}, which has {families}"
            )

    @property
    def domain(self) -> str:
        return self.source.domain

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        """By family, for the families that the person is interested in."""
        return {
            family: levels
            for family, levels in self.source.levels.items()
            if self.person.interest(TaskType(self.domain, family, 0))
        }

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` different problems. Raises UserError where the source has not that many."""
        problems = self.source.draw(family, level, count, seed, split)
        # Evaluations of different people's runs stay comparable.
        if split == "held-out":
            return problems

        source = f"person:{self.person.name}"
        questions = []
        for problem in problems:
            prompt = in_manner(problem.prompt, self.person.manner)
            questions.append(replace(problem, prompt=prompt, source=source))

        return questions
