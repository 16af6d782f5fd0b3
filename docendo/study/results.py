"""What one training of a study leaves behind: settings, costs, answer keys, a learning curve.

An answer key such as ``"0110"`` has one character per held-out problem, 1 where the answer
was right. All arms of a regime answer the same problems in the same order for a seed, so
they can be compared problem by problem.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from docendo.config.study import FileName
from docendo.errors import suggestion

__all__ = [
    "AnswerKeys",
    "ArmResult",
    "Cost",
    "CurvePoint",
    "LessonGain",
    "Scores",
    "StudyResults",
    "TaughtStudent",
    "TrainingSetup",
    "TrainingTrace",
    "WayScore",
    "problem_counts",
]

_Key = Annotated[str, Field(pattern=r"\A[01]+\z", max_length=100_000)]
_Amount = Annotated[float, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Series = tuple[tuple[_Amount, _Share], ...]
_FamilyKeys = dict[str, _Key]
AnswerKeys = dict[str, _FamilyKeys]
"""By agent and by family, written ``domain/family``."""
_CONFIG = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TrainingSetup(BaseModel):
    """Who was trained on what, and by which code."""

    model_config = _CONFIG
    commit: str = Field(pattern=r"\A[0-9A-Za-z.+-]{0,60}\z")
    model: str
    agents: tuple[str, ...] = Field(min_length=1)
    domains: dict[str, tuple[str, ...]] = Field(min_length=1)
    """The trained families of each domain."""
    expert_domains: dict[str, tuple[str, ...]] = {}
    """The domains of each agent that is an expert."""
    sft_domains: dict[str, tuple[str, ...]] = {}
    """The domains of an agent's worked solutions, where they are not its own domains alone."""
    travelled: tuple[str, ...] | None = None
    """What agents could learn from of domains that are not their own: of "solutions", "lessons"
    and "labels". None in results from before this was kept."""
    settings: dict[str, float | str | bool] = {}
    """The settings that tuning chose, by dotted name."""

    @property
    def families(self) -> list[str]:
        """The trained families, written ``domain/family``."""
        names = []
        for domain, families in self.domains.items():
            names += [f"{domain}/{family}" for family in families]
        return names


class Cost(BaseModel):
    """Floating-point operations, as the ledger counts them, and seconds."""

    model_config = _CONFIG
    budget: float = Field(gt=0)
    spent: _Amount
    """What counts against the budget. Evaluation and tuning do not."""
    tuning: _Amount = 0.0
    given: _Amount = 0.0
    """Of the experts that the training was given, outside its budget."""
    evaluation: _Amount = 0.0
    seconds: _Amount = 0.0
    ledger: dict[str, _Amount] = {}
    """Operations by purpose."""


class CurvePoint(BaseModel):
    """Held-out accuracy without a lesson, after some part of the budget."""

    model_config = _CONFIG
    flops: _Amount
    accuracy: dict[str, dict[str, _Share]] = Field(min_length=1)
    """By agent and domain."""


class Scores(BaseModel):
    """Answer keys on held-out problems."""

    model_config = _CONFIG
    test: AnswerKeys
    """Trained families, without a lesson, after the training."""
    with_lesson: AnswerKeys = {}
    """The same problems, after a worked example of the family."""
    ood: AnswerKeys = {}
    """Families that no agent was trained on, without a lesson."""
    after_experts: AnswerKeys = {}
    """The problems of `test`, right after the experts' stage."""
    vote: _FamilyKeys = {}
    """The problems of `test` by majority vote, of all agents or of as many samples of one."""


class LessonGain(BaseModel):
    """The mean gain of one teacher's lessons for one student between two evaluations."""

    model_config = _CONFIG
    flops: _Amount
    """Operations spent at the later evaluation."""
    teacher: str
    student: str
    gain: float
    lessons: int = Field(ge=1)


class TaughtStudent(BaseModel):
    """A student and a family with useful lessons, in a training that withholds some by chance."""

    model_config = _CONFIG
    student: str
    family: str
    is_withheld: bool
    control: _Share | None = None
    """Mean score of its later attempts without a lesson; None without any."""


class WayScore(BaseModel):
    """One way to answer, of the population as a system."""

    model_config = _CONFIG
    accuracy: _Share
    samples: int = Field(ge=1)
    """Answers of an agent to a question."""
    flops: _Amount
    """Operations for a question."""


