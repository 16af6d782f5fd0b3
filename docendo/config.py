"""The settings of a run: one small frozen model per component, read from TOML. Defaults are the three-expert league."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from docendo.errors import UseError, nearest
from docendo.records import BASE

__all__ = [
    "AgentConfig",
    "Config",
    "DomainConfig",
    "EngineConfig",
    "EvaluationConfig",
    "ExpertsConfig",
    "LearningConfig",
    "Table",
    "TeachingConfig",
    "load_config",
    "parse_config",
    "to_toml",
]

_Positive = Annotated[int, Field(ge=1, le=10_000)]
_Rate = Annotated[float, Field(gt=0, le=1)]
_Share = Annotated[float, Field(ge=0, le=1)]
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class EngineConfig(Table):
    rank: Annotated[int, Field(ge=1, le=256)] = 8
    """Of every adapter."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """An adapter's update is scaled by alpha / rank."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: whichever multiplies faster on this machine, measured once when the run is made."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto: cuda, else mps, else cpu."""
    rows: _Positive = 128
    """Completions in flight at once, over all lanes; one that ends makes room for the next."""
    train_tokens: Annotated[int, Field(ge=64, le=10_000_000)] = 1536
    """Tokens of the backward passes of all lanes together; halved where memory runs out."""


class DomainConfig(Table):
    families: dict[str, list[int]] = {}
    """Levels of each family that is taught; empty: all families at their lowest level."""
    file: str | None = None
    """Rows of the user's own: a .jsonl, .csv, .tsv or .parquet file, a dataset folder, or hub:owner/name."""
    columns: dict[str, str] = {}
    """Names of the columns: question, answer, solution, family, level; and answer_marker."""


class AgentConfig(Table):
    domain: str | list[str] = []
    """What the agent is an expert of; none: it only learns from others."""
    instruction: str | None = None
    """System prompt; the default asks for steps and a line with the answer."""

    @property
    def domains(self) -> list[str]:
        return [self.domain] if isinstance(self.domain, str) else self.domain


class ExpertsConfig(Table):
    steps: Annotated[int, Field(ge=0, le=1_000_000)] = 28
    """Supervised steps at the most."""
    every: _Positive = 14
    """Steps between two looks at the held-out problems."""
    enough: _Share = 0.95
    """Stops early once every expert is right this often on the held-out problems of its domain."""
    batch: _Positive = 8
    """Worked solutions of each expert in one step."""
    rate: _Rate = 1.5e-3
    """Learning rate, falling linearly to a tenth."""


class TeachingConfig(Table):
    rounds: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Rounds of the teaching game, after the experts have studied."""
    matches: _Positive = 12
    """Matches in a round."""
    lessons: Annotated[int, Field(ge=2, le=64)] = 2
    """Lessons a teacher writes in one match; at least 2, since they are compared with each other."""
    examples: Annotated[int, Field(ge=1, le=3)] = 1
    """Worked examples in a lesson."""
    attempts: _Positive = 4
    """Answers of the student with each lesson."""
    controls: _Positive = 4
    """Answers of the student without a lesson."""
    prior: Annotated[float, Field(ge=0, le=1000)] = 4.0
    """Attempts that the student's running rate counts for in the control estimate."""
    penalty: Annotated[float, Field(ge=-10, le=0)] = -0.5
    """Reward of a lesson that is wrong itself and so is not shown."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 48
    """Tokens of an answer at the most."""
    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Of everything that is sampled in the game; evaluation takes the likeliest token."""


class LearningConfig(Table):
    estimator: Literal["rloo", "reinforce", "ppo"] = "rloo"
    """Group baseline; running baseline; group baseline with clipping and several passes."""
    epochs: _Positive = 1
    """Passes over the credits; more than one only with ppo."""
    policy_rate: Annotated[float, Field(ge=0, le=1)] = 1e-4
    """Learning rate of the policy-gradient step."""
    imitation_rate: _Rate = 6e-4
    """Learning rate of imitation and rehearsal."""
    batch: _Positive = 8
    """Examples of each agent in one supervised step."""
    imitation: Annotated[int, Field(ge=0, le=1_000_000)] = 14
    """Useful examples that each student trains on in a round."""
    rehearsal: Annotated[int, Field(ge=0, le=1_000_000)] = 12
    """Worked solutions of its own domain that each expert trains on in a round."""
    practice: Annotated[int, Field(ge=0, le=1_000_000)] = 2
    """Problems of its own domain that each expert works on in a round."""
    practice_attempts: Annotated[int, Field(ge=2, le=1024)] = 4
    """Attempts at each of them."""
    shown: _Share = 0.33
    """Share of the supervised examples that follow a worked example."""
    audience: Literal["student", "class"] = "class"
    """Who may imitate a useful lesson: the student it was given to, or everybody who is no expert of its domain."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Of the standings' evidence, with each new lesson or control attempt."""


