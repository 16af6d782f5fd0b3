"""From the settings of people to simulated ones."""

from docendo.config import Config
from docendo.errors import UseError, nearest
from docendo.humans.simulated import Person

__all__ = ["person"]


def person(config: Config, name: str, where: str) -> Person:
    """One of the config's simulated people. Raises UseError, saying where it is named, for one that there is not."""
    if name not in config.people:
        raise UseError(f"{where}: no person {name!r}{nearest(name, config.people)}")
    p = config.people[name]
    try:
        return Person(name, p.tastes, p.noise, p.moods, p.circle, p.interests, p.manner)
    except UseError as error:
        raise UseError(f"[people.{name}]: {error}") from error
