"""The settings of a run, read from TOML; the defaults are the three-expert league."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import Field, ValidationError, field_validator

from docendo.config import (
    AgentConfig,
    ConfigModel,
    DataConfig,
    DomainConfig,
    DuelsConfig,
    EndpointConfig,
    EngineConfig,
    EvaluationConfig,
    ExpertsConfig,
    GrammarConfig,
    LeagueConfig,
    LearningConfig,
    MonitorsConfig,
    PersonConfig,
    TeachingConfig,
)
from docendo.config.explain import explain
from docendo.config.paths import anchor_agent, anchor_file, anchor_model, anchor_part
from docendo.datasets.columns import Columns, SplitNames
from docendo.errors import UserError, closest_hint, suggestion
from docendo.parts import Part, PartConfig, add_search_folder, user_part_files
from docendo.records import BASE, AgentId
from docendo.store.run import RunDirectory
from docendo.thinking import ThinkingConfig

__all__ = [
    "Config",
    "changed",
    "load_config",
    "parse_config",
    "parse_toml",
    "read_run_config",
    "read_toml",
    "to_toml",
]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Config(ConfigModel):
    model: Annotated[str, Field(min_length=1)] = "smollm2-135m-instruct"
    """Base model: "smollm2-135m-instruct" (embedded), "nano", "nano-rules", "tiny" (for
    tests), or any Hugging Face causal LM by id, folder or GGUF file."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Seed of the run. The same seed, settings and machine give the same run."""
    engine: EngineConfig = EngineConfig()
    """How the model is computed."""
    domains: dict[str, DomainConfig] = Field(
        default_factory=lambda: {
            "mathematics": DomainConfig(families={"sums": [1], "fractions": [1]}),
            "programming": DomainConfig(families={"trace": [1], "fix": [1]}),
            "biology": DomainConfig(families={"growth": [1], "bonds": [1]}),
        }
    )
    """Subjects and where their problems come from."""
    agents: dict[str, AgentConfig] = Field(
        default_factory=lambda: {
            "emmy": AgentConfig(domain="mathematics"),
            "ada": AgentConfig(domain="programming"),
            "rosalind": AgentConfig(domain="biology"),
        }
    )
    """Members of the population, by name."""
    experts: ExpertsConfig = ExpertsConfig()
    """Stage 1: supervised training on worked solutions."""
    teaching: TeachingConfig = TeachingConfig()
    """Stage 2: the teaching game."""
    league: LeagueConfig = LeagueConfig()
    """Who meets whom on what, and frozen copies."""
    duels: DuelsConfig = DuelsConfig()
    """Games between agents. Off by default."""
    learning: LearningConfig = LearningConfig()
    """Losses, learning rates and amounts of training."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """Tests on held-out problems."""
    monitors: MonitorsConfig = MonitorsConfig()
    """Checks for reward hacking."""
    askers: dict[str, Annotated[PartConfig, Part("asker")]] = {}
    """Further sources of problems, by name."""
    people: dict[str, PersonConfig] = {}
    """Simulated people, by name."""
    evaluators: dict[str, Annotated[PartConfig, Part("evaluator")]] = {}
    """Ways to score answers, by name."""
    endpoints: dict[str, EndpointConfig] = {}
    """Servers with the OpenAI API, by name."""
    parts_folder: str | None = None
    """Folder with the modules of your own parts. Default: the config's folder."""
    trackers: list[Annotated[PartConfig, Part("tracker")]] = []
    """Where metrics go besides the run's database: "jsonl" or your own, as
    "package.module:name"."""

    @property
    def learners(self) -> dict[str, AgentConfig]:
        """The agents that have an adapter."""
        return {
            name: agent for name, agent in self.agents.items() if agent.policy == "model"
        }

    @property
    def learner_ids(self) -> list[AgentId]:
        """The names of the agents that have an adapter, in the order of the config."""
        return [AgentId(name) for name in self.learners]

    @property
    def max_copies(self) -> int:
        """Frozen copies of agents that exist at the same time, at most."""
        league = self.league
        per_agent = 1 if league.reference_matches else 0
        if league.snapshot_every or league.snapshot_margin:
            per_agent += league.snapshots
        return per_agent * len(self.learners)

    @property
    def guests(self) -> dict[str, AgentConfig]:
        """The agents that an endpoint answers for."""
        return {
            name: agent for name, agent in self.agents.items() if agent.policy == "endpoint"
        }

    @field_validator("agents")
    @classmethod
    def _names(cls, agents: dict[str, AgentConfig]) -> dict[str, AgentConfig]:
        for name in agents:
            if not _NAME.fullmatch(name) or name == BASE:
                raise ValueError(
                    f"an agent's name is lower-case letters, digits, - and _, and not 'base'; got {name!r}"
                )
        return agents


def load_config(path: str | Path | None = None, overrides: Sequence[str] = ()) -> Config:
    """The settings of a TOML file, or the defaults; then ``a.b=value`` overrides.

    Raises UserError, one line, for what is no config.
    """
    table: dict[str, Any] = {}
    file = Path(path) if path is not None else None
    if file is not None:
        table = read_toml(file)
        if "config" in table and "budget" in table:
            raise UserError(f"{file}: is a study, not a league; `docendo compare` takes it")

    for text in overrides:
        _override(table, text, "--set")
    folder = file.parent if file else Path()
    add_search_folder(folder)
    if isinstance(table.get("parts_folder"), str):
        table["parts_folder"] = anchor_file(folder, table["parts_folder"])
    config = parse_config(table, str(file) if file else "settings")
    return _anchor_files(config, folder)


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file. Raises UserError, one line."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        hint = _suggest_file(path) if isinstance(error, FileNotFoundError) else ""
        raise UserError(f"{path}: cannot be read: {error.strerror}{hint}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{path}: is not TOML: {error}") from error


