"""What a study consists of: its file read and checked, and the settings of each training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from docendo.config import ConfigModel, CustomArmConfig, RegimeConfig, StudyConfig
from docendo.config.load import Config, changed, explain, load_config, read_toml
from docendo.errors import UserError, suggestion
from docendo.study.arms import ARMS, Arm

__all__ = ["TUNING_SEED", "StudyPlan", "TrainingTask", "eval_seed", "load_plan"]

TUNING_SEED = 999_999
"""Of the trainings that choose settings; no training of the study has it."""


class TrainingTask(NamedTuple):
    """One training."""

    regime: str
    arm: str
    seed: int


@dataclass(frozen=True)
class StudyPlan:
    study: StudyConfig
    config: Config
    arms: Mapping[str, Arm]
    """Those that are wanted, in order."""

    def tasks(self) -> Iterator[TrainingTask]:
        """Everything that is trained, seed by seed, so that what is finished can be compared early."""
        for seed in self.study.each_seed:
            for regime in self.study.regimes:
                yield from (
                    TrainingTask(regime, arm, seed)
                    for arm in self.arms
                    if not self.arms[arm].merged
                )

    def grid(self, arm: str) -> Sequence[Sequence[str]]:
        """The settings that the arm chooses from; those of the arm that it is like."""
        return self.study.grids.get(self.tuned(arm), ())

    def tuned(self, arm: str) -> str:
        """The arm whose choice it takes, which need not be among those that are wanted."""
        return self.arm(arm).like or arm

    def trained(self, arm: str) -> str:
        """The arm whose training makes it: itself, if it is not merged."""
        return self.arms[arm].like if self.arms[arm].merged else arm

    def arm(self, name: str) -> Arm:
        """An arm that is wanted, or one that such an arm is like."""
        return self.arms.get(name) or ARMS[name]

    def settings(self, task: TrainingTask, chosen: Sequence[str] = ()) -> Config:
        """The settings of one training. Raises UseError for what does not fit together."""
        regime = self.study.regimes[task.regime]
        own = [*regime.settings, *regime.arms.get(self.tuned(task.arm), ()), *chosen]
        if self.tuned(task.arm) != task.arm:
            own += regime.arms.get(task.arm, ())
        tried = f", with {', '.join(chosen)}" if chosen else ""
        config = changed(self.config, own, f"arm {task.arm} in regime {task.regime}{tried}")
        arm = self.arm(task.arm)
        shaped = arm.shape(config)
        if not arm.like and changed(shaped, chosen) != shaped:
            given = ", ".join(chosen)
            raise UserError(
                f"[grids] {task.arm}: the arm sets something of {given!r} itself; leave that out"
            )
        evaluation = shaped.evaluation.model_copy(
            update={"problems": self.study.looked, "seed": eval_seed(task.seed)}
        )
        return shaped.model_copy(update={"seed": task.seed, "evaluation": evaluation})

    def twins(
        self, task: TrainingTask, chosen: Sequence[str] = ()
    ) -> Iterator[TrainingTask]:
        """The same training in other regimes: those in which the arm has the same settings."""
        settings = self.settings(task, chosen)
        others = (
            task._replace(regime=regime)
            for regime in self.study.regimes
            if regime != task.regime
        )
        return (other for other in others if self.settings(other, chosen) == settings)


def eval_seed(seed: int) -> int:
    """The seed of the held-out problems of a training with that seed."""
    return seed + 1


def load_plan(path: Path) -> StudyPlan:
    """A study from its TOML file. Raises UseError, one line, naming what is wrong and the nearest right thing."""
    table = read_toml(path)
    if "config" not in table and table.keys() & {"model", "domains", "agents"}:
        raise UserError(
            f"{path}: is a league, not a study; `docendo run` takes it, and a study names it as its config"
        )
    try:
        study = StudyConfig.model_validate(table)
    except ValidationError as error:
        raise UserError(explain(error, str(path), _known)) from None
    try:
        config = load_config(path.parent / study.config)
    except UserError as error:
        raise UserError(f"{path} config: {error}") from error
    return StudyPlan(study, config, _chosen(study, path))


def _chosen(study: StudyConfig, path: Path) -> dict[str, Arm]:
    known = {**ARMS, **{name: _own(name, own, path) for name, own in study.own.items()}}
    wanted = (
        [*study.arms, *(name for name in study.own if name not in study.arms)]
        if study.arms
        else list(known)
    )
    mentioned = [
        *study.grids,
        *(arm for regime in study.regimes.values() for arm in regime.arms),
    ]
    for arm in (*wanted, *mentioned):
        if arm not in known:
            raise UserError(f"{path}: no arm {arm!r}{suggestion(arm, known)}")
    for arm in study.grids:
        if known[arm].like or not known[arm].trains:
            whose = (
                f"takes the choice of {known[arm].like!r}"
                if known[arm].like
                else "is not trained"
            )
            raise UserError(
                f"{path} [grids]: arm {arm!r} {whose}; it chooses from no settings of its own"
            )
    for arm in wanted:
        if known[arm].merged and known[arm].like not in wanted:
            raise UserError(
                f"{path}: arm {arm!r} is made of {known[arm].like!r}, which is not among the arms"
            )
    return {arm: known[arm] for arm in wanted}


def _own(name: str, own: CustomArmConfig, path: Path) -> Arm:
    if name in ARMS:
        raise UserError(
            f"{path} [own.{name}]: there is an arm {name!r} already; choose another name"
        )
    if own.like not in ARMS:
        raise UserError(
            f"{path} [own.{name}] like: no arm {own.like!r}{suggestion(own.like, ARMS)}"
        )
    like = ARMS[own.like]
    if like.merged:
        raise UserError(
            f"{path} [own.{name}] like: {own.like!r} is made of {like.like!r} and not trained; name that"
        )
    told, where = f"as {own.like}, with {', '.join(own.settings)}", f"{path} [own.{name}]"

    def shape(config: Config) -> Config:
        return like.shape(changed(config, own.settings, where))

    return Arm(told, shape, like.like or own.like, like.trains)


def _known(place: list[str]) -> list[str]:
    tables: dict[str, type[ConfigModel]] = {"regimes": RegimeConfig, "own": CustomArmConfig}
    table = tables.get(place[0], StudyConfig) if place else StudyConfig
    return list(table.model_fields)
