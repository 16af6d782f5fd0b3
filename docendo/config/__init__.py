"""The tables of a config, one small frozen model per component."""

from docendo.config.agents import AgentConfig, DomainConfig
from docendo.config.monitors import MonitorsConfig
from docendo.config.people import PersonConfig
from docendo.config.sampling import DataConfig, EndpointConfig, GrammarConfig
from docendo.config.study import CustomArmConfig, RegimeConfig, StudyConfig
from docendo.config.training import (
    WITHOUT_GPU,
    DuelsConfig,
    EngineConfig,
    EvaluationConfig,
    ExpertsConfig,
    LeagueConfig,
    LearningConfig,
    TeachingConfig,
)
from docendo.parts import ConfigModel

__all__ = [
    "WITHOUT_GPU",
    "AgentConfig",
    "ConfigModel",
    "CustomArmConfig",
    "DataConfig",
    "DomainConfig",
    "DuelsConfig",
    "EndpointConfig",
    "EngineConfig",
    "EvaluationConfig",
    "ExpertsConfig",
    "GrammarConfig",
    "LeagueConfig",
    "LearningConfig",
    "MonitorsConfig",
    "PersonConfig",
    "RegimeConfig",
    "StudyConfig",
    "TeachingConfig",
]
