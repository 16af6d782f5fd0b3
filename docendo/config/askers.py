"""The tables of who asks."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from docendo.config.fields import Share, no_others, only
from docendo.parts import ConfigModel

__all__ = ["AskerConfig", "PersonConfig"]

_OWN: dict[str, set[str]] = {
    "file": {"file", "columns"},
    "function": {"file"},
    "gym": {"tasks"},
    "person": {"by"},
    "persona": {
        "by",
        "personas",
        "families",
        "file",
        "checked",
        "questions",
        "tries",
        "agreement",
        "study",
    },
}
"""The settings of each kind besides the kind itself."""


class AskerConfig(ConfigModel):
    kind: Literal["persona", "file", "function", "gym", "person"]
    """persona: a model that poses as people; file: rows; function: your own Python file; gym: reasoning-gym's tasks;
    person: a simulated one."""
    by: str = ""
    """Of persona: an agent, "base" or "endpoint:NAME"; of person: one of [people]."""
    personas: list[str] = []
    """Names of those whom it poses as; empty: all of them."""
    file: str | None = None
    """Of file: rows as in [domains.NAME] file; of function: a Python file; of persona: personas of your own."""
    columns: dict[str, str] = {}
    """Of file: as in [domains.NAME]."""
    families: list[str] = []
    """Of the domain, in which a persona asks; empty: all."""
    tasks: list[str] = []
    """Of gym: names of its tasks."""
    checked: str = "agreement"
    """agreement: others come to the asker's answer; program: the arithmetic in the question is worked out; or a Python
    file of your own with solve(question)."""
    questions: Annotated[int, Field(ge=2, le=64)] = 4
    """Of each round; they are compared with each other."""
    tries: Annotated[int, Field(ge=1, le=64)] = 2
    """Of every other agent at each admitted question."""
    agreement: Share = 0.25
    """The share of tries that must come to the asker's answer where no program checks it."""
    study: Share = 0.25
    """Questions to write that the asker imitates, as a share of the worked solutions that it studies or rehearses."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        no_others(self, self.kind, _OWN[self.kind])
        if self.kind in {"persona", "person"} and not self.by:
            raise ValueError(f"{self.kind} wants to know by whom, got no 'by'")
        if self.kind in {"file", "function"} and not self.file:
            raise ValueError(f"{self.kind} wants a file, got none")
        if self.kind == "gym" and not self.tasks:
            raise ValueError("gym wants the names of tasks, got none")
        return self

    @model_serializer(mode="wrap")
    def _own_settings(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return only(written(self), _OWN[self.kind])


class PersonConfig(ConfigModel):
    """A simulated person, for research."""

    tastes: dict[str, float] = {}
    """Weights of right, short, detailed, polite, lively and listed, of any sign."""
    noise: Annotated[float, Field(ge=0, le=100)] = 0.25
    """Temperature of its choices; 0 always takes what it likes better."""
    moods: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Standard deviation of every weight from one occasion to the next."""
    circle: list[str] = []
    """Three features or more, of which each beats the next and the last the first."""
    interests: dict[str, Annotated[float, Field(ge=0)]] = {}
    """By domain, family or "domain/family": what it asks about and cares for; empty: all alike."""
    manner: str = ""
    """With what its questions begin, or a text with {question} in it."""
    moody: dict[str, float] = {}
    """Weights instead of tastes on one half of all questions, always the same half."""
    ties: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Two answers whose worths differ by less are a tie."""
    bar: float | None = None
    """What an answer must be worth to be good; none: verdicts are 1/2 at 0, and two answers are never both bad."""
    among: bool = False
    """Whether a verdict is the share of the others' answers to the same question that it prefers the answer to."""
