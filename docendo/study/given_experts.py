"""Experts that a study's trainings are given: trained once per regime and seed, outside every budget.

All arms start from the same finished adapters. One agent with the compute of all starts from the
best single start there is: an expert, or the experts' average at its own rank.
"""

import json
import shutil
import tempfile
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from docendo.config import StudyConfig
from docendo.config.load import Config
from docendo.records import AgentId
from docendo.run.opening import begin
from docendo.run.session import Session
from docendo.store.atomic import folder_written_aside
from docendo.study.arm_run import TrainingCallback, open_run, spent_flops
from docendo.study.eval_answers import accuracy_by_domain, answer_keys, answer_problems
from docendo.study.eval_problems import draw_tuning_problems
from docendo.study.folder import lock_run
from docendo.study.merging import AVERAGE, merge_adapters
from docendo.study.plan import StudyPlan, TrainingTask

__all__ = ["GivenExperts", "prepare_experts"]

_COST = "cost.json"


class GivenExperts(NamedTuple):
    """Finished adapters, one folder per agent."""

    folder: Path
    flops: float
    """What they cost, outside the budget."""
    config: Config
    study: StudyConfig

    def load(self, session: Session) -> None:
        """Give the session's agents their adapters."""
        for agent in session.config.learner_ids:
            if agent in self.config.learners:
                session.backend.load_adapter(agent, self.folder / agent)
            else:
                self._load_best(session, agent)

    def _load_best(self, session: Session, agent: AgentId) -> None:
        """Load the start with the most right answers on problems that no training is tested on."""
        seed = session.config.evaluation.seed
        problems = draw_tuning_problems(session.catalog, seed, self.study)
        with tempfile.TemporaryDirectory() as temporary:
            folders = {expert: self.folder / expert for expert in self.config.learner_ids}
            rank = session.config.engine.rank
            average = merge_adapters(self.config, folders, AVERAGE, rank, Path(temporary))
            starts = [average]
            # an adapter of another rank fits no agent of this engine
            if rank == self.config.engine.rank:
                starts += folders.values()

            scores = []
            for start in starts:
                session.backend.load_adapter(agent, start)
                answers = answer_problems(session.school.classroom, [agent], problems)
                shares = accuracy_by_domain(answer_keys(answers, problems))[agent]
                scores.append(fmean(shares.values()))
            session.backend.load_adapter(agent, starts[scores.index(max(scores))])
        # like the experts themselves, the choice is outside the budget
        session.school.classroom.engine.pop_usage()


def prepare_experts(
    plan: StudyPlan, folder: Path, task: TrainingTask, callback: TrainingCallback
) -> GivenExperts | None:
    """The experts that a training starts from, trained where nobody has; None where none are given.

    Raises TakenError where another process trains them.
    """
    config = plan.configure_experts(task)
    if config is None:
        return None

    name = f"{task.regime}-{task.seed}"
    place = folder / "experts" / name
    if not place.is_dir():
        with lock_run(folder, Path(".experts", name)) as run:
            if not place.is_dir():  # another process wrote it while this one waited
                callback.on_message(f"{task.regime}, experts for seed {task.seed}")
                _train_experts(config, run, place, callback)
            shutil.rmtree(run, ignore_errors=True)
    flops = float(json.loads((place / _COST).read_text())["flops"])
    return GivenExperts(place, flops, config, plan.study)


def _train_experts(
    config: Config, run_folder: Path, place: Path, callback: TrainingCallback
) -> None:
    """Stage 1 alone, to its end; the adapters appear in `place` all at once."""
    with open_run(config, run_folder, callback) as (run, session):
        if not session.directory:
            begin(session, run)
        for _ in session.rounds():
            pass

        with folder_written_aside(place) as unfinished:
            for agent in config.learner_ids:
                session.backend.save_adapter(agent, unfinished / agent, config.model)
            flops = spent_flops(session)
            (unfinished / _COST).write_text(json.dumps({"flops": flops}))