class EvaluationConfig(Table):
    problems: _Positive = 36
    """Held-out problems of each domain."""
    every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Rounds between two evaluations of everybody on everything; 0: only before and after the teaching."""
    seed: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    """Picks the held-out problems."""


class Config(Table):
    model: Annotated[str, Field(min_length=1)] = "smollm2-135m-instruct"
    """The embedded model, "tiny" for tests, or any Hugging Face causal LM by path or id."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of everything that is drawn: the same seed and settings give the same run on the same machine."""
    engine: EngineConfig = EngineConfig()
    domains: dict[str, DomainConfig] = {
        "mathematics": DomainConfig(families={"sums": [1], "fractions": [1]}),
        "programming": DomainConfig(families={"trace": [1], "fix": [1]}),
        "biology": DomainConfig(families={"growth": [1], "bonds": [1]}),
    }
    agents: dict[str, AgentConfig] = {
        "emmy": AgentConfig(domain="mathematics"),
        "ada": AgentConfig(domain="programming"),
        "rosalind": AgentConfig(domain="biology"),
    }
    experts: ExpertsConfig = ExpertsConfig()
    teaching: TeachingConfig = TeachingConfig()
    learning: LearningConfig = LearningConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @field_validator("agents")
    @classmethod
    def _names(cls, agents: dict[str, AgentConfig]) -> dict[str, AgentConfig]:
        for name in agents:
            if not _NAME.fullmatch(name) or name == BASE:
                raise ValueError(
                    f"an agent's name is lower-case letters, digits, - and _, and not 'base'; got {name!r}"
                )
        return agents


def load_config(path: Path | None, overrides: tuple[str, ...] = ()) -> Config:
    """The settings of a TOML file, or the defaults; then ``a.b=value`` overrides. Raises UseError, one line."""
    table: dict[str, Any] = {}
    if path is not None:
        try:
            table = tomllib.loads(path.read_bytes().decode())
        except OSError as error:
            raise UseError(f"{path}: cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise UseError(f"{path}: is not TOML: {error}") from error
    for text in overrides:
        _override(table, text)
    config = parse_config(table, str(path) if path else "settings")
    return _anchored(config, path.parent if path else Path())


def parse_config(table: Mapping[str, Any], where: str) -> Config:
    """Settings from a table. Raises UseError naming the setting, what was wanted and the nearest known name."""
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        raise UseError(_explain(error, where)) from None
    if config.learning.epochs > 1 and config.learning.estimator != "ppo":
        raise UseError(f"{where} [learning]: epochs = {config.learning.epochs} needs estimator = 'ppo'")
    return config


def to_toml(config: Config) -> str:
    """Every setting, written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


def _anchored(config: Config, folder: Path) -> Config:
    """Files named in a config are found from where the config is."""
    domains = {}
    for name, domain in config.domains.items():
        relative = domain.file and not domain.file.startswith("hub:")
        file = str((folder / domain.file).resolve()) if relative and domain.file else domain.file
        domains[name] = domain.model_copy(update={"file": file})
    return config.model_copy(update={"domains": domains})


def _override(table: dict[str, Any], text: str) -> None:
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise UseError(f"--set wants section.name=value, got {text!r}")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise UseError(f"--set {text}: {key!r} is a value, not a section")
    table[keys[-1]] = parsed


def _explain(error: ValidationError, where: str) -> str:
    """The first problem as one line."""
    first = error.errors()[0]
    path = [str(p) for p in first["loc"] if p not in {"str", "list[str]"}]
    place, name = path[:-1], path[-1]
    section = f" [{'.'.join(place)}]" if place else ""
    if first["type"] == "extra_forbidden":
        return f"{where}{section}: no setting {name!r}{nearest(name, _known(place))}"
    wanted = first["msg"].removeprefix("Value error, ")
    got = first["input"]
    shown = f", got {got!r}" if isinstance(got, str | int | float | bool) else f", got a {type(got).__name__}"
    return f"{where}{section} {name}: {wanted[0].lower()}{wanted[1:]}{'' if 'got' in wanted else shown}"


def _known(place: list[str]) -> list[str]:
    sections: dict[str, type[Table]] = {
        "engine": EngineConfig,
        "domains": DomainConfig,
        "agents": AgentConfig,
        "experts": ExpertsConfig,
        "teaching": TeachingConfig,
        "learning": LearningConfig,
        "evaluation": EvaluationConfig,
    }
    kind = sections.get(place[0], Config) if place else Config
    return list(kind.model_fields)
