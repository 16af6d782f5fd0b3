"""The held-out problems of a study: of tests, of tuning, and of families that no agent is trained on."""

from collections.abc import Sequence

from docendo.config import StudyConfig
from docendo.datasets.eval_sets import draw_fresh_split, draw_test_split
from docendo.errors import UserError
from docendo.problems.catalog import Catalog
from docendo.records import Problem
from docendo.run.forgetting import outside_levels
from docendo.study.plan import eval_seed

__all__ = [
    "EvalProblems",
    "check_eval_problems",
    "draw_eval_problems",
    "draw_ood_problems",
    "draw_tuning_problems",
]

EvalProblems = Sequence[Problem]
"""Problems in a fixed order."""


def draw_eval_problems(catalog: Catalog, seed: int, count: int) -> list[Problem]:
    """`count` held-out problems of each domain, of the trained families."""
    problems = []
    for domain, source in catalog.sources.items():
        problems += draw_test_split(source, catalog.levels[domain], count, seed)
    return problems


def draw_tuning_problems(catalog: Catalog, seed: int, study: StudyConfig) -> list[Problem]:
    """Held-out problems to choose settings on. No training of the study is evaluated on them.

    Raises UserError where a domain has none left.
    """
    # All seeds' tests are taken, so that a choice cannot fit the test of any training.
    tests = []
    for training_seed in study.each_seed:
        tests += draw_eval_problems(catalog, eval_seed(training_seed), study.test_problems)

    problems = []
    for domain, source in catalog.sources.items():
        taken = [problem for problem in tests if problem.domain == domain]
        levels = catalog.levels[domain]
        # The levels of training, as settings are chosen for these.
        fresh = draw_fresh_split(source, levels, study.test_problems, seed, taken)
        if not fresh:
            count = len({problem.key for problem in taken})
            raise UserError(
                f"{domain}: all {count} held-out problems are in the tests of "
                f"{len(study.each_seed)} seeds, and none is left to choose settings; lower "
                "test_problems or seeds, or add rows, of which about one in five is held out"
            )
        problems += fresh
    return problems


def draw_ood_problems(catalog: Catalog, seed: int, study: StudyConfig) -> list[Problem]:
    """Held-out problems of the families that the study names as out of distribution.

    Raises UserError where `outside_levels` does, and where a family would have no problem.
    """
    problems = []
    for domain, levels in outside_levels(catalog, study.ood_families).items():
        _check_count(levels, study.test_problems, f"[ood_families.{domain}]")
        source = catalog.sources[domain]
        problems += draw_test_split(source, levels, study.test_problems, seed)
    return problems


def check_eval_problems(catalog: Catalog, seed: int, study: StudyConfig) -> None:
    """Raises UserError where a family would have no test problem."""
    for domain, levels in catalog.levels.items():
        _check_count(levels, study.test_problems, f"[domains.{domain}]")
    # drawn to raise what only drawing finds, such as a file without held-out rows
    draw_eval_problems(catalog, seed, study.test_problems)
    draw_ood_problems(catalog, seed, study)


def _check_count(levels: Sequence[tuple[str, int]], problems: int, where: str) -> None:
    if not levels:
        raise UserError(f"{where}: no family is named; expected at least one")
    if problems < len(levels):
        raise UserError(
            f"{where}: got test_problems = {problems}, expected at least one for each of "
            f"{len(levels)} families and levels"
        )
