"""From the settings of people to simulated ones."""

from docendo.config.load import Config
from docendo.errors import UserError, suggestion
from docendo.graders.answer import UnitTestGrader, never_raises
from docendo.humans.simulated import Person
from docendo.sandbox.monty import Sandbox

__all__ = ["build_person", "check_people"]


def build_person(config: Config, name: str, where: str) -> Person:
    """One of the config's simulated people. Raises UseError, saying where it is named, for one that there is not."""
    if name not in config.people:
        raise UserError(f"{where}: no person {name!r}{suggestion(name, config.people)}")
    p = config.people[name]
    try:
        return Person(
            name=name, grader=never_raises(UnitTestGrader(Sandbox())), **p.model_dump()
        )
    except UserError as error:
        raise UserError(f"[people.{name}]: {error}") from error


def check_people(config: Config) -> None:
    """Raises UseError for a person that cannot be."""
    for name in config.people:
        build_person(config, name, f"[people.{name}]")
