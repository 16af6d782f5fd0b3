"""Simulated people as askers."""

from typing import Any

from docendo.errors import UserError
from docendo.humans.interests import InterestSource
from docendo.interfaces import Source
from docendo.parts import PartConfig

__all__ = ["PersonAskerConfig"]


class PersonAskerConfig(PartConfig):
    """A simulated person that asks the domain's own problems, by its interests."""

    type: str = "person"
    person: str
    """Name of one of [people]."""

    def build(self, context: Any = None) -> Source:
        person = context.find_person(self.person)
        if context.own_source is None:
            raise UserError(
                "a simulated person asks what the domain has, "
                f"and {context.domain} has nothing of its own"
            )
        return InterestSource(context.own_source, person)