def _suggest_file(path: Path) -> str:
    """``; did you mean 'x'?`` for a TOML file of a similar name in the same folder."""
    nearby = {file.name: file for file in sorted(path.parent.glob("*.toml"))}
    return closest_hint(path.name, nearby, describe=lambda name: str(nearby[name]))


def changed(config: Config, settings: Sequence[str], where: str = "settings") -> Config:
    """The settings with ``a.b=value`` changes; ``a.*.b=value`` changes all of `a`. Raises UserError as a file would."""
    table = config.model_dump(exclude_none=True)
    for text in settings:
        for one in _spread(table, text, where):
            _override(table, one, f"{where}: a setting")
    return parse_config(table, where)


def _spread(table: Mapping[str, Any], text: str, where: str) -> list[str]:
    """The change of everything that ``*`` stands for. Raises UserError where that is nothing."""
    before, star, after = text.partition(".*.")
    if not star or "=" in before:
        return [text]
    section: Any = table
    for key in before.split("."):
        section = section.get(key.strip()) if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping) or not section:
        raise UserError(
            f"{where}: {text}: there is nothing in {before!r} that * could stand for{suggestion(before, table)}"
        )
    return [f"{before}.{name}.{after}" for name in section]


def parse_toml(text: str, where: str) -> Config:
    """Settings from the text of a TOML file, as `parse_config` reads a table."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{where}: is not TOML: {error}") from error
    return parse_config(table, where)


def read_run_config(run: RunDirectory) -> Config:
    """The settings that a run was made with. Raises UserError if they cannot be read."""
    return parse_toml(run.config_toml, str(run.path / "config.toml"))


def parse_config(table: Mapping[str, Any], where: str) -> Config:
    """Settings from a table. Raises UserError naming the setting, what was wanted and the nearest known name."""
    if isinstance(parts_folder := table.get("parts_folder"), str):
        add_search_folder(Path(parts_folder))
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        raise UserError(explain(error, where, _known_settings)) from None
    if config.learning.epochs > 1 and config.learning.loss.type == "policy_gradient":
        raise UserError(
            f"{where} [learning]: epochs = {config.learning.epochs} needs a clipped loss, such as loss = 'ppo_clip'"
        )
    return config


def to_toml(config: Config) -> str:
    """Every setting, written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


def _anchor_files(config: Config, folder: Path) -> Config:
    """The config with absolute paths of the files that it names, found from `folder`.

    One that names parts of the user's own keeps where they are, so that a run finds them again
    when it is opened from elsewhere.
    """
    parts_folder = config.parts_folder
    if parts_folder is None and user_part_files(config):
        parts_folder = anchor_file(folder, ".")
    domains = {}
    for name, domain in config.domains.items():
        files = {
            "file": anchor_file(folder, domain.file),
            "held_out": anchor_file(folder, domain.held_out),
        }
        domains[name] = domain.model_copy(update=files)

    agents = {n: anchor_agent(folder, agent) for n, agent in config.agents.items()}
    evaluators = {n: anchor_part(folder, part) for n, part in config.evaluators.items()}
    askers = {n: anchor_part(folder, part) for n, part in config.askers.items()}
    return config.model_copy(
        update={
            "model": anchor_model(folder, config.model),
            "domains": domains,
            "agents": agents,
            "evaluators": evaluators,
            "askers": askers,
            "parts_folder": parts_folder,
        }
    )


def _override(table: dict[str, Any], text: str, where: str) -> None:
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise UserError(f"{where} wants section.name=value, got {text!r}")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    for key in keys[:-1]:
        inner = table.setdefault(key, {})
        if isinstance(inner, str):  # a part that is written as its name alone
            inner = table[key] = {"type": inner}
        if not isinstance(inner, dict):
            raise UserError(f"{where} {text}: {key!r} is a value, not a section")
        table = inner
    table[keys[-1]] = parsed


def _known_settings(place: list[str]) -> list[str]:
    """The names of the settings at a place of the config."""
    sections: dict[str, type[ConfigModel]] = {
        "engine": EngineConfig,
        "domains": DomainConfig,
        "agents": AgentConfig,
        "experts": ExpertsConfig,
        "teaching": TeachingConfig,
        "league": LeagueConfig,
        "duels": DuelsConfig,
        "learning": LearningConfig,
        "evaluation": EvaluationConfig,
        "monitors": MonitorsConfig,
        "people": PersonConfig,
        "endpoints": EndpointConfig,
    }
    inner: dict[str, type[ConfigModel]] = {
        "columns": Columns,
        "data": DataConfig,
        "grammar": GrammarConfig,
        "split": SplitNames,
        "thinking": ThinkingConfig,
    }
    model: type[ConfigModel] = Config
    if place:
        model = inner.get(place[-1]) or sections.get(place[0], Config)
    return list(model.model_fields)
