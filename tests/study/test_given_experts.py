"""Finished experts: trained once per seed, outside the budget, and every arm starts from them."""

from pathlib import Path
from typing import Any

import pytest

from docendo.errors import UserError
from docendo.study.given_experts import prepare_experts
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.results import ArmResult
from docendo.study.worker import StudyWorker
from tests.engines.toys import PEFT_WARNS
from tests.study.leagues import AGENTS, Silent, planned, timeless

pytestmark = pytest.mark.filterwarnings(PEFT_WARNS)
ARMS = ["experts", "teaching", "single-agent"]


def given(folder: Path, **more: Any) -> StudyPlan:
    regimes = {"given": {"experts": "given"}}
    return planned(folder, **{"budget": 1e7, "arms": ARMS, "regimes": regimes} | more)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ArmResult]]:
    folder = tmp_path_factory.mktemp("given")
    return folder, list(StudyWorker(given(folder), folder / "out", Silent()).run())


def test_experts_are_trained_once_and_their_compute_is_in_no_budget(
    trained: tuple[Path, list[ArmResult]],
) -> None:
    folder, results = trained
    assert [path.name for path in (folder / "out" / "experts").iterdir()] == ["given-0"]
    assert {path.name for path in folder.glob("out/experts/*/*/")} == set(AGENTS)
    assert len({result.cost.given for result in results}) == 1
    for result in results:
        assert result.cost.given > 0
        assert "experts" not in result.cost.ledger


def test_a_population_starts_as_the_experts_and_one_agent_as_the_best_start(
    trained: tuple[Path, list[ArmResult]],
) -> None:
    folder, results = trained
    starts = {result.arm: result.scores.after_experts for result in results}
    assert starts["experts"] == starts["teaching"]
    assert list(starts["single-agent"]) == ["one"]
    assert (
        prepare_experts(
            given(folder), folder / "out", TrainingTask("given", "base", 0), Silent()
        )
        is None
    )


def test_interrupted_experts_go_on_and_end_the_same(
    trained: tuple[Path, list[ArmResult]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, results = trained
    plan, task = given(tmp_path), TrainingTask("given", "teaching", 0)
    with monkeypatch.context() as broken:
        broken.setattr("docendo.study.given_experts.folder_written_aside", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare_experts(plan, tmp_path / "out", task, Silent())
    again = prepare_experts(plan, tmp_path / "out", task, Silent())
    assert again is not None
    for agent in AGENTS:
        place = Path("experts", "given-0", agent, "adapter_model.safetensors")
        weights = (tmp_path / "out" / place).read_bytes()
        assert weights == (folder / "out" / place).read_bytes()
    (result,) = StudyWorker(plan, tmp_path / "out", Silent()).run([task])
    assert timeless(result) == timeless(results[1])


def test_agents_that_are_no_experts_cannot_start_from_them(tmp_path: Path) -> None:
    wide = {"wide": {"settings": ["engine.rank=4"]}}
    plan = given(tmp_path, custom_arms=wide)
    with pytest.raises(
        UserError, match=r"ada, bob, cyd with engine.rank = 2, got .* with 4"
    ):
        plan.configure(TrainingTask("given", "wide", 0))
