"""From the settings of people to simulated ones."""

from docendo.config.load import Config
from docendo.errors import UserError, suggestion
from docendo.graders.answer import never_raises
from docendo.graders.unit_tests import UnitTestGrader
from docendo.humans.simulated import Person
from docendo.sandbox.monty import build_strict_monty

__all__ = ["build_person", "check_people"]


def build_person(config: Config, name: str, where: str) -> Person:
    """One of the config's simulated people.

    `where` is the setting that names it. Raises UserError for an unknown name.
    """
    if name not in config.people:
        raise UserError(f"{where}: no person {name!r}{suggestion(name, config.people)}")
    settings = config.people[name].model_dump()
    grader = never_raises(UnitTestGrader(build_strict_monty()))
    try:
        return Person(name=name, grader=grader, **settings)
    except UserError as error:
        raise UserError(f"[people.{name}]: {error}") from error


def check_people(config: Config) -> None:
    """Raises UserError for a person whose settings contradict each other."""
    for name in config.people:
        build_person(config, name, f"[people.{name}]")
