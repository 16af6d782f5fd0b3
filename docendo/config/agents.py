"""The tables of who takes part: domains and agents."""

from typing import Annotated, Literal

from pydantic import Field

from docendo.config.sampling import DataConfig, GrammarConfig
from docendo.parts import ConfigModel, Part, PartConfig

__all__ = ["AgentConfig", "DomainConfig"]


class DomainConfig(ConfigModel):
    families: dict[str, list[int]] = {}
    """Levels of each family that is taught; empty: all families at their lowest level."""
    file: str | None = None
    """Rows of the user's own: a .jsonl, .csv, .tsv or .parquet file, a dataset folder, or hub:owner/name."""
    source: Annotated[PartConfig, Part("domain")] | None = None
    """Your own Python as 'package.module:name'; none: the registered domain of the table's name."""
    columns: dict[str, str] = {}
    """Names of the columns: question, answer, solution, family, level; and answer_marker."""
    solutions: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Worked solutions that there are to study, of all families together; 0: every problem has one."""
    askers: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Who asks, by weight: "own" is this domain's program or file, others are [askers]; empty: its own alone."""
    evaluator: str | None = None
    """Who judges: one of [evaluators]; none: the right answer, or a problem's tests."""


class AgentConfig(ConfigModel):
    domain: str | list[str] = []
    """What the agent is an expert of; none: it only learns from others."""
    system_prompt: str | None = None
    """System prompt, which may be empty; the default asks for steps and a line with the answer."""
    policy: Literal[
        "model", "oracle", "endpoint", "equilibrium", "always_bet", "random"
    ] = "model"
    """model: a learner; textbook: teaches by worked solutions; the others are programs that duel."""
    role: Literal["main", "exploiter", "league-exploiter"] = "main"
    """In duels: exploiters play the main agents of today, league exploiters everybody and their past."""
    endpoint: str | None = None
    """Of [endpoints]: who answers for an agent that plays "endpoint"."""
    tools: list[str] = []
    """What it may call while it answers: calculator, python, units, dictionary, or dictionary:FILE of your own."""
    max_tool_calls: Annotated[int, Field(ge=1, le=16)] = 2
    """Of tools, in one answer at the most."""
    grammar: GrammarConfig | None = None
    """What its answers look like, except for its moves in duels."""
    temperature: Annotated[float, Field(gt=0, le=10)] | None = None
    """Of its answers in the game; the default is that of [teaching]."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Only the likeliest tokens that have this share of the probability together are drawn."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Of its answers; the default is that of [teaching]."""
    data: DataConfig | None = None
    """What it studies and rehearses; the default is worked solutions of its own domains."""
    practice_domains: list[str] = []
    """Domains of its home practice; none named: those that it is an expert of."""

    @property
    def domains(self) -> list[str]:
        return [self.domain] if isinstance(self.domain, str) else self.domain
