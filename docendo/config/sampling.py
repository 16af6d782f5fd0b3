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
    """Regular expression in Rust's syntax, without look-around. Exactly one of the four
    grammars is set."""
    choice: list[str] | None = None
    """List of texts, one of which is the answer."""
    json_schema: str | None = None
    """JSON schema. The answer has no white space between its parts."""
    lark: str | None = None
    """Grammar in llguidance's variant of Lark."""
    free_tokens: Annotated[int, Field(ge=0, le=4096)] = 0
    """Tokens of free text before a line `Answer: ` and the regex or choice. 0: no free
    text."""

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
        kinds = [
            name
            for name in ("regex", "choice", "json_schema", "lark")
            if getattr(self, name) is not None
        ]
        if len(kinds) != 1:
            raise ValueError(
                f"wanted one of regex, choice, json_schema and lark, got {' and '.join(kinds) or 'none'}"
            )
        if self.free_tokens and kinds[0] in {"json_schema", "lark"}:
            raise ValueError(
                "free text goes before a regex or a choice; a Lark grammar can say it itself, got free_tokens"
            )
        if self.choice is not None and len(set(self.choice)) < max(1, len(self.choice)):
            raise ValueError(f"wanted different choices, at least one, got {self.choice}")
        return self


_Weights = dict[str, Annotated[float, Field(gt=0)]]


class DataConfig(ConfigModel):
    domains: _Weights = {}
    """Weights of domains whose worked solutions are used. They need not be the agent's
    own."""
    files: _Weights = {}
    """Weights of files with questions and answers, in the formats of [domains.NAME]
    file."""
    leaked: _Weights = {}
    """Weights of domains whose evaluation problems leak into the data, with answers: a
    contaminated agent."""

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
    """Address of the API, such as https://api.openai.com/v1. http is for this machine
    only."""
    model: Annotated[str, Field(min_length=1)]
    """Model name on the server."""
    key: str | None = None
    """NAME of the environment variable that holds the key, never the key itself. Default:
    no key."""
    headers: dict[str, str] = {}
    """Further HTTP headers. A value like $NAME is read from the environment."""
    insecure: bool = False
    """Whether http to other machines is allowed, although others can read it."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Time limit of one request, in seconds."""
    retries: Annotated[int, Field(ge=0, le=20)] = 3
    """Maximum number of retries after a passing failure. Waits grow, and follow the
    server's wish."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    """Maximum number of requests at once."""
    rate: Annotated[float, Field(ge=0)] = 0.0
    """Maximum number of requests per minute. 0: no limit."""
    token_rate: Annotated[float, Field(ge=0)] = 0.0
    """Maximum number of tokens per minute, prompts plus longest answers. 0: no limit."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million prompt tokens, in any currency, for the ledger."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million answer tokens, in the same currency."""
    labels: bool = False
    """Whether its agents label texts for `learning.labels`. The server must return vLLM's
    `prompt_logprobs`, and its model must have the base model's tokenizer."""

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
