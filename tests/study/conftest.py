import pytest

from docendo.study.plan import StudyPlan
from docendo.study.regimes import RegimeResults, split_by_regime
from docendo.study.result_files import load_study
from docendo.study.results import StudyResults
from tests.study.leagues import planned
from tests.study.toys import toy_study
from tests.study.trainings import Trained, trained


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StudyPlan:
    """A study of one training that fits its budget. Tests only read it."""
    return planned(
        tmp_path_factory.mktemp("study"), budget=4e8, eval_problems=3, test_problems=4
    )


@pytest.fixture(scope="session")
def unbroken(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """That training, from beginning to end."""
    return trained(plan, tmp_path_factory.mktemp("runs") / "unbroken")


@pytest.fixture(scope="session")
def toy(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[StudyResults, list[RegimeResults]]:
    """A study with results made by hand."""
    study = load_study(toy_study(tmp_path_factory.mktemp("toy") / "laboratory"))
    return study, split_by_regime(study, 300)
