"""What one training of a study leaves behind: a small JSON file, STUDY/results/REGIME/ARM-SEED.json.

An answer key such as ``"0110"`` has one character per held-out problem, 1 where the answer was right. All arms of a
regime's seed answer the same problems in the same order, so that they can be compared problem by problem.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from docendo.config.study import FileName
from docendo.errors import UserError, suggestion
from docendo.store.atomic import write_whole

__all__ = [
    "STUDY_FILE",
    "AnswerKeys",
    "ArmResult",
    "Cost",
    "CurvePoint",
    "LessonGain",
    "Scores",
    "StudyResults",
    "TrainingSetup",
    "TrainingTrace",
    "load_study",
    "read_result",
    "result_path",
    "write_result",
]

STUDY_FILE = "study.json"
"""What is compared in a study's folder."""

_Key = Annotated[str, Field(pattern=r"\A[01]+\z", max_length=100_000)]
_Amount = Annotated[float, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Series = tuple[tuple[_Amount, _Share], ...]
_Families = dict[str, _Key]
AnswerKeys = dict[str, _Families]
"""By agent and by family, written ``domain/family``."""
_CONFIG = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TrainingSetup(BaseModel):
    """Who was trained on what, and from which code."""

    model_config = _CONFIG
    commit: str = Field(pattern=r"\A[0-9A-Za-z.+-]{0,60}\z")
    model: str
    agents: tuple[str, ...] = Field(min_length=1)
    domains: dict[str, tuple[str, ...]] = Field(min_length=1)
    """The families of each domain that were trained on."""
    expert_of: dict[str, tuple[str, ...]] = {}
    """The own domains of each agent that has any."""
    studied: dict[str, tuple[str, ...]] = {}
    """The domains whose worked solutions each agent studied, where that is not its own domains' alone."""
    setting: dict[str, float | str | bool] = {}
    """What the tuning chose."""


class Cost(BaseModel):
    """Floating-point operations, of the ledger."""

    model_config = _CONFIG
    budget: float = Field(gt=0)
    spent: _Amount
    """All that counts against the budget: not the evaluation, not the tuning."""
    tuning: _Amount = 0.0
    evaluation: _Amount = 0.0
    seconds: _Amount = 0.0
    ledger: dict[str, _Amount] = {}
    """By purpose."""


class CurvePoint(BaseModel):
    """Held-out accuracy without a lesson, after so much of the budget."""

    model_config = _CONFIG
    flops: _Amount
    accuracy: dict[str, dict[str, _Share]] = Field(min_length=1)
    """By agent and domain."""


class Scores(BaseModel):
    """Answer keys after the training, on held-out problems."""

    model_config = _CONFIG
    test: AnswerKeys
    """Trained families, without a lesson."""
    lesson: AnswerKeys = {}
    """After a worked example of the family."""
    outside: AnswerKeys = {}
    """Families that nobody was trained on, without a lesson."""
    start: AnswerKeys = {}
    """The problems of `test`, right after the experts' stage."""
    vote: _Families = {}
    """The problems of `test` by majority of the population, or of as many samples of a single agent."""


class LessonGain(BaseModel):
    """What the lessons of one teacher to one student were worth, over a stretch that ends at `flops`."""

    model_config = _CONFIG
    flops: _Amount
    teacher: str
    student: str
    gain: float
    lessons: int = Field(ge=1)


class TrainingTrace(BaseModel):
    """What happened on the way: pairs of operations spent and a share."""

    model_config = _CONFIG
    useful: _Series = ()
    """Groups of rewards that were not flat."""
    gains: tuple[LessonGain, ...] = ()
    cyclic: _Series = ()
    passed: _Series = ()
    """Lessons that passed the gate."""


class ArmResult(BaseModel):
    """One arm of one regime, trained from one seed."""

    model_config = _CONFIG
    format: Literal[1] = 1
    regime: FileName
    arm: FileName
    seed: int = Field(ge=0)
    about: TrainingSetup
    cost: Cost
    curve: tuple[CurvePoint, ...] = ()
    """Ascending in operations."""
    scores: Scores
    trace: TrainingTrace = TrainingTrace()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _check_curve(self)
        trained = {
            f"{d}/{f}" for d, families in self.about.domains.items() for f in families
        }
        _check_answers("scores.test", self.scores.test, self.about.agents, trained)
        for name in ("lesson", "start"):
            if answers := getattr(self.scores, name):
                _check_answers(f"scores.{name}", answers, self.about.agents, trained)
        if outside := self.scores.outside:
            families = set(next(iter(outside.values())))
            if known := families & trained:
                raise ValueError(f"scores.outside: {min(known)!r} was trained on")
            _check_answers("scores.outside", outside, self.about.agents, families)
        test = {
            family: len(key)
            for family, key in next(iter(self.scores.test.values())).items()
        }
        start = next(iter(self.scores.start.values()), {})
        _check_lengths("scores.start", start, test)
        _check_lengths("scores.vote", self.scores.vote, test)
        _check_experts(self.about)
        return self


def _check_answers(
    where: str, answers: AnswerKeys, agents: Iterable[str], families: set[str]
) -> None:
    """Raises ValueError where not every agent answered all problems of every family."""
    _check_names(where, answers, set(agents), "agent")
    first = next(iter(answers.values()))
    for agent, keys in answers.items():
        _check_names(f"{where}.{agent}", keys, families, "family")
        _check_lengths(
            f"{where}.{agent}", keys, {family: len(first[family]) for family in keys}
        )


def _check_names(where: str, got: Iterable[str], wanted: set[str], kind: str) -> None:
    names = set(got)
    if more := names - wanted:
        raise ValueError(f"{where}: no {kind} {min(more)!r}{suggestion(min(more), wanted)}")
    if less := wanted - names:
        raise ValueError(f"{where}: {kind} {min(less)!r} is missing")


def _check_lengths(where: str, keys: Mapping[str, str], wanted: Mapping[str, int]) -> None:
    for family, key in keys.items():
        if family not in wanted:
            raise ValueError(f"{where}: no family {family!r}{suggestion(family, wanted)}")
        if len(key) != wanted[family]:
            raise ValueError(
                f"{where}.{family}: got {len(key)} problems, wanted {wanted[family]}"
            )


def _check_curve(result: ArmResult) -> None:
    flops = [point.flops for point in result.curve]
    for i, (one, other) in enumerate(pairwise(flops), 1):
        if other <= one:
            raise ValueError(f"curve.{i}.flops: got {other:g} after {one:g}, wanted more")
    for i, point in enumerate(result.curve):
        _check_names(
            f"curve.{i}.accuracy", point.accuracy, set(result.about.agents), "agent"
        )
        for agent, domains in point.accuracy.items():
            _check_names(
                f"curve.{i}.accuracy.{agent}", domains, set(result.about.domains), "domain"
            )


def _check_experts(about: TrainingSetup) -> None:
    for agent, domains in about.expert_of.items():
        if agent not in about.agents:
            raise ValueError(
                f"about.expert_of: no agent {agent!r}{suggestion(agent, about.agents)}"
            )
        for domain in domains:
            if domain not in about.domains:
                raise ValueError(
                    f"about.expert_of.{agent}: no domain {domain!r}{suggestion(domain, about.domains)}"
                )


class StudyResults(NamedTuple):
    """All that is finished of a study."""

    name: str
    results: Mapping[str, Mapping[str, Mapping[int, ArmResult]]]
    """By regime, arm and seed, each in order; regimes as they stand in the study's file."""
    file: str = ""
    """What says what is compared, as it was named when it was last worked on; empty where that is not known."""


def result_path(study: Path, regime: str, arm: str, seed: int) -> Path:
    """Where the result of one training belongs."""
    return study / "results" / regime / f"{arm}-{seed}.json"


def write_result(study: Path, result: ArmResult) -> Path:
    """Writes the result's file, whole or not at all, and returns its path. Raises RunError on a full disk."""
    path = result_path(study, result.regime, result.arm, result.seed)
    write_whole(path, result.model_dump_json(indent=1).encode() + b"\n")
    return path


def read_result(path: Path) -> ArmResult:
    """The result in a file. Raises UseError, naming file and field, for one that no study wrote."""
    try:
        result = ArmResult.model_validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {_explain(error)}") from error
    own = result_path(Path(), result.regime, result.arm, result.seed)
    if path.parts[-2:] != own.parts[-2:]:
        raise UserError(
            f"{path}: holds {result.regime}, {result.arm}, seed {result.seed}; wanted in {own}"
        )
    return result


def _explain(error: ValidationError) -> str:
    """The first thing that is wrong, as one line."""
    first = error.errors()[0]
    place, said = (
        ".".join(map(str, first["loc"])),
        first["msg"].removeprefix("Value error, "),
    )
    if first["type"] == "extra_forbidden":
        return f"no field {place!r}"
    got: Any = first["input"]
    shown = (
        f", got {ascii(got)[:60]}"
        if isinstance(got, str | int | float | bool) and place
        else ""
    )
    return f"{place}: {said[0].lower()}{said[1:]}{shown}" if place else said


def load_study(folder: Path) -> StudyResults:
    """All results in a study's folder. Raises UseError where there are none, or where arms answered other problems."""
    paths = sorted(p for p in folder.glob("results/*/*.json") if not p.name.startswith("."))
    if not paths:
        raise UserError(
            f"{folder}: no result of a study; wanted results/REGIME/ARM-SEED.json in it"
        )
    file, names = _told(folder)
    found: dict[str, dict[str, dict[int, ArmResult]]] = {name: {} for name in names}
    for result in sorted(map(read_result, paths), key=lambda r: (r.regime, r.arm, r.seed)):
        found.setdefault(result.regime, {}).setdefault(result.arm, {})[result.seed] = result
    for regime in found.values():
        _check_pairs(regime)
    return StudyResults(
        folder.resolve().name, {name: arms for name, arms in found.items() if arms}, file
    )


def _told(folder: Path) -> tuple[str, list[str]]:
    """Which file was compared, and its regimes in order; nothing where the folder holds nothing but results."""
    try:
        told = json.loads((folder / STUDY_FILE).read_bytes())
        return str(told.get("file", "")), [str(name) for name in told["study"]["regimes"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", []


def _check_pairs(arms: Mapping[str, Mapping[int, ArmResult]]) -> None:
    """Raises UseError where two arms of one seed did not answer the same number of problems of the same families."""
    first: dict[tuple[int, str], tuple[ArmResult, dict[str, int]]] = {}
    for results in arms.values():
        for seed, result in results.items():
            for name in ("test", "lesson", "outside"):
                answers: AnswerKeys = getattr(result.scores, name)
                if answers:
                    sizes = {
                        family: len(key)
                        for family, key in next(iter(answers.values())).items()
                    }
                    other, wanted = first.setdefault((seed, name), (result, sizes))
                    if sizes != wanted:
                        raise UserError(
                            f"{result.regime}, seed {seed}: {result.arm} and {other.arm} did not answer the same "
                            f"problems (scores.{name})"
                        )
