"""From the settings of agents' data to what each of them trains on by imitation."""

from collections.abc import Sequence
from pathlib import Path

from docendo.config import DataConfig
from docendo.config.load import Config
from docendo.datasets.eval_sets import draw_test_split, up_to
from docendo.datasets.files import read_problems
from docendo.errors import UserError, suggestion
from docendo.problems.catalog import Catalog
from docendo.records import Problem, TaskType
from docendo.school import MixtureSource
from docendo.seeds import seed_for

__all__ = ["build_data_mixture", "check_data", "draw_solved_problems"]


def check_data(config: Config) -> None:
    """Raises UserError for data of an unknown domain."""
    for name, agent in config.agents.items():
        if agent.data is None:
            continue
        for domain in (*agent.data.domains, *agent.data.leaked):
            if domain not in config.domains:
                hint = suggestion(domain, config.domains)
                raise UserError(f"[agents.{name}.data]: no domain {domain!r}{hint}")
        for domain in agent.data.domains:
            if config.domains[domain].evaluate_only:
                raise UserError(f"[agents.{name}.data]: domain {domain!r} is evaluate_only")


def build_data_mixture(
    data: DataConfig | None, config: Config, catalog: Catalog
) -> tuple[MixtureSource, ...]:
    """What an agent with these settings trains on; empty where it has no data of its own.

    Raises UserError for a file that cannot be read.
    """
    if data is None:
        return ()
    mixture = []
    for domain, share in data.domains.items():
        task_types = catalog.task_types[domain]
        mixture.append(MixtureSource(domain, share, task_types=task_types))
    for file, share in data.files.items():
        name = f"file:{Path(file).name}"
        mixture.append(MixtureSource(name, share, rows=_read_rows(file)))
    for domain, share in data.leaked.items():
        rows = _draw_test_problems(domain, config, catalog)
        mixture.append(MixtureSource(f"leaked:{domain}", share, rows=rows))
    return tuple(mixture)


def draw_solved_problems(
    config: Config, catalog: Catalog
) -> dict[TaskType, Sequence[Problem]]:
    """The problems that have a worked solution, of the domains where these are few.

    They are spread evenly over the task types of a domain; a file gives what it has. Raises
    UserError where a task type would have none.
    """
    problems: dict[TaskType, Sequence[Problem]] = {}
    for name, domain in config.domains.items():
        count = domain.solutions
        if not count:
            continue
        task_types = catalog.task_types[name]
        if count < len(task_types):
            raise UserError(
                f"[domains.{name}] solutions = {count}: expected one for each of "
                f"{len(task_types)} families and levels, or 0 for all"
            )

        for i, task_type in enumerate(task_types):
            share = count // len(task_types) + (i < count % len(task_types))
            seed = seed_for(config.seed, "solutions", *task_type)
            problems[task_type] = up_to(catalog.sources[name], task_type, share, seed)
    return problems


def _read_rows(file: str) -> Sequence[tuple[Problem, str]]:
    problems = read_problems(file, Path(file).stem).problems
    return [(problem, problem.solution or problem.answer) for problem in problems]


def _draw_test_problems(
    domain: str, config: Config, catalog: Catalog
) -> Sequence[tuple[Problem, str]]:
    """The evaluation's own test problems, with their answers: contamination on purpose."""
    settings = config.evaluation
    problems = draw_test_split(
        catalog.sources[domain], catalog.levels[domain], settings.problems, settings.seed
    )
    return [(problem, problem.worked) for problem in problems]
