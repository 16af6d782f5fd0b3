"""Arms: ways of spending the same compute. Each is the study's league with other settings, and nothing else.

`teaching` is the league as its configuration has it; every other arm says what it changes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from docendo.config.load import Config, changed

__all__ = [
    "ARMS",
    "EXPERTS",
    "JOINT",
    "JOINT_SFT",
    "JOINT_SHARED",
    "LESSONS_ONLY",
    "ONLY_AGENT",
    "SHARING_ONLY",
    "SINGLE",
    "SINGLE_WIDE",
    "TEACHING",
    "Arm",
    "find_merged_arms",
    "is_ablation",
]

TEACHING = "teaching"
"""The population whose members teach each other."""
JOINT = "all-data"
"""The same agents, each trained on all the data."""
JOINT_SFT = "all-data-sft"
"""The same agents, fine-tuned on all the data and nothing else."""
JOINT_SHARED = "all-data-pooled"
"""The same, and everybody imitates what anybody found."""
SINGLE = "one-agent"
"""One agent with the compute of all."""
SINGLE_WIDE = "one-agent-wide"
"""The same with the weights of all."""
LESSONS_ONLY = "teaching-no-homework"
"""The population whose members learn from each other by lessons alone."""
SHARING_ONLY = "teaching-no-lessons"
"""The same by each other's homework alone."""
EXPERTS = "experts"
"""The same agents, each trained on its own domain alone."""

ONLY_AGENT = "one"
"""What a single agent is called."""


class Arm(NamedTuple):
    told: str
    """What it is, in half a sentence."""
    shape: Callable[[Config], Config]
    like: str = ""
    """The arm whose tuned settings it takes; empty: its own."""
    trains: bool = True
    merged: str = ""
    """How the agents of the arm that it is `like` become one, when they are trained: nothing more is."""


def _as_it_is(config: Config) -> Config:
    return config


def _joint(config: Config) -> Config:
    """Every learner studies and practises all domains; nobody teaches."""
    everything = {"domain": list(config.domains), "data": None}
    agents = {
        n: a.model_copy(update=everything if n in config.learners else {})
        for n, a in config.agents.items()
    }
    return _alone(config.model_copy(update={"agents": agents}))


def _studied(config: Config) -> Config:
    """The same without practice: supervised steps alone, to the end of the budget."""
    return changed(_joint(config), ("learning.self_practice=0",))


def _alone(config: Config) -> Config:
    """Every learner studies and practises its own domain; nobody learns from anybody else."""
    past = (
        "league.reference_matches=0",
        "league.snapshot_every=0",
        "league.snapshot_margin=0",
        "league.replace_every=0",
    )
    agents = {
        name: agent.model_copy(update={"practice_domains": []})
        for name, agent in config.agents.items()
    }
    return _unread(
        changed(config.model_copy(update={"agents": agents}), ("teaching.matches=0", *past))
    )


def _unread(config: Config) -> Config:
    """Nobody reads others' homework."""
    return (
        changed(config, ("learning.share_solutions=self",))
        if config.learning.share_solutions == "all"
        else config
    )


def _pooled(config: Config) -> Config:
    """Joint training in which everybody imitates what anybody gets right in practice."""
    return changed(_joint(config), ("learning.share_solutions=all",))


def _single(config: Config) -> Config:
    """One agent studies and practises all domains."""
    first = next(iter(config.learners.values()))
    one = first.model_copy(update={"domain": list(config.domains), "data": None})
    return _alone(config.model_copy(update={"agents": {ONLY_AGENT: one}}))


def _wide(config: Config) -> Config:
    """One agent with as many weights as the whole population has."""
    engine = config.engine
    wide = {
        "rank": engine.rank * len(config.learners),
        "alpha": engine.alpha * len(config.learners),
    }
    return _single(config).model_copy(update={"engine": engine.model_copy(update=wide)})


def _unimitated(config: Config) -> Config:
    """Nobody imitates anything. Single attempts at home become fours, so that a policy gradient learns from them."""
    practice, attempts = config.learning.self_practice, config.learning.practice_attempts
    fours = (
        (f"learning.self_practice={-(-practice // 4)}", "learning.practice_attempts=4")
        if attempts == 1
        else ()
    )
    return changed(config, ("learning.imitation=0", *fours))


def _without(*settings: str) -> Callable[[Config], Config]:
    return lambda config: changed(config, settings)


def _ablation(told: str, *settings: str) -> Arm:
    return Arm(told, _without(*settings), "teaching")


ARMS: Mapping[str, Arm] = {
    "base": Arm("the base model", _as_it_is, trains=False),
    "all-data-sft": Arm("every agent is fine-tuned on all domains' solutions", _studied),
    "all-data": Arm(
        "as all-data-sft, and everybody practises all problems, graded by ground truth",
        _joint,
    ),
    "all-data-pooled": Arm(
        "as all-data, and everybody imitates what anybody got right in practice", _pooled
    ),
    "one-agent": Arm("one agent gets all the compute of `all-data`", _single),
    "one-agent-wide": Arm("as one-agent, with the population's number of weights", _wide),
    "experts": Arm("every agent works on its own domain only", _alone),
    "experts-merged": Arm(
        "the experts' adapters averaged", _alone, "experts", merged="average"
    ),
    "experts-ties": Arm(
        "the experts' adapters merged by TIES", _alone, "experts", merged="ties"
    ),
    "teaching": Arm("the full system", _as_it_is),
    "teaching-no-lessons": _ablation(
        "nobody teaches; homework is read as before", "teaching.matches=0"
    ),
    "teaching-no-homework": Arm("nobody reads others' homework", _unread, "teaching"),
    "teaching-uniform": _ablation(
        "teachers are drawn uniformly", "league.teacher_selection=uniform"
    ),
    "teaching-frozen": _ablation(
        "lessons are written by the experts of the first day",
        "teaching.lesson_source=initial_policy",
    ),
    "teaching-no-curriculum": _ablation(
        "all kinds of problems equally",
        "league.curriculum=uniform",
        "learning.practice_curriculum=uniform",
        "learning.imitation_sampling=family_turns",
    ),
    "teaching-no-imitation": Arm("nobody imitates anything", _unimitated, "teaching"),
    "teaching-no-gate": _ablation("wrong lessons are shown too", "teaching.gate=false"),
    "teaching-no-practice": _ablation(
        "nobody practises at home", "learning.self_practice=0"
    ),
    "teaching-no-home": _ablation(
        "nobody practises or rehearses", "learning.self_practice=0", "learning.rehearsal=0"
    ),
    "teaching-gold": _ablation(
        "worked solutions are shown, not written lessons", "teaching.lesson_source=dataset"
    ),
    "teaching-no-snapshots": _ablation(
        "no past of anybody",
        "league.snapshot_every=0",
        "league.snapshot_margin=0",
        "league.reference_matches=0",
    ),
}


def is_ablation(arm: str) -> bool:
    """Whether it is one of docendo's own arms that are teaching without one of its parts."""
    return arm in ARMS and ARMS[arm].like == "teaching"


def find_merged_arms(arm: str, known: Mapping[str, Arm] = ARMS) -> Sequence[str]:
    """The arms that come out of the same training, without that one."""
    return [name for name, other in known.items() if other.merged and other.like == arm]
