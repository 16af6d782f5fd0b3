"""The tables of what answerers are made of."""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from docendo.tables.fields import Table

__all__ = ["DataConfig", "EndpointConfig", "GrammarConfig"]


class GrammarConfig(Table):
    regex: str | None = None
    """Of Rust's kind, without look-around."""
    choice: list[str] | None = None
    """One of these texts."""
    json_schema: str | None = None
    """JSON of this schema, without white space between its parts."""
    lark: str | None = None
    """A grammar in llguidance's variant of Lark. Exactly one of the four is given."""
    free: Annotated[int, Field(ge=0, le=4096)] = 0
    """Tokens of any text before a line `Answer: ` and what regex or choice says; 0: they say the whole answer."""

    @property
    def source(self) -> tuple[Literal["regex", "choice", "json", "lark"], str]:
        """The kind of grammar, and its text."""
        if self.choice is not None:
            return "choice", json.dumps(self.choice)
        if self.json_schema is not None:
            return "json", self.json_schema
        return ("lark", self.lark) if self.lark is not None else ("regex", self.regex or "")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [n for n in ("regex", "choice", "json_schema", "lark") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"wanted one of regex, choice, json_schema and lark, got {' and '.join(given) or 'none'}")
        if self.free and given[0] in {"json_schema", "lark"}:
            raise ValueError("free text goes before a regex or a choice; a Lark grammar can say it itself, got free")
        if self.choice is not None and len(set(self.choice)) < max(1, len(self.choice)):
            raise ValueError(f"wanted different choices, at least one, got {self.choice}")
        return self


_Weights = dict[str, Annotated[float, Field(gt=0)]]


class DataConfig(Table):
    domains: _Weights = {}
    """Worked solutions of each domain, by weight; it need not be one that the agent teaches."""
    files: _Weights = {}
    """Rows with a question and an answer, as in [domains.NAME] file, by weight: safety data, say."""
    leaked: _Weights = {}
    """The evaluation's own test problems of a domain, with their answers, by weight: a contaminated agent."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.domains or self.files or self.leaked):
            raise ValueError("wanted domains, files or leaked, each with weights, got none of them")
        return self


class EndpointConfig(Table):
    """An OpenAI-compatible server."""
