"""docendo trains a population of language-model agents that get better by teaching each other.

The short public API. Nothing heavy is imported before a name is used::

    import docendo

    config = docendo.load_config("my.toml")
    with docendo.open_run(config, folder="runs/my") as run:
        for round in run.rounds():
            print(round.index, round.metrics.get("gain"))

    agents = docendo.load_agents("runs/my")
    print(agents.answer("emmy", "What is 12 + 30?"))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from docendo.version import VERSION

if TYPE_CHECKING:
    from docendo.analysis.overview import Analysis, analyse
    from docendo.build.parts import Parts
    from docendo.config.load import Config, load_config
    from docendo.errors import RunError, UserError
    from docendo.parts import PartConfig
    from docendo.run.agents import LoadedAgents, load_agents
    from docendo.run.api import Run, open_run, resume_run

__version__ = VERSION
__all__ = [
    "Analysis",
    "Config",
    "LoadedAgents",
    "PartConfig",
    "Parts",
    "Run",
    "RunError",
    "UserError",
    "__version__",
    "analyse",
    "load_agents",
    "load_config",
    "open_run",
    "resume_run",
]

_HOMES = {
    "Analysis": "docendo.analysis.overview",
    "Config": "docendo.config.load",
    "LoadedAgents": "docendo.run.agents",
    "PartConfig": "docendo.parts",
    "Parts": "docendo.build.parts",
    "Run": "docendo.run.api",
    "RunError": "docendo.errors",
    "UserError": "docendo.errors",
    "analyse": "docendo.analysis.overview",
    "load_agents": "docendo.run.agents",
    "load_config": "docendo.config.load",
    "open_run": "docendo.run.api",
    "resume_run": "docendo.run.api",
}


def __getattr__(name: str) -> Any:
    """A name of the public API, imported when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'docendo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
