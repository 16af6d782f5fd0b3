"""The tables of who asks."""

from docendo.tables.fields import Table

__all__ = ["AskerConfig", "PersonConfig"]


class AskerConfig(Table):
    """One asker of the pool."""


class PersonConfig(Table):
    """A simulated person."""
