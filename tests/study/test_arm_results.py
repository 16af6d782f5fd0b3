"""What a finished training leaves behind."""

from pathlib import Path

from docendo.study.plan import StudyPlan
from tests.study.leagues import league, planned
from tests.study.trainings import Trained, trained


def test_the_training_cost_is_that_of_the_ledger_without_evaluations(
    unbroken: Trained,
) -> None:
    cost = unbroken.result.cost
    assert sum(cost.ledger.values()) == cost.spent
    assert "evaluation" not in cost.ledger
    assert {"experts", "lesson", "control", "practice"} <= cost.ledger.keys()


def test_what_was_kept_is_measured_of_the_base_the_experts_and_at_the_end(
    unbroken: Trained,
) -> None:
    kept = unbroken.result.trace.kept
    assert {name: len(values) for name, values in kept.items() if name != "outside"} == {
        "one_shot": 3,
        "base_text": 2,
    }
    assert max(kept["base_text"]) < 0.05


def test_the_population_is_compared_as_a_system_where_the_league_asks(
    tmp_path: Path,
) -> None:
    asks = league(evaluation={"system": True})
    made = planned(tmp_path, asks, budget=1e8, eval_problems=3, test_problems=3)
    system = trained(made, tmp_path / "run").result.trace.system
    assert list(system) == ["lesson", "alone", "vote", "teacher"]
    assert system["lesson"].flops > system["alone"].flops > 0


def test_the_final_evaluations_are_charged_as_evaluation(
    plan: StudyPlan, unbroken: Trained, tmp_path: Path
) -> None:
    more = planned(tmp_path, budget=plan.study.budget, eval_problems=3, test_problems=24)
    assert (
        trained(more, tmp_path / "run").result.cost.evaluation
        > 2 * unbroken.result.cost.evaluation
    )


def test_a_result_names_the_taught_families_where_the_settings_name_none(
    tmp_path: Path,
) -> None:
    bare = league(
        domains={"letters": {}, "digits": {}},
        agents={"ada": {"domain": "letters"}, "bob": {"domain": "digits"}},
    )
    made = planned(tmp_path, bare, budget=1e8, test_problems=6)
    found = trained(made, tmp_path / "run").result.setup.domains
    assert found == {
        "letters": ("tor", "gan", "mib", "zep", "spelled"),
        "digits": ("vun", "hob", "dap", "wug", "spelled"),
    }
