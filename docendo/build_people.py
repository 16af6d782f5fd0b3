"""From the settings of people to simulated ones."""

from docendo.config import Config
from docendo.errors import UseError, nearest
from docendo.graders.grading import ByTests, guarded
from docendo.graders.sandbox import Sandbox
from docendo.humans.simulated import Person

__all__ = ["check_people", "person"]


def person(config: Config, name: str, where: str) -> Person:
    """One of the config's simulated people. Raises UseError, saying where it is named, for one that there is not."""
    if name not in config.people:
        raise UseError(f"{where}: no person {name!r}{nearest(name, config.people)}")
    p = config.people[name]
    try:
        return Person(name=name, grader=guarded(ByTests(Sandbox())), **p.model_dump())
    except UseError as error:
        raise UseError(f"[people.{name}]: {error}") from error


def check_people(config: Config) -> None:
    """Raises UseError for a person that cannot be."""
    for name in config.people:
        person(config, name, f"[people.{name}]")
