"""The tables of a config, one small frozen model per component."""

from docendo.tables.alarms import AlarmsConfig
from docendo.tables.answerers import DataConfig, EndpointConfig, GrammarConfig
from docendo.tables.askers import AskerConfig, PersonConfig
from docendo.tables.core import (
    DuelsConfig,
    EngineConfig,
    EvaluationConfig,
    ExpertsConfig,
    LeagueConfig,
    LearningConfig,
    TeachingConfig,
)
from docendo.tables.evaluators import EvaluatorConfig
from docendo.tables.fields import Table
from docendo.tables.members import AgentConfig, DomainConfig
from docendo.tables.study import OwnArmConfig, RegimeConfig, StudyConfig

__all__ = [
    "AgentConfig",
    "AlarmsConfig",
    "AskerConfig",
    "DataConfig",
    "DomainConfig",
    "DuelsConfig",
    "EndpointConfig",
    "EngineConfig",
    "EvaluationConfig",
    "EvaluatorConfig",
    "ExpertsConfig",
    "GrammarConfig",
    "LeagueConfig",
    "LearningConfig",
    "OwnArmConfig",
    "PersonConfig",
    "RegimeConfig",
    "StudyConfig",
    "Table",
    "TeachingConfig",
]
