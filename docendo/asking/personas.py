"""Personas that a model may ask as, read from TOML, and the settings of such an asker."""

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from docendo.errors import UserError, suggestion
from docendo.parts import PartConfig
from docendo.problems.pool import AcceptedQuestions

__all__ = ["Persona", "PersonaAskerConfig", "read_personas"]

_MAX_LENGTH = 80


class Persona(NamedTuple):
    name: str
    who: str
    """Name, age, what the person does and where."""
    expertise: str
    interest: str
    manner: str

    @property
    def description(self) -> str:
        """What a model reads about whom it asks as, after ``You are``."""
        return (
            f"{self.who}. You know {self.expertise}, care for {self.interest}, "
            f"and are {self.manner}."
        )


class PersonaAskerConfig(PartConfig):
    """A model that asks as one of several personas.

    A gate checks its questions, and other agents try them.
    """

    type: str = "persona"
    model: str
    """Model that writes: an agent, "base" or "endpoint:NAME"."""
    personas: list[str] = Field(default_factory=list)
    """Names of personas. Empty: all of them."""
    families: list[str] = Field(default_factory=list)
    """Families to ask about. Empty: all families of the domain."""
    file: str | None = None
    """TOML file with your own personas. Default: the 26 that come with docendo."""
    verify: str = "agreement"
    """Check of the asker's answer. "agreement": enough other agents reach it. "program":
    the question's arithmetic gives it. Or your Python file with solve(question)."""
    questions: Annotated[int, Field(ge=2, le=64)] = 4
    """Questions per round. They are compared with each other."""
    answer_attempts: Annotated[int, Field(ge=1, le=64)] = 2
    """Attempts of every other agent at each accepted question."""
    agreement: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Minimum share of attempts that reach the asker's answer, for `verify =
    "agreement"`."""
    sft_fraction: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Requests to imitate, as a fraction of the worked solutions that the asker trains
    on."""

    def build(self, context: Any = None) -> AcceptedQuestions:
        """A source that is empty at first: questions come in while the run goes on."""
        return AcceptedQuestions(context.domain)

    def file_settings(self) -> dict[str, str]:
        settings = {}
        if self.file:
            settings["file"] = self.file
        if self.verify.endswith(".py"):
            settings["verify"] = self.verify
        return settings


def read_personas(names: Sequence[str] = (), path: Path | None = None) -> list[Persona]:
    """The personas of these names, all where none is named.

    They are the shipped ones, or those of a user's file.

    Raises UserError for a file that cannot be read or has another form, and for an unknown
    name.
    """
    where = str(path or "the shipped personas")
    try:
        source = path or files("docendo.asking").joinpath("personas.toml")
        table = tomllib.loads(source.read_text())
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{where}: is not TOML: {error}") from error

    personas = {name: _parse_persona(name, fields, where) for name, fields in table.items()}
    for name in names:
        if name not in personas:
            raise UserError(f"{where}: no persona {name!r}{suggestion(name, personas)}")
    return [personas[name] for name in names or personas]


def _parse_persona(name: str, fields: object, where: str) -> Persona:
    expected = Persona._fields[1:]
    if not isinstance(fields, dict) or set(fields) != set(expected):
        actual = ", ".join(map(str, fields)) if isinstance(fields, dict) else repr(fields)
        raise UserError(
            f"{where} [{name}]: a persona has {', '.join(expected)}; got {actual[:_MAX_LENGTH]}"
        )

    # each text goes into prompts: one short line, so that it cannot look like another turn
    for key, text in fields.items():
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_LENGTH or "\n" in text:
            raise UserError(
                f"{where} [{name}] {key}: expected a line of at most {_MAX_LENGTH} characters, "
                f"got {str(text)[:60]!r}"
            )
    return Persona(name, *(fields[key] for key in expected))
