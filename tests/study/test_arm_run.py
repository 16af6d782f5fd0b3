"""A training of a study: where it stops, what it counts, and that it goes on as if it had never been broken off."""

import json
import re
from pathlib import Path

import pytest

from docendo.errors import RunError, UserError
from docendo.store import RunDirectory
from docendo.study.arm_run import Training
from docendo.study.plan import StudyPlan
from tests.study.leagues import SMALL, Silent, league, planned
from tests.study.trainings import Trained, trained


class Killed(BaseException):
    """The process ends here."""


def test_training_stops_with_the_first_round_that_crosses_its_budget(
    plan: StudyPlan, unbroken: Trained
) -> None:
    assert 0 < unbroken.before_last < plan.study.budget <= unbroken.result.cost.spent


def test_the_curve_begins_with_the_base_and_ends_with_the_budget(
    plan: StudyPlan, unbroken: Trained
) -> None:
    curve = unbroken.result.curve
    assert curve[0].flops == 0
    assert curve[-1].flops == unbroken.result.cost.spent
    assert len({str(of) for of in curve[0].accuracy.values()}) == 1
    assert len(curve) >= plan.study.eval_points
    assert unbroken.result.scores.after_experts.keys() == unbroken.result.scores.test.keys()


def test_a_training_begun_with_other_settings_starts_anew(
    plan: StudyPlan, unbroken: Trained, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = planned(
        tmp_path / "other",
        league(learning={"policy_lr": 2e-3}),
        budget=1e8,
        eval_problems=3,
        test_problems=4,
    )
    run, watcher = tmp_path / "run", Silent()
    trained(other, run)
    assert trained(plan, run, watcher) == unbroken
    assert watcher.lines[0].endswith("/run: begun with other settings; begins anew")


def test_a_round_without_cost_is_an_error_and_no_endless_loop(
    tmp_path: Path,
) -> None:
    idle = SMALL | {
        "teaching": {"matches": 0},
        "learning": {"self_practice": 0, "rehearsal": 0},
    }
    plan = planned(tmp_path, league(**idle))
    with pytest.raises(UserError, match="a round costs nothing"):
        trained(plan, tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("book_evaluation", 2),
        *(
            pytest.param(name, n, marks=pytest.mark.slow)
            for name in ("book_evaluation", "commit")
            for n in (1, 2, 3, 4)
            if (name, n) != ("book_evaluation", 2)
        ),
    ],
)
def test_a_killed_training_resumes_and_ends_like_an_unbroken_one(
    name: str,
    times: int,
    plan: StudyPlan,
    unbroken: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = RunDirectory if name == "commit" else Training
    whole, left = getattr(where, name), [times]

    def dying(self: object, *given: object) -> object:
        left[0] -= 1
        if not left[0]:
            raise Killed
        return whole(self, *given)

    monkeypatch.setattr(where, name, dying)
    with pytest.raises(Killed):
        trained(plan, tmp_path / "run")
    monkeypatch.undo()
    assert trained(plan, tmp_path / "run").result == unbroken.result


def test_a_finished_training_without_its_result_file_is_not_repeated(
    plan: StudyPlan, unbroken: Trained, tmp_path: Path
) -> None:
    trained(plan, tmp_path / "run")
    watcher = Silent()
    assert trained(plan, tmp_path / "run", watcher).result == unbroken.result
    assert watcher.shares == []


def test_a_budget_spent_by_finetuning_alone_is_an_error(tmp_path: Path) -> None:
    watcher = Silent()
    trained(planned(tmp_path, budget=1e6), tmp_path / "run", watcher)
    *short, line = watcher.lines
    assert short == [
        f"[domains.{d}]: 3 of 3 worked solutions are longer than max_tokens = 6 (up to {n}); answers "
        "like these are cut off, and wrong; raise teaching.max_tokens"
        for d, n in (("letters", 45), ("digits", 43), ("genes", 49))
    ]
    assert re.search(
        r"run: the budget of 1e\+06 operations ended in the experts' stage, which took 7.41e\+07",
        line,
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"solution": "x"},
            r"\[domains.long\], the longest question after a worked example: .* do not fit",
        ),
        ({}, "long/odd has problems without a worked solution to be shown"),
    ],
    ids=["too long", "no solution of one family"],
)
def test_questions_too_long_after_an_example_are_refused_before_training(
    more: dict[str, str], said: str, tmp_path: Path
) -> None:
    rows = [
        {
            "question": f"{i} {kind} {'and more ' * 600}?",
            "answer": str(i),
            "family": kind,
            "solution": "x" if kind == "even" else None,
        }
        for i in range(60)
        for kind in ("even", "odd")
    ]
    rows = [{**row, **more} for row in rows]
    (tmp_path / "long.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    domains = {
        **league()["domains"],
        "long": {"file": str(tmp_path / "long.jsonl"), "columns": {"family": "family"}},
    }
    given = league(
        domains=domains, agents={**league()["agents"], "dan": {"domain": "long"}}
    )
    watcher = Silent()
    with pytest.raises((UserError, RunError), match=said):
        trained(planned(tmp_path, given, budget=1e6), tmp_path / "run", watcher)
    assert watcher.shares == []
