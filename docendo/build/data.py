"""From the settings of agents' data to what each of them studies."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from docendo.config import DataConfig
from docendo.config.load import Config
from docendo.datasets.eval_sets import draw_test_split, up_to
from docendo.datasets.files import read_problems
from docendo.errors import UserError, suggestion
from docendo.interfaces import Source
from docendo.records import Problem, TaskType
from docendo.school import MixtureSource
from docendo.seeds import seed_for

__all__ = ["TaughtDomains", "check_data", "data_mixture", "solved_problems"]


def check_data(config: Config) -> None:
    """Raises UseError for data of a domain that there is not."""
    for name, agent in config.agents.items():
        for domain in (*agent.data.domains, *agent.data.leaked) if agent.data else ():
            if domain not in config.domains:
                raise UserError(
                    f"[agents.{name}.data]: no domain {domain!r}{suggestion(domain, config.domains)}"
                )


class TaughtDomains(Protocol):
    """What there is to study."""

    @property
    def sources(self) -> Mapping[str, Source]: ...

    @property
    def levels(self) -> Mapping[str, Sequence[tuple[str, int]]]: ...

    @property
    def task_types(self) -> Mapping[str, Sequence[TaskType]]: ...


def data_mixture(
    data: DataConfig | None, config: Config, found: TaughtDomains
) -> tuple[MixtureSource, ...]:
    """What an agent with these settings studies and rehearses; empty where it has none of its own.

    Raises UseError for a file that cannot be read.
    """
    if data is None:
        return ()
    kinds = found.task_types
    return (
        *(
            MixtureSource(name, share, task_types=kinds[name])
            for name, share in data.domains.items()
        ),
        *(
            MixtureSource(f"file:{Path(file).name}", share, rows=_rows(file))
            for file, share in data.files.items()
        ),
        *(
            MixtureSource(f"leaked:{name}", share, rows=_leaked(name, config, found))
            for name, share in data.leaked.items()
        ),
    )


def solved_problems(
    config: Config, found: TaughtDomains
) -> dict[TaskType, Sequence[Problem]]:
    """The problems that have a worked solution, by kind, of the domains where these are few: as many of each kind as
    of the others, or all that a file has. Raises UseError where a kind would have none.
    """
    few = {
        name: domain.solutions
        for name, domain in config.domains.items()
        if domain.solutions
    }
    problems: dict[TaskType, Sequence[Problem]] = {}
    for name, count in few.items():
        kinds = found.task_types[name]
        if count < len(kinds):
            raise UserError(
                f"[domains.{name}] solutions = {count}: wanted one for each of {len(kinds)} kinds, or 0 for all"
            )
        for i, kind in enumerate(kinds):
            share = count // len(kinds) + (i < count % len(kinds))
            seed = seed_for(config.seed, "solutions", *kind)
            problems[kind] = up_to(found.sources[name], kind, share, seed)
    return problems


def _rows(file: str) -> Sequence[tuple[Problem, str]]:
    return [
        (p, p.solution or p.answer) for p in read_problems(file, Path(file).stem).problems
    ]


def _leaked(
    domain: str, config: Config, found: TaughtDomains
) -> Sequence[tuple[Problem, str]]:
    """The evaluation's own test problems, with their answers."""
    e = config.evaluation
    problems = draw_test_split(
        found.sources[domain], found.levels[domain], e.problems, e.seed
    )
    return [(p, p.worked) for p in problems]
