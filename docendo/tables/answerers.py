"""The tables of what answerers are made of."""

from docendo.tables.fields import Table

__all__ = ["DataConfig", "EndpointConfig", "GrammarConfig"]


class GrammarConfig(Table):
    regex: str | None = None
    choice: list[str] | None = None
    json_schema: str | None = None
    """As a text."""
    lark: str | None = None
    """Exactly one of the four is given."""


class DataConfig(Table):
    """What an agent is made of."""


class EndpointConfig(Table):
    """An OpenAI-compatible server."""
