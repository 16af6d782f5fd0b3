"""Requests to engines, their completions, and verdicts on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

from docendo.records.agents import AgentId
from docendo.records.problems import Message, Problem

__all__ = [
    "FAILED",
    "Answer",
    "Completion",
    "Grammar",
    "Outcome",
    "Request",
    "Rollout",
    "Verdict",
    "mean_score",
    "sampled_mask",
]


class Grammar(NamedTuple):
    """What an answer must look like, by construction."""

    kind: Literal["regex", "choice", "json", "lark"]
    text: str
    """The expression; a JSON list of strings; a JSON schema; a Lark grammar."""
    free_tokens: int = 0
    """So many tokens of any text may come before a line ``Answer: `` and the grammar; 0: none."""


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to sample.

    Its tokens depend on the agent's weights, the messages and the seed alone.
    """

    agent: AgentId
    messages: tuple[Message, ...]
    seed: int
    max_tokens: int = 64
    temperature: float = 1.0
    """0 takes the likeliest token."""
    purpose: str = "other"
    """What the ledger books the tokens under."""
    top_p: float = 1.0
    """Nucleus sampling: the likeliest tokens with this share of the probability."""
    grammar: Grammar | None = None
    stop: tuple[str, ...] = ()
    """Texts after which the answer ends, as after its end-of-turn token."""
    prefix_ids: tuple[int, ...] = ()
    """Token ids that the answer begins with; neither sampled nor part of the completion."""


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    prompt_tokens: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    """Ends with the end-of-turn token unless `max_tokens` cut it off."""
    logprobs: tuple[float, ...] = ()
    """One per token, in nats, at temperature 1 and within the grammar, if there is one."""
    sampled: tuple[bool, ...] = ()
    """One per token: False where a tool, a grammar or the limit of thinking forced it; empty
    where all were sampled."""
    grammar: Grammar | None = None
    raw: str = ""
    """All that was written, where others do not read all of it: the thinking and `text`."""
    starts_thinking: bool = False
    """Whether the prompt had begun a block of thinking."""
    cut: bool = False
    """Whether `max_tokens` cut it off."""

    @property
    def written(self) -> str:
        """All that was written: what a model is trained on."""
        return self.raw or self.text


class Answer(NamedTuple):
    """What an evaluator is shown."""

    problem: Problem
    text: str
    author: AgentId
    seed: int
    """Of whatever the evaluator draws."""


FAILED = "grader failed: "
"""With this the reason of a verdict begins that is none: the score is 0, whatever the answer is."""


class Verdict(NamedTuple):
    score: float
    """0 is wrong, 1 is right."""
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program gave in a sandbox. Only text crosses into this process, never the program's objects."""

    ok: bool
    values: tuple[str, ...] = ()
    """The ``repr`` of each call's value, in order; those before the failure where not `ok`."""
    reason: str = ""
    """Why not `ok`, one line."""
    printed: str = ""
    """By the program and the calls."""


class Rollout(NamedTuple):
    completion: Completion
    verdict: Verdict


def mean_score(attempts: Sequence[Rollout]) -> float:
    """Mean verdict in [0, 1]. `attempts` is not empty."""
    return fmean(a.verdict.score for a in attempts)


def sampled_mask(sampled: Sequence[bool], count: int) -> Sequence[bool]:
    """Which of `count` tokens the agent chose: `sampled`, or all of them where that is empty."""
    return sampled or (True,) * count
