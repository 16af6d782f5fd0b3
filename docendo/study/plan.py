"""A study's plan: its file read and checked, and the settings of each training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from docendo.config import ConfigModel, CustomArmConfig, RegimeConfig, StudyConfig
from docendo.config.explain import explain
from docendo.config.load import Config, changed, load_config, read_toml
from docendo.errors import UserError, suggestion
from docendo.study.arms import ARMS, EXPERTS, Arm
from docendo.study.travel import find_travelling

__all__ = ["TUNING_SEED", "StudyPlan", "TrainingTask", "eval_seed", "load_plan"]

TUNING_SEED = 999_999
"""The seed of trials that choose settings. No training of a study may have it."""


class TrainingTask(NamedTuple):
    """One training."""

    regime: str
    arm: str
    seed: int


@dataclass(frozen=True)
class StudyPlan:
    study: StudyConfig
    config: Config
    """The league."""
    arms: Mapping[str, Arm]
    """The arms to compare, in order."""
    earlier: Sequence[Path] = ()
    """The folders of earlier studies."""

    def tasks(self) -> Iterator[TrainingTask]:
        """All trainings, seed by seed, so that what is finished can be compared early."""
        trained = [arm for arm in self.arms if not self.arms[arm].merge_method]
        for seed in self.study.each_seed:
            for regime in self.study.regimes:
                for arm in filter(self.arms_of(regime).__contains__, trained):
                    yield TrainingTask(regime, arm, seed)

    def arms_of(self, regime: str) -> Sequence[str]:
        """The arms that are compared in a regime."""
        return self.study.regimes[regime].only or list(self.arms)

    def search_space(self, arm: str) -> Sequence[Sequence[str]]:
        """The settings that the arm chooses from: those of the arm that it is tuned like."""
        return self.study.search_space.get(self.tuned_arm(arm), ())

    def tuned_arm(self, arm: str) -> str:
        """The arm whose tuned settings it takes, which need not be compared itself."""
        return self._arm(arm).like or arm

    def describe_grids(self) -> str:
        """Which arms choose from how many settings; empty where all choose from equally many."""
        sizes = {}
        for arm in filter(lambda name: self.arms[name].trains, self.arms):
            sizes[self.tuned_arm(arm)] = len(self.search_space(arm))
        if len(set(sizes.values())) < 2:
            return ""
        listed = ", ".join(f"{arm} {size}" for arm, size in sizes.items())
        return f"tuning is not equal, arms choose from so many settings: {listed}"

    def trained_arm(self, arm: str) -> str:
        """The arm whose training makes it: itself, unless it is merged."""
        return self.arms[arm].like if self.arms[arm].merge_method else arm

    def _arm(self, name: str) -> Arm:
        """An arm that is compared, or one that such an arm is tuned like."""
        return self.arms.get(name) or ARMS[name]

    def configure(self, task: TrainingTask, chosen: Sequence[str] = ()) -> Config:
        """The settings of one training. Raises UserError for what does not fit together."""
        regime = self.study.regimes[task.regime]
        arm, tuned_arm = self._arm(task.arm), self.tuned_arm(task.arm)
        # Later settings win: an arm's own over those of the arm that it is tuned like.
        settings = [*regime.settings, *regime.arms.get(tuned_arm, ()), *chosen]
        if tuned_arm != task.arm:
            settings += regime.arms.get(task.arm, ())

        where = f"arm {task.arm} in regime {task.regime}"
        if chosen:
            where += f", with {', '.join(chosen)}"
        config = arm.derive(changed(self.config, settings, where))
        if task.arm not in regime.yardsticks:
            self._check_travelling(config, regime, where)
        if experts := self.configure_experts(task):
            config = changed(config, ("experts.steps=0",), where)
            _check_start(config, experts, where)
        # An arm that overrides its own search space would try equal settings several times.
        if not arm.like and changed(config, chosen) != config:
            raise UserError(
                f"[search_space] {task.arm}: the arm sets something of "
                f"{', '.join(chosen)!r} itself; leave that out"
            )
        evaluation = config.evaluation.model_copy(
            update={
                "problems": self.study.eval_problems,
                "seed": eval_seed(task.seed),
                "ood_families": self.study.ood_families,
            }
        )
        return config.model_copy(update={"seed": task.seed, "evaluation": evaluation})

    def _check_travelling(self, config: Config, regime: RegimeConfig, where: str) -> None:
        """Raises UserError for an arm that learns from what the regime keeps with its owner."""
        for kind, setting in find_travelling(config, self.config).items():
            if kind not in regime.may_travel:
                allowed = ", ".join(regime.may_travel) or "nothing"
                raise UserError(
                    f"{where}: {kind} of others' domains travel, by {setting}; may_travel has "
                    f"{allowed}; change that setting, or name the arm in yardsticks"
                )

    def configure_experts(self, task: TrainingTask) -> Config | None:
        """The settings of the experts that a training is given; None where it trains its own."""
        regime = self.study.regimes[task.regime]
        if regime.experts != "given" or not self._arm(task.arm).trains:
            return None
        settings = [*regime.settings, *regime.arms.get(EXPERTS, ()), "teaching.rounds=0"]
        where = f"the experts of regime {task.regime}"
        experts = ARMS[EXPERTS].derive(changed(self.config, settings, where))
        return experts.model_copy(update={"seed": task.seed})

    def equivalent_tasks(
        self, task: TrainingTask, chosen: Sequence[str] = ()
    ) -> Iterator[TrainingTask]:
        """The same training in the other regimes in which the arm has the same settings."""
        start = self.configure(task, chosen), self.configure_experts(task)
        for regime in self.study.regimes:
            twin = task._replace(regime=regime)
            if twin == task or task.arm not in self.arms_of(regime):
                continue
            if (self.configure(twin, chosen), self.configure_experts(twin)) == start:
                yield twin


def _check_start(config: Config, experts: Config, where: str) -> None:
    """Raises UserError for agents that cannot start from the given experts.

    A single agent can: from an average, which has any rank.
    """
    ranks = config.engine.rank, experts.engine.rank
    strangers = config.learners.keys() - experts.learners.keys()
    if len(config.learners) > 1 and (strangers or len(set(ranks)) > 1):
        raise UserError(
            f"{where}: its agents start from the given experts; expected "
            f"{', '.join(experts.learners)} with engine.rank = {ranks[1]}, got "
            f"{', '.join(config.learners)} with {ranks[0]}"
        )


def eval_seed(seed: int) -> int:
    """The seed of the held-out problems of a training with that seed."""
    return seed + 1


def load_plan(path: Path) -> StudyPlan:
    """A study from its TOML file. Raises UserError, one line, with the nearest right thing."""
    table = read_toml(path)
    if "config" not in table and table.keys() & {"model", "domains", "agents"}:
        raise UserError(
            f"{path}: is a league, not a study; `docendo run` takes it, and a study names it "
            "as its config"
        )
    try:
        study = StudyConfig.model_validate(table)
    except ValidationError as error:
        raise UserError(explain(error, str(path), _known_settings)) from None

    try:
        config = load_config(path.parent / study.config)
    except UserError as error:
        raise UserError(f"{path} config: {error}") from error
    earlier = [path.parent / folder for folder in study.earlier]
    for folder in earlier:
        _check_fresh(study, folder, path)
    return StudyPlan(study, config, _choose_arms(study, path), earlier)


def _check_fresh(study: StudyConfig, folder: Path, path: Path) -> None:
    """Raises UserError for a seed that an earlier study has results of."""
    endings = [file.stem.rpartition("-")[2] for file in folder.glob("results/*/*.json")]
    used = set(map(int, filter(str.isdecimal, endings)))
    if not used:
        raise UserError(f"{path} earlier: {folder} holds no results of a study")
    if repeated := sorted(used.intersection(study.each_seed)):
        listed = ", ".join(map(str, repeated))
        raise UserError(
            f"{path} seeds: {listed} were used in {folder}; fresh ones begin with "
            f"{max(used) + 1}"
        )


def _choose_arms(study: StudyConfig, path: Path) -> dict[str, Arm]:
    """The arms to compare, in order."""
    arms = dict(ARMS)
    for name, custom in study.custom_arms.items():
        arms[name] = _make_custom_arm(name, custom, path)

    names = list(arms)
    if study.arms:
        names = [*study.arms]
        names += [name for name in study.custom_arms if name not in study.arms]
    mentioned = [*names, *study.search_space]
    for regime in study.regimes.values():
        mentioned += [*regime.arms, *regime.yardsticks, *regime.only]
    for name in mentioned:
        if name not in arms:
            raise UserError(f"{path}: no arm {name!r}{suggestion(name, arms)}")

    for name in study.search_space:
        _check_tunable(name, arms[name], path)
    for name in names:
        arm = arms[name]
        if arm.merge_method and arm.like not in names:
            raise UserError(
                f"{path}: arm {name!r} is made of {arm.like!r}, which is not among the arms"
            )
    # In the order in which they are trained.
    return {name: arms[name] for name in names}


def _check_tunable(name: str, arm: Arm, path: Path) -> None:
    """Raises UserError for an arm that chooses no settings of its own."""
    if arm.trains and not arm.like:
        return
    why = f"takes the choice of {arm.like!r}" if arm.like else "is not trained"
    raise UserError(
        f"{path} [search_space]: arm {name!r} {why}; it chooses from no settings of its own"
    )


def _make_custom_arm(name: str, custom: CustomArmConfig, path: Path) -> Arm:
    where = f"{path} [custom_arms.{name}]"
    if name in ARMS:
        raise UserError(f"{where}: there is an arm {name!r} already; choose another name")
    if custom.like not in ARMS:
        hint = suggestion(custom.like, ARMS)
        raise UserError(f"{where} like: no arm {custom.like!r}{hint}")
    like = ARMS[custom.like]
    if like.merge_method:
        raise UserError(
            f"{where} like: {custom.like!r} is made of {like.like!r} and not trained; name that"
        )

    def derive(config: Config) -> Config:
        return like.derive(changed(config, custom.settings, where))

    return Arm(
        description=f"as {custom.like}, with {', '.join(custom.settings)}",
        derive=derive,
        like=like.like or custom.like,
        trains=like.trains,
    )


def _known_settings(place: list[str]) -> list[str]:
    """The names of settings at a place in the file, for suggestions."""
    tables: dict[str, type[ConfigModel]] = {
        "regimes": RegimeConfig,
        "custom_arms": CustomArmConfig,
    }
    table = tables.get(place[0], StudyConfig) if place else StudyConfig
    return list(table.model_fields)
