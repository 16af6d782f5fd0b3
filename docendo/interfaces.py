"""The verbs of the loop. Implementations satisfy these by shape; nobody inherits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from docendo.records import (
    AgentId,
    Answer,
    Completion,
    Episode,
    Example,
    Match,
    Metrics,
    MetricValues,
    Outcome,
    Payoff,
    Problem,
    Request,
    ScoredSample,
    Target,
    TaskType,
    TeachingOption,
    Usage,
    Verdict,
)

__all__ = [
    "Curriculum",
    "Engine",
    "Evaluator",
    "FloatArray",
    "Grader",
    "Learner",
    "Matchmaker",
    "Posterior",
    "Reward",
    "Sandbox",
    "Scorer",
    "Source",
    "Split",
    "Standings",
    "Tracker",
]

Split = Literal["train", "held-out"]
"""Two halves of every source that share no problem, split by the problem's key."""

FloatArray = NDArray[np.float64]
"""An array of floats; its axes are in the name's suffix."""


class Source(Protocol):
    """Problems of one domain, by family and level."""

    @property
    def domain(self) -> str: ...

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        """The levels of each family, ascending."""
        ...

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        """`count` problems with different keys. Raises UserError where there are not that many."""
        ...


class Engine(Protocol):
    """Whoever answers: a backend, an endpoint behind a router, a wrapper with tools, a script."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order. Same requests and weights, same tokens."""
        ...

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        ...


class Scorer(Protocol):
    """What measures likelihoods: a backend. An endpoint has no log-probabilities."""

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of each token of an example's text and of the end token, in order.

        Empty for an example that does not fit the model.
        """
        ...


class Grader(Protocol):
    def __call__(self, problem: Problem, text: str) -> Verdict:
        """The score of `text` as an answer, in [0, 1]. Never raises, whatever `text` holds."""
        ...


class Evaluator(Protocol):
    """Judges many answers at once: what asks a model, a person or a compiler is slow one by one."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order. Never raises, whatever the answers hold."""
        ...


class Sandbox(Protocol):
    """Runs Python that a model wrote. It may be called from several threads at once."""

    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls`, which are trusted, after `code`, which is not.

        Never raises for what `code` does. Raises RunError where it cannot run any program.
        """
        ...


class Reward(Protocol):
    def __call__(self, episode: Episode) -> Payoff: ...


class Learner(Protocol):
    def update(
        self,
        credits: Sequence[ScoredSample],
        examples: Sequence[Example],
        labelled: Sequence[Target] = (),
    ) -> MetricValues:
        """Train on one round; returns what was measured while training."""
        ...


class Posterior(Protocol):
    """What a choice may know of its candidates."""

    @property
    def evidence_N(self) -> FloatArray: ...  # noqa: N802

    @property
    def mean_N(self) -> FloatArray: ...  # noqa: N802

    @property
    def rate_N(self) -> FloatArray:  # noqa: N802
        """The mean on a scale from 0 to 1, as weightings read it."""
        ...

    @property
    def variance_N(self) -> FloatArray:  # noqa: N802
        """Expected variance of a single outcome; of gains, the scale that its posterior has."""
        ...

    @property
    def stale_N(self) -> FloatArray:  # noqa: N802
        """Rounds since the last outcome; where there was none, more than since any."""
        ...

    @property
    def spread_N(self) -> FloatArray:  # noqa: N802
        """How unsure the mean is: a standard deviation, or of gains the scale of Student's t."""
        ...

    def sample(self, rng: Generator) -> FloatArray:
        """One draw from the posterior of each mean."""
        ...

    def interval(self, share: float = 0.95) -> tuple[FloatArray, FloatArray]: ...


class Standings(Protocol):
    """`subject` is a domain or ``domain/family``. A single name or task type may stand for all."""

    def unaided_rate(
        self, student: AgentId, family: str, level: int
    ) -> tuple[float, float]:
        """(rate, evidence): how often the student is right without a lesson, and from how many attempts.

        `family` is ``domain/family``.
        """
        ...

    def rates_after_lesson(
        self, students: Sequence[AgentId], task_types: Sequence[TaskType]
    ) -> Posterior:
        """How often each students[n] is right at task_types[n] after a lesson."""
        ...

    def rates_unaided(
        self, agents: Sequence[AgentId], task_types: Sequence[TaskType]
    ) -> Posterior:
        """How often each agents[n] is right at task_types[n] without a lesson.

        That is in practice, in control attempts and in writing lessons.
        """
        ...

    def gains(
        self, teachers: Sequence[AgentId], students: Sequence[AgentId], subject: str
    ) -> Posterior:
        """Gains of each (teachers[n], students[n]); a lesson that the gate stopped is one of gain 0."""
        ...


class Curriculum(Protocol):
    def __call__(
        self,
        task_types: Sequence[TaskType],
        success: Posterior,
        demonstrations: Mapping[TaskType, int],
    ) -> FloatArray:
        """Probabilities, one per task type, of being worked on next; they sum to 1.

        `success` is how often the student is right at each task type; `demonstrations` counts the
        right answers that it may imitate, and is empty where these do not matter.
        """
        ...


class Matchmaker(Protocol):
    def __call__(
        self, options: Sequence[TeachingOption], standings: Standings, count: int, seed: int
    ) -> list[Match]: ...


class Tracker(Protocol):
    """Consumes the metrics of a run: a file, a dashboard, a service."""

    def start(
        self, folder: Path | None, config: Mapping[str, Any], last_round: int
    ) -> int | None:
        """Called once before the first round. `folder` is the run directory, None for a rehearsal.

        `last_round` is the last round that counts; a resumed run may have dropped later ones.
        Returns the last round that the tracker has: those after it are logged again. None: no
        round is logged twice.
        """
        ...

    def log(self, round_index: int, stage: str, metrics: Metrics) -> None:
        """Called after every round is committed.

        `metrics` is a mapping of values by ``NAME/AGENT``; its `records` have the parts.
        """
        ...

    def finish(self) -> None:
        """Called once after the last round, also where the run is stopped or fails."""
        ...
