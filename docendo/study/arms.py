"""The arms of a study: ways of spending the same compute.

`teaching` is the study's league as its file has it. Every other arm is the same league with
some settings changed, and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from docendo.config import AgentConfig
from docendo.config.load import Config, changed

__all__ = [
    "ARMS",
    "EXPERTS",
    "JOINT",
    "JOINT_SFT",
    "JOINT_SHARED",
    "LESSONS_ONLY",
    "MOPD",
    "ONLY_AGENT",
    "SHARING_ONLY",
    "SINGLE",
    "SINGLE_WIDE",
    "TEACHING",
    "Arm",
    "find_merged_arms",
    "is_ablation",
    "name_control",
]

TEACHING = "teaching"
"""The population whose members teach each other."""
JOINT = "joint-rl"
"""The same agents, each trained on all the data."""
JOINT_SFT = "joint-sft"
"""The same agents, fine-tuned on all the data and nothing else."""
JOINT_SHARED = "joint-rl-shared"
"""Joint training in which all agents imitate every correct solution."""
SINGLE = "single-agent"
"""One agent with the compute of all."""
SINGLE_WIDE = "single-agent-wide"
"""One agent with the compute and the weights of all."""
LESSONS_ONLY = "teaching-no-sharing"
"""The population whose members learn from each other by lessons alone."""
SHARING_ONLY = "teaching-no-lessons"
"""The population whose members learn from each other by shared solutions alone."""
MOPD = "mopd"
"""Multi-teacher on-policy distillation (Ma et al. 2026)."""
EXPERTS = "experts"
"""The same agents, each trained on its own domain alone."""
ONLY_AGENT = "one"
"""The name of a single agent."""


class Arm(NamedTuple):
    description: str
    """Half a sentence."""
    derive: Callable[[Config], Config]
    """The arm's settings from the league's."""
    like: str = ""
    """The arm whose tuned settings it takes; empty: its own."""
    trains: bool = True
    merge_method: str = ""
    """How the trained agents of `like` become one; empty: the arm is trained, not merged."""


def _keep(config: Config) -> Config:
    return config


def _joint_rl(config: Config) -> Config:
    """Every learner studies and practises all domains, and nobody teaches."""
    agents = dict(config.agents)
    for name, agent in config.learners.items():
        agents[name] = _on_all_domains(agent, config)
    return _without_contact(config.model_copy(update={"agents": agents}))


def _on_all_domains(agent: AgentConfig, config: Config) -> AgentConfig:
    trained = [name for name, domain in config.domains.items() if not domain.evaluate_only]
    return agent.model_copy(update={"domain": trained, "data": None})


def _without_contact(config: Config) -> Config:
    """Every learner studies and practises its own domains, and learns from nobody else."""
    agents = {
        name: agent.model_copy(update={"practice_domains": []})
        for name, agent in config.agents.items()
    }
    settings = (
        "teaching.matches=0",
        "league.reference_matches=0",
        "league.snapshot_every=0",
        "league.snapshot_margin=0",
        "league.replace_every=0",
    )
    config = config.model_copy(update={"agents": agents})
    return _without_sharing(changed(config, settings))


def _without_sharing(config: Config) -> Config:
    """Agents imitate no solution of another agent. They keep their own, where they do."""
    if config.learning.share_solutions != "all":
        return config
    return changed(config, ("learning.share_solutions=self",))


def _single_agent(config: Config) -> Config:
    """One agent studies and practises all domains."""
    first = next(iter(config.learners.values()))
    agents = {ONLY_AGENT: _on_all_domains(first, config)}
    return _without_contact(config.model_copy(update={"agents": agents}))


def _single_agent_wide(config: Config) -> Config:
    """One agent with as many weights as the whole population has."""
    engine, count = config.engine, len(config.learners)
    # alpha grows with the rank, so that alpha / rank, the scale of the update, stays
    wide = {"rank": engine.rank * count, "alpha": engine.alpha * count}
    return _single_agent(config).model_copy(
        update={"engine": engine.model_copy(update=wide)}
    )


def _without_imitation(config: Config) -> Config:
    """Nobody imitates anything.

    Single practice attempts become groups of four on a quarter of the problems: a policy
    gradient learns nothing from one attempt.
    """
    settings = ["learning.imitation=0"]
    if config.learning.practice_attempts == 1:
        quarter = -(-config.learning.self_practice // 4)  # rounded up
        settings += [f"learning.self_practice={quarter}", "learning.practice_attempts=4"]
    return changed(config, settings)


def name_control(arm: str) -> str:
    """The arm that is this one without lessons, where there is one."""
    return f"{arm}-no-lessons"


def _with_labels(config: Config) -> Config:
    """The base, after a lesson or a verified worked example, labels what agents try.

    Labels that tuning chose stay as they are.
    """
    return _add_if_none(config, '{type="self_distillation", reader="base"}')


def _add_if_none(config: Config, labels: str) -> Config:
    if config.learning.labels is not None:
        return config
    return changed(config, (f"learning.labels={labels}",))


def _with_dense_gain(config: Config) -> Config:
    return changed(config, ("teaching.reward=dense_gain",))


def _with_corrections(config: Config) -> Config:
    return changed(config, ("teaching.correction=true",))


def _without_lessons(config: Config) -> Config:
    return changed(config, ("teaching.matches=0",))


def _distil_experts(config: Config) -> Config:
    """Nobody teaches and nothing is shared; experts label what others try in their domains."""
    return _add_if_none(_without_sharing(_without_lessons(config)), "expert_distillation")


def _add_labels(arm: str, derive: Callable[[Config], Config]) -> dict[str, Arm]:
    """An arm of joint training with the labels that teaching may have, too."""
    description = f"as {arm}, and the base labels attempts after a verified worked example"
    return {f"{arm}-labels": Arm(description, lambda config: _with_labels(derive(config)))}


def _teaching(
    name: str, description: str, derive: Callable[[Config], Config]
) -> dict[str, Arm]:
    """Teaching with a part, tuned for itself, and the same without lessons: its control."""
    control = Arm(
        f"as {name}, but nobody teaches",
        lambda config: _without_lessons(derive(config)),
        like=name,
    )
    return {name: Arm(description, derive), name_control(name): control}


def _ablation(description: str, *settings: str) -> Arm:
    """Teaching with these settings changed."""
    return Arm(description, lambda config: changed(config, settings), TEACHING)


ARMS: Mapping[str, Arm] = {
    "base": Arm("the base model", _keep, trains=False),
    JOINT_SFT: Arm(
        "every agent is fine-tuned on all domains' solutions",
        # no practice: supervised steps alone, to the end of the budget
        lambda config: changed(_joint_rl(config), ("learning.self_practice=0",)),
    ),
    JOINT: Arm(
        f"as {JOINT_SFT}, and all agents practise all problems, graded by ground truth",
        _joint_rl,
    ),
    JOINT_SHARED: Arm(
        f"as {JOINT}, and all agents imitate every correct solution of practice",
        lambda config: changed(_joint_rl(config), ("learning.share_solutions=all",)),
    ),
    **_add_labels(JOINT, _joint_rl),
    SINGLE: Arm(f"one agent gets all the compute of {JOINT}", _single_agent),
    SINGLE_WIDE: Arm(
        f"as {SINGLE}, with the population's number of weights", _single_agent_wide
    ),
    **_add_labels(SINGLE, _single_agent),
    EXPERTS: Arm("every agent works on its own domain only", _without_contact),
    "experts-merged": Arm(
        "the experts' adapters averaged", _without_contact, EXPERTS, merge_method="average"
    ),
    "experts-ties": Arm(
        "the experts' adapters merged by TIES",
        _without_contact,
        EXPERTS,
        merge_method="ties",
    ),
    MOPD: Arm("the domain's expert labels what other agents try in it", _distil_experts),
    TEACHING: Arm("the full system", _keep),
    SHARING_ONLY: _ablation(
        "nobody teaches; solutions are shared as before", "teaching.matches=0"
    ),
    LESSONS_ONLY: Arm("solutions are not shared", _without_sharing, TEACHING),
    "teaching-uniform-teachers": _ablation(
        "teachers are drawn uniformly", "league.teacher_selection=uniform"
    ),
    "teaching-frozen-teachers": _ablation(
        "lessons are written by the experts before any teaching",
        "teaching.lesson_source=initial_policy",
    ),
    "teaching-no-curriculum": _ablation(
        "all kinds of problems equally",
        "league.curriculum=uniform",
        "learning.practice_curriculum=uniform",
        "learning.imitation_sampling=family_turns",
    ),
    "teaching-no-imitation": Arm("nobody imitates anything", _without_imitation, TEACHING),
    "teaching-no-gate": _ablation("wrong lessons are shown too", "teaching.gate=false"),
    "teaching-no-self-practice": _ablation(
        "nobody practises its own domain", "learning.self_practice=0"
    ),
    "teaching-no-solo-training": _ablation(
        "nobody practises or rehearses its own domain",
        "learning.self_practice=0",
        "learning.rehearsal=0",
    ),
    "teaching-oracle-lessons": _ablation(
        "worked solutions are shown, not written lessons", "teaching.lesson_source=dataset"
    ),
    "teaching-no-snapshots": _ablation(
        "no frozen copies in the league",
        "league.snapshot_every=0",
        "league.snapshot_margin=0",
        "league.reference_matches=0",
    ),
    **_teaching(
        "teaching-labels",
        "the base labels what agents try, after a lesson or a verified worked example",
        _with_labels,
    ),
    **_teaching(
        "teaching-dense-gain",
        "teachers are paid by how much likelier a lesson makes a known right answer",
        _with_dense_gain,
    ),
    **_teaching(
        "teaching-corrections",
        "teachers correct what the student tried, instead of writing an example of their own",
        _with_corrections,
    ),
}


def is_ablation(arm: str) -> bool:
    """Whether it is one of docendo's own arms that are teaching without one of its parts."""
    return arm in ARMS and ARMS[arm].like == TEACHING


def find_merged_arms(arm: str, arms: Mapping[str, Arm] = ARMS) -> Sequence[str]:
    """The arms that are merged from the agents of this one."""
    merged = []
    for name, candidate in arms.items():
        if candidate.merge_method and candidate.like == arm:
            merged.append(name)
    return merged
