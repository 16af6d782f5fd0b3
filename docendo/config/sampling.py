"""The tables of what answerers are made of."""

import json
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from docendo.parts import ConfigModel
from docendo.urls import is_loopback

__all__ = ["DataConfig", "EndpointConfig", "GrammarConfig"]

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_HEADER = re.compile(r"[a-z0-9-]+")
_SECRET = re.compile(r"auth|key|token|secret|cookie|pass")
_OWN_HEADERS = {
    "host",
    "content-type",
    "content-length",
    "accept",
    "accept-encoding",
    "transfer-encoding",
    "connection",
}


class GrammarConfig(ConfigModel):
    regex: str | None = None
    """Of Rust's kind, without look-around."""
    choice: list[str] | None = None
    """One of these texts."""
    json_schema: str | None = None
    """JSON of this schema, without white space between its parts."""
    lark: str | None = None
    """A grammar in llguidance's variant of Lark. Exactly one of the four is given."""
    free_tokens: Annotated[int, Field(ge=0, le=4096)] = 0
    """Tokens of any text before a line `Answer: ` and the regex or choice; 0: these are the whole answer."""

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
        given = [
            n
            for n in ("regex", "choice", "json_schema", "lark")
            if getattr(self, n) is not None
        ]
        if len(given) != 1:
            raise ValueError(
                f"wanted one of regex, choice, json_schema and lark, got {' and '.join(given) or 'none'}"
            )
        if self.free_tokens and given[0] in {"json_schema", "lark"}:
            raise ValueError(
                "free text goes before a regex or a choice; a Lark grammar can say it itself, got free_tokens"
            )
        if self.choice is not None and len(set(self.choice)) < max(1, len(self.choice)):
            raise ValueError(f"wanted different choices, at least one, got {self.choice}")
        return self


_Weights = dict[str, Annotated[float, Field(gt=0)]]


class DataConfig(ConfigModel):
    domains: _Weights = {}
    """Worked solutions of each domain, by weight; it need not be one that the agent teaches."""
    files: _Weights = {}
    """Rows with a question and an answer, as in [domains.NAME] file, by weight: safety data, say."""
    leaked: _Weights = {}
    """The evaluation's own test problems of a domain, with their answers, by weight: a contaminated agent."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.domains or self.files or self.leaked):
            raise ValueError(
                "wanted domains, files or leaked, each with weights, got none of them"
            )
        return self


class EndpointConfig(ConfigModel):
    """An OpenAI-compatible server."""

    url: str
    """Of its API, such as https://api.openai.com/v1; https, or http on this machine."""
    model: Annotated[str, Field(min_length=1)]
    """What the server calls it."""
    key: str | None = None
    """The NAME of the environment's variable that holds the key, never the key; none: the server wants none."""
    headers: dict[str, str] = {}
    """Further ones; a value like $NAME is a variable of the environment."""
    insecure: bool = False
    """Allows http to other machines, which everybody on the way can read."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds that one try may take in all."""
    retries: Annotated[int, Field(ge=0, le=20)] = 3
    """Further tries where a failure may pass; each waits longer, and as long as the server asks."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    """Requests at once."""
    rate: Annotated[float, Field(ge=0)] = 0.0
    """Requests a minute at the most; 0: as many as come."""
    token_rate: Annotated[float, Field(ge=0)] = 0.0
    """Tokens a minute at the most, of prompts and the longest answers; 0: as many as come."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Of a million tokens of prompts, for the ledger."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Of a million tokens of answers."""

    @field_validator("key")
    @classmethod
    def _name(cls, key: str | None) -> str | None:
        if key is not None and not _VARIABLE.fullmatch(key):
            raise ValueError(
                "wanted the NAME of a variable of the environment, got something else, which is not shown"
            )
        return key

    @field_validator("headers")
    @classmethod
    def _open(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name) or name in _OWN_HEADERS:
                raise ValueError(
                    f"wanted lower-case names of headers that docendo does not set, got {name!r}"
                )
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"wanted printable ASCII, got something else for {name}")
            named = value.startswith("$")
            if (named or _SECRET.search(name)) and not (
                named and _VARIABLE.fullmatch(value[1:])
            ):
                raise ValueError(
                    f"wanted {name} = '$NAME' with a variable of the environment, got something else"
                )
        return headers

    @model_validator(mode="after")
    def _safe(self) -> Self:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if (
            not host
            or parts.scheme not in {"http", "https"}
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ValueError(
                "url: wanted https://HOST/v1 without a name, key or query in it, got something else"
            )
        if parts.scheme == "http" and not self.insecure and not is_loopback(self.url):
            raise ValueError(
                f"url: got http to another machine, {host}; wanted https, or insecure = true"
            )
        return self
