"""What every arm is, in settings."""

from itertools import product
from typing import Any

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import Config
from docendo.labels.parts import LabelsConfig
from docendo.loop import play, practise
from docendo.records import AgentId
from docendo.sft_data import draw_own_problems
from docendo.study.arms import ARMS, ONLY_AGENT, find_merged_arms, name_control
from tests.study.leagues import AGENTS, DOMAINS, SMALL, config
from tests.toys import RecordingBackend

RICH = config(
    league={
        "teacher_selection": "thompson",
        "curriculum": "learnability",
        "snapshot_every": 3,
        "reference_matches": 1,
    },
    learning={
        **SMALL["learning"],
        "share_solutions": "all",
        "practice_curriculum": "learnability",
        "imitation_sampling": "error_rate",
    },
)
EVERYTHING = list(DOMAINS)


def flat(table: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(table, dict):
        return {name: table}
    return {
        k: v
        for key, of in table.items()
        for k, v in flat(of, f"{name}.{key}" if name else key).items()
    }


def changed_by(arm: str, given: Config = RICH) -> dict[str, Any]:
    """The settings in which an arm is not the league as it is configured."""
    before, after = (
        flat(c.model_dump(exclude_none=True)) for c in (given, ARMS[arm].derive(given))
    )
    return {
        name: after.get(name)
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }


ALONE = {
    "teaching.matches": 0,
    "league.reference_matches": 0,
    "league.snapshot_every": 0,
    "learning.share_solutions": "self",
}
JOINT = ALONE | {f"agents.{name}.domain": EVERYTHING for name in AGENTS}
NOTHING = dict.fromkeys(
    f"agents.{name}.{setting}"
    for name in AGENTS
    for setting in flat(RICH.agents["ada"].model_dump(exclude_none=True))
)
SINGLE = NOTHING | {
    f"agents.{ONLY_AGENT}.{k}": v
    for k, v in flat(RICH.agents["ada"].model_dump(exclude_none=True)).items()
}
EXPERT_LABELS, BASE_LABELS = (
    flat(part.model_dump(), "learning.labels")
    for part in (
        LabelsConfig(type="expert_distillation"),
        LabelsConfig(type="self_distillation", reader="base"),
    )
)
DENSE_GAIN = {"teaching.reward.type": "dense_gain"}
SINGLE |= ALONE | {f"agents.{ONLY_AGENT}.domain": EVERYTHING}


@pytest.mark.parametrize(
    ("arm", "settings"),
    [
        ("base", {}),
        ("joint-sft", JOINT | {"learning.self_practice": 0}),
        ("joint-rl", JOINT),
        (
            "joint-rl-shared",
            {
                name: value
                for name, value in JOINT.items()
                if name != "learning.share_solutions"
            },
        ),
        ("joint-rl-labels", JOINT | BASE_LABELS),
        ("single-agent", SINGLE),
        ("single-agent-wide", SINGLE | {"engine.rank": 6, "engine.alpha": 24.0}),
        ("single-agent-labels", SINGLE | BASE_LABELS),
        ("experts", ALONE),
        ("experts-merged", ALONE),
        ("experts-ties", ALONE),
        (
            "mopd",
            {
                "teaching.matches": 0,
                "learning.share_solutions": "self",
            }
            | EXPERT_LABELS,
        ),
        ("teaching", {}),
        ("teaching-no-lessons", {"teaching.matches": 0}),
        ("teaching-no-sharing", {"learning.share_solutions": "self"}),
        ("teaching-uniform-teachers", {"league.teacher_selection": "uniform"}),
        ("teaching-frozen-teachers", {"teaching.lesson_source": "initial_policy"}),
        (
            "teaching-no-curriculum",
            {
                "league.curriculum": "uniform",
                "league.curriculum.type": None,
                "league.curriculum.floor": None,
                "learning.practice_curriculum": "uniform",
                "learning.practice_curriculum.type": None,
                "learning.practice_curriculum.floor": None,
                "learning.imitation_sampling": "family_turns",
            },
        ),
        ("teaching-no-imitation", {"learning.imitation": 0}),
        ("teaching-no-gate", {"teaching.gate": False}),
        ("teaching-no-self-practice", {"learning.self_practice": 0}),
        (
            "teaching-no-solo-training",
            {"learning.self_practice": 0, "learning.rehearsal": 0},
        ),
        ("teaching-oracle-lessons", {"teaching.lesson_source": "dataset"}),
        (
            "teaching-no-snapshots",
            {"league.snapshot_every": 0, "league.reference_matches": 0},
        ),
        ("teaching-labels", BASE_LABELS),
        ("teaching-labels-no-lessons", BASE_LABELS | {"teaching.matches": 0}),
        ("teaching-dense-gain", DENSE_GAIN),
        ("teaching-dense-gain-no-lessons", DENSE_GAIN | {"teaching.matches": 0}),
        ("teaching-corrections", {"teaching.correction": True}),
        (
            "teaching-corrections-no-lessons",
            {"teaching.correction": True, "teaching.matches": 0},
        ),
    ],
)
def test_an_arm_differs_from_the_league_in_just_what_it_says(
    arm: str, settings: dict[str, Any]
) -> None:
    assert changed_by(arm) == settings


def test_without_imitation_practice_has_four_attempts_instead_of_one() -> None:
    single = config(
        learning={"self_practice": 10, "practice_attempts": 1, "share_solutions": "all"}
    )
    learning = ARMS["teaching-no-imitation"].derive(single).learning
    assert (learning.self_practice, learning.practice_attempts, learning.imitation) == (
        3,
        4,
        0,
    )


def test_every_arm_has_a_row_in_the_table_of_differences() -> None:
    mark = test_an_arm_differs_from_the_league_in_just_what_it_says.pytestmark[0]
    assert [arm for arm, _ in mark.args[1]] == list(ARMS)


def test_the_wide_agent_has_the_rank_of_all_agents_and_the_same_scale() -> None:
    wide, plain = ARMS["single-agent-wide"].derive(RICH).engine, RICH.engine
    assert wide.rank == 3 * plain.rank
    assert wide.alpha / wide.rank == plain.alpha / plain.rank


@pytest.mark.parametrize(
    ("arm", "agent"),
    [*product(["joint-rl", "joint-sft"], AGENTS), ("single-agent", ONLY_AGENT)],
)
def test_in_the_joint_arms_every_agent_practises_every_domain_without_lessons(
    arm: str, agent: str
) -> None:
    given = ARMS[arm].derive(config(learning={"self_practice": 30, "practice_attempts": 2}))
    school = build_school(given, read_catalog(given), RecordingBackend())
    expert = next(e for e in school.experts if e.agent == AgentId(agent))
    assert {kind.domain for kind in expert.task_types} == set(EVERYTHING)
    assert {p.domain for p in draw_own_problems(school, expert, 12, 1)} == set(EVERYTHING)
    assert play(school, 0, 1) == []
    assert arm != "joint-sft" or practise(school, 0, 1) == []


def test_the_joint_arms_ignore_the_data_mixtures_of_agents() -> None:
    agents = {
        "ada": {"domain": "letters", "data": {"domains": {"letters": 1.0}}},
        "bob": {"domain": ["digits", "genes"]},
    }
    for arm in ("joint-rl", "single-agent"):
        given = ARMS[arm].derive(config(agents=agents))
        school = build_school(given, read_catalog(given), RecordingBackend())
        assert all(not e.data_mixture for e in school.experts)


def test_experts_practise_only_their_own_domain_even_if_the_config_says_all() -> None:
    agents = {
        name: {"domain": domain, "practice_domains": EVERYTHING}
        for name, domain in AGENTS.items()
    }
    given = config(agents=agents)
    for made, practised in (
        (given, EVERYTHING),
        (ARMS["experts"].derive(given), ["letters"]),
    ):
        ada = next(
            e
            for e in build_school(made, read_catalog(made), RecordingBackend()).experts
            if e.agent == "ada"
        )
        assert (
            list(dict.fromkeys(k.domain for k in ada.practice_task_types or ada.task_types))
            == practised
        )


def test_merged_arms_are_merged_from_the_experts() -> None:
    assert find_merged_arms("experts") == ["experts-merged", "experts-ties"]
    assert find_merged_arms("teaching") == []
    assert find_merged_arms("experts", {"experts": ARMS["experts"]}) == []


@pytest.mark.parametrize("arm", ["mopd", "teaching-labels", "joint-rl-labels"])
def test_labels_that_tuning_chose_stay(arm: str) -> None:
    chosen = {"type": "soft_labels", "texts": 3}
    given = config(learning={**SMALL["learning"], "labels": chosen})
    assert ARMS[arm].derive(given).learning.labels == given.learning.labels


def test_every_control_takes_the_choice_of_its_arm() -> None:
    controls = set(map(name_control, ARMS)) & ARMS.keys()
    assert len(controls) == 4
    assert {ARMS[control].like for control in controls} == {
        arm for arm in ARMS if name_control(arm) in ARMS
    }