class TrainingTrace(BaseModel):
    """What the rounds were like. Each series has pairs of operations spent and a share."""

    model_config = _CONFIG
    nonzero_variance: _Series = ()
    """Groups of attempts whose rewards were not all equal."""
    lesson_gains: tuple[LessonGain, ...] = ()
    kept: dict[str, tuple[float, ...]] = {}
    """Means over agents of ``one_shot``, ``outside`` and ``base_text``, as `docendo.run.forgetting`
    measures them: of the base where it has one, after the experts' stage, at the end."""
    system: dict[str, WayScore] = {}
    """By way, as `docendo.system` compares them; empty where the league does not ask for it."""
    taught: tuple[TaughtStudent, ...] = ()
    """Empty where no lesson is withheld."""
    cyclic_share: _Series = ()
    """Share of who helps whom that no rating explains."""
    gate_passed: _Series = ()
    """Lessons that passed the gate."""


class ArmResult(BaseModel):
    """One arm of one regime, trained from one seed."""

    model_config = _CONFIG
    format: Literal[2] = 2
    regime: FileName
    arm: FileName
    seed: int = Field(ge=0)
    setup: TrainingSetup
    cost: Cost
    curve: tuple[CurvePoint, ...] = ()
    """Ascending in operations."""
    scores: Scores
    trace: TrainingTrace = TrainingTrace()

    @model_validator(mode="after")
    def _check(self) -> Self:
        agents, scores = self.setup.agents, self.scores
        trained = set(self.setup.families)

        # Arms are compared problem by problem, so every key must have the same problems.
        _check_curve(self)
        for name in ("test", "with_lesson", "after_experts"):
            if name == "test" or getattr(scores, name):
                _check_answers(f"scores.{name}", getattr(scores, name), agents, trained)
        if scores.ood:
            families = set(next(iter(scores.ood.values())))
            if overlap := families & trained:
                raise ValueError(f"scores.ood: {min(overlap)!r} was trained on")
            _check_answers("scores.ood", scores.ood, agents, families)

        # Forgetting and votes are compared with the same agent's test, not with other arms.
        test_counts = problem_counts(scores.test)
        start = next(iter(scores.after_experts.values()), {})
        _check_lengths("scores.after_experts", start, test_counts)
        _check_lengths("scores.vote", scores.vote, test_counts)
        _check_experts(self.setup)
        return self


class StudyResults(NamedTuple):
    """All finished results of a study."""

    name: str
    results: Mapping[str, Mapping[str, Mapping[int, ArmResult]]]
    """By regime, arm and seed, each in order. Regimes come in the order of the study's file."""
    file: str = ""
    """The study's file as it was last named; empty where that is unknown."""


def problem_counts(answers: AnswerKeys) -> dict[str, int]:
    """How many problems of each family were answered."""
    first_agent = next(iter(answers.values()))
    return {family: len(key) for family, key in first_agent.items()}


def _check_answers(
    where: str, answers: AnswerKeys, agents: Iterable[str], families: set[str]
) -> None:
    """Raises ValueError unless every agent answered all problems of every family."""
    _check_names(where, answers, set(agents), "agent")
    counts = problem_counts(answers)
    for agent, keys in answers.items():
        _check_names(f"{where}.{agent}", keys, families, "family")
        _check_lengths(f"{where}.{agent}", keys, counts)


def _check_names(where: str, present: Iterable[str], expected: set[str], kind: str) -> None:
    names = set(present)
    if unknown := names - expected:
        name = min(unknown)
        raise ValueError(f"{where}: no {kind} {name!r}{suggestion(name, expected)}")
    if missing := expected - names:
        raise ValueError(f"{where}: {kind} {min(missing)!r} is missing")


def _check_lengths(where: str, keys: Mapping[str, str], counts: Mapping[str, int]) -> None:
    for family, key in keys.items():
        if family not in counts:
            raise ValueError(f"{where}: no family {family!r}{suggestion(family, counts)}")
        if len(key) != counts[family]:
            raise ValueError(
                f"{where}.{family}: got {len(key)} problems, expected {counts[family]}"
            )


def _check_curve(result: ArmResult) -> None:
    flops = [point.flops for point in result.curve]
    for i, (before, after) in enumerate(pairwise(flops), 1):
        if after <= before:
            raise ValueError(
                f"curve.{i}.flops: got {after:g} after {before:g}, expected more"
            )

    agents, domains = set(result.setup.agents), set(result.setup.domains)
    for i, point in enumerate(result.curve):
        where = f"curve.{i}.accuracy"
        _check_names(where, point.accuracy, agents, "agent")
        for agent, shares in point.accuracy.items():
            _check_names(f"{where}.{agent}", shares, domains, "domain")


def _check_experts(setup: TrainingSetup) -> None:
    where = "setup.expert_domains"
    for agent, domains in setup.expert_domains.items():
        if agent not in setup.agents:
            hint = suggestion(agent, setup.agents)
            raise ValueError(f"{where}: no agent {agent!r}{hint}")
        for domain in domains:
            if domain not in setup.domains:
                hint = suggestion(domain, setup.domains)
                raise ValueError(f"{where}.{agent}: no domain {domain!r}{hint}")
