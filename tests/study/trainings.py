"""A training of a small study, with what its tests compare."""

from dataclasses import dataclass
from pathlib import Path

from docendo.store import RunDirectory
from docendo.study.arm_results import make_result
from docendo.study.arm_run import Training, train_to_budget
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.results import ArmResult
from docendo.study.tuning import TunedSettings
from tests.study.leagues import Silent, timeless


@dataclass
class Trained:
    result: ArmResult
    before_last: float
    """Operations when the last round began."""


def trained(plan: StudyPlan, run: Path, watcher: Silent | None = None) -> Trained:
    task, found = TrainingTask("all", "teaching", 0), list[Trained]()

    def finish(training: Training) -> None:
        rounds = RunDirectory.open(run)
        last = max(row.round for row in rounds.rounds())
        query = (
            "SELECT TOTAL(flops) FROM ledger WHERE purpose != 'evaluation' AND round < ?"
        )
        ((before,),) = rounds._connection.execute(query, (last,))
        rounds.close()
        found.append(
            Trained(timeless(make_result(plan, task, TunedSettings(), training)), before)
        )

    train_to_budget(
        plan.configure(task),
        run,
        study=plan.study,
        callback=watcher or Silent(),
        finish=finish,
    )
    return found[0]
