"""A school of three whose backend remembers what it is asked to label."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from docendo.learning.groups import Practice
from docendo.records import BASE, AgentId, Episode, Example, Label, Problem, Target
from docendo.school import Round, School
from tests.school_toys import RecordingKeeper, make
from tests.toys import (
    ANN,
    BOB,
    CAT,
    Script,
    attempts,
    problem,
    wrong,
)

SMALL = problem().task_type


@dataclass
class LabellingKeeper(RecordingKeeper):
    """A target's prompt is its messages as bytes; a label's hidden states are the target that was read."""

    asked: list[tuple[str, Target]] = field(default_factory=list)
    agents: Sequence[AgentId] = (BASE, ANN, BOB, CAT)
    refuses: AgentId | None = None

    def target(self, example: Example) -> Target:
        prompt = "\n".join(m.content for m in example.messages)
        return Target(
            example.agent,
            tuple(prompt.encode()),
            tuple(example.text.encode()),
            example.weight,
        )

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        self.asked += [(purpose, target) for target in targets]
        return [None if t.agent == self.refuses else Label(t) for t in targets]


def school(script: Script = wrong, **parts: Any) -> School:
    made = make(script, **parts)
    instructions = {
        **made.classroom.instructions,
        BASE: "You are base.",
        AgentId("guest"): "You are a guest.",
    }
    return replace(
        made,
        backend=LabellingKeeper(),
        classroom=replace(made.classroom, instructions=instructions),
    )


def played(episodes: Sequence[Episode] = (), practice: Sequence[Practice] = ()) -> Round:
    return Round(3, episodes, practice)


def practice(number: int = 700, *scores: float, agent: AgentId = ANN) -> Practice:
    return Practice(agent, problem(number), attempts(*scores))


def record(school: School, agent: AgentId, score: float, of: Problem = problem()) -> None:  # noqa: B008
    """Much practice with this mean score."""
    outcome = (agent, of.task_type, score)
    school.league.standings.record_practice([outcome] * 50, 0)


def read(tokens: Sequence[int]) -> str:
    return bytes(tokens).decode()
