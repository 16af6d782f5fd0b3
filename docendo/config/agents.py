"""The tables of who takes part: domains and agents."""

from typing import Annotated, Literal

from pydantic import Field

from docendo.config.sampling import DataConfig, GrammarConfig
from docendo.datasets.columns import Columns, SplitNames
from docendo.parts import ConfigModel, Part, PartConfig

__all__ = ["AgentConfig", "DomainConfig"]


class DomainConfig(ConfigModel):
    families: dict[str, list[int]] = {}
    """Levels to train on, by family. Empty: the lowest level of every family."""
    file: str | None = None
    """Your own problems: a .jsonl, .csv, .tsv or .parquet file, a dataset folder, or
    hub:owner/name."""
    source: Annotated[PartConfig, Part("domain")] | None = None
    """Your own Python, as 'package.module:name'. Default: the registered domain with the
    table's name."""
    columns: Columns = Columns()
    """Which columns of the file are read."""
    held_out: str | None = None
    """File of held-out problems, such as an official test set. Default: one problem in five of
    `file`."""
    split: SplitNames | None = None
    """Which rows of `file` are trained on and which are held out, by a column or by a dataset's
    splits."""
    solutions: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Number of worked solutions that may be studied, over all families. 0: one for every
    problem."""
    askers: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Sources of problems, by weight: names of [askers], and "own" for the domain itself.
    Empty: "own"."""
    evaluator: str | None = None
    """Name of one of [evaluators]. Default: the right answer, or the problem's tests."""
    evaluate_only: bool = False
    """Whether agents are only evaluated in this domain. Nobody trains, practises or is taught
    in it."""


class AgentConfig(ConfigModel):
    domain: str | list[str] = []
    """Domain, or list of domains, in which the agent is an expert. Empty: it learns from
    others only."""
    system_prompt: str | None = None
    """System prompt; it may be empty. Default: asks for steps and a last line with the
    answer."""
    policy: Literal[
        "model", "oracle", "endpoint", "equilibrium", "always_bet", "random"
    ] = "model"
    """What acts. "model": an adapter that learns. "oracle": teaches the data's worked
    solutions. "endpoint": a server. The others are scripts for duels."""
    role: Literal["main", "exploiter", "league-exploiter"] = "main"
    """Role in duels. "exploiter": plays today's main agents. "league-exploiter": plays
    everybody, copies included."""
    endpoint: str | None = None
    """Name of one of [endpoints], for `policy = "endpoint"`."""
    tools: list[str] = []
    """Tools that the agent may call: calculator, python, units, dictionary, dictionary:FILE or
    python:SANDBOX, such as "python:isolated"."""
    max_tool_calls: Annotated[int, Field(ge=1, le=16)] = 2
    """Maximum number of tool calls in one answer."""
    grammar: GrammarConfig | None = None
    """Grammar of its answers. Moves in duels are exempt."""
    temperature: Annotated[float, Field(gt=0, le=10)] | None = None
    """Sampling temperature during training. Default: the one of [teaching]."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Nucleus sampling: probability of the most likely tokens that are kept. 1: all
    tokens."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Maximum length of an answer, in tokens. Default: the one of [teaching]."""
    data: DataConfig | None = None
    """Data mixture for stage 1 and rehearsal. Default: worked solutions of its own
    domains."""
    practice_domains: list[str] = []
    """Domains of its self-practice. Empty: its own domains."""

    @property
    def domains(self) -> list[str]:
        return [self.domain] if isinstance(self.domain, str) else self.domain
