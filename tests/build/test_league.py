"""League settings become matchmakers, curricula, rules of snapshots and an arena."""

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.league import find_oracles, teaching_options
from docendo.build.school import build_school
from docendo.config.load import parse_config
from docendo.errors import UserError
from docendo.league.curriculum import (
    ByErrorRate,
    ByLearnability,
    ByRarity,
    PrioritizedLevelReplay,
    UniformCurriculum,
    UnlockLevels,
)
from docendo.league.matchmaking import Thompson, UpperConfidence
from docendo.league.snapshot_rules import AnyRule, EveryRounds, Never, WhenStronger
from docendo.league.teaching_matches import CurriculumMatchmaker, RoundRobin
from docendo.records import TaskType, TeachingOption
from tests.toys import RecordingBackend


def league(learning=None, **table):
    config = parse_config({"league": table, "learning": learning or {}}, "test")
    return build_school(config, read_catalog(config), RecordingBackend()).league


def test_without_league_settings_everybody_meets_equally_often_and_nothing_is_copied():
    plain = league()
    assert isinstance(plain.matchmaker, RoundRobin)
    assert plain.population.snapshot_rule == Never()
    assert not plain.population.reference_copies


def test_league_settings_become_matchmakers_curricula_and_snapshot_rules():
    wanted = league(
        teacher_selection="thompson",
        curriculum="learnability",
        unlock_threshold=0.6,
        reference_matches=2,
        replay_fraction=0.5,
    )
    assert wanted.matchmaker == CurriculumMatchmaker(
        UnlockLevels(ByLearnability(floor=0.1), 0.6),
        Thompson(),
        wanted.matchmaker.is_learner,
        2,
    )
    assert wanted.practice_curriculum == UnlockLevels(UniformCurriculum(), 0.6)
    assert wanted.imitation_curriculum is None
    assert wanted.population.reference_copies
    assert wanted.problem_replay.fraction == 0.5
    assert league(snapshot_every=3).population.snapshot_rule == EveryRounds(3)
    both = league(snapshot_every=3, snapshot_margin=0.2, snapshots=5).population
    assert both.snapshot_rule == AnyRule([EveryRounds(3), WhenStronger(0.2)])
    assert both.max_snapshots == 5


@pytest.mark.parametrize(
    ("settings", "matches", "practice", "imitation"),
    [
        (("uniform", "uniform", "family_turns"), None, UniformCurriculum(), None),
        (
            ("learnability", "learnability", "error_rate"),
            ByLearnability(floor=0.1),
            ByLearnability(floor=0.1),
            ByErrorRate(floor=0.1),
        ),
        (
            ("learnability", "rarity", "error_rate"),
            ByLearnability(floor=0.1),
            ByRarity(ByLearnability(floor=0.1), half_count=4.0),
            ByErrorRate(floor=0.1),
        ),
        (
            ("plr", "plr", "error_rate"),
            PrioritizedLevelReplay(beta=1.0, rho=0.1),
            PrioritizedLevelReplay(beta=1.0, rho=0.1),
            ByErrorRate(floor=0.1),
        ),
    ],
)
def test_matches_practice_and_imitation_each_have_a_curriculum_setting(
    settings, matches, practice, imitation
):
    curriculum, practice_curriculum, sampling = settings
    learning = {"practice_curriculum": practice_curriculum, "imitation_sampling": sampling}
    built = league(learning, curriculum=curriculum)
    assert getattr(built.matchmaker, "curriculum", None) == matches
    assert built.practice_curriculum == practice
    assert built.imitation_curriculum == imitation


def hardest(candidates, rng):
    return (candidates.posterior.mean_N == candidates.posterior.mean_N.min()).astype(float)


def test_a_users_part_is_named_by_module_and_gets_its_settings():
    own = league(teacher_selection=f"{__name__}:hardest")
    assert own.matchmaker.teacher_selection is hardest
    bound = league(teacher_selection={"type": "ucb", "spreads": 2.0})
    assert bound.matchmaker.teacher_selection == UpperConfidence(2.0)
    replay = league(curriculum={"type": "plr", "beta": 0.5}).matchmaker.curriculum
    assert replay == PrioritizedLevelReplay(beta=0.5, rho=0.1)


def test_agents_with_the_same_domains_are_rivals():
    table = {
        "domains": {"mathematics": {}, "biology": {}},
        "agents": {
            n: {"domain": d}
            for n, d in (("a", "mathematics"), ("b", "biology"), ("c", "mathematics"))
        },
        "league": {"replace_every": 2},
    }
    config = parse_config(table, "test")
    population = build_school(
        config, read_catalog(config), RecordingBackend()
    ).league.population
    assert population.rivals == [("a", "c")]
    assert population.replacement.every == 2


def arena(agents, **duels):
    config = parse_config(
        {"domains": {}, "agents": agents, "duels": {"pairings": 2} | duels}, "test"
    )
    return build_school(config, read_catalog(config), RecordingBackend()).arena


def test_duels_are_played_by_learners_and_programs():
    built = arena(
        {"ann": {}, "nash": {"policy": "equilibrium"}, "spy": {"role": "exploiter"}},
        deals=3,
    )
    assert built.matchmaker.roles == {"ann": "main", "spy": "exploiter"}
    assert built.matchmaker.scripted_players == ["nash"]
    assert built.game.name == "kuhn"
    assert built.room.rules.deals == 3


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"domains": {}}, "no [domains]"),
        (
            {"agents": {"book": {"policy": "oracle", "domain": "biology"}}},
            "no [agents] learn",
        ),
        (
            {"agents": {"a": {}, "book": {"policy": "oracle"}}},
            "[agents.book]: policy = 'oracle' without a domain",
        ),
        ({"agents": {"a": {}, "n": {"policy": "random"}}}, "policy = 'random' needs duels"),
        ({"agents": {"a": {"role": "exploiter"}}}, "role = 'exploiter' needs duels"),
        (
            {"agents": {"a": {"role": "exploiter"}}, "duels": {"pairings": 1}},
            "there is none; let one have role",
        ),
        (
            {
                "agents": {"a": {"role": "exploiter"}, "b": {"role": "league-exploiter"}},
                "duels": {"pairings": 1},
            },
            "there is none; let one have role",
        ),
        (
            {"league": {"reference_matches": 12}},
            "reference_matches = 12 leaves none of 12 matches for learners",
        ),
        (
            {
                "domains": {"a/b": {"file": "x.csv"}},
                "agents": {"x": {"domain": "a/b"}, "y": {}},
            },
            "expected a name without '/'",
        ),
        (
            {
                "agents": {"a": {}, "n": {"policy": "always_bet"}},
                "duels": {"pairings": 1, "game": "tictactoe"},
            },
            "plays kuhn",
        ),
        (
            {
                "agents": {"a": {}, "n": {"policy": "always_bet", "domain": "biology"}},
                "duels": {"pairings": 1},
            },
            "only duels; it cannot have a domain",
        ),
    ],
)
def test_an_agent_without_a_domain_or_a_role_is_an_error(table, message):
    with pytest.raises(UserError) as error:
        read_catalog(parse_config(table, "test"))
    assert message in str(error.value)


def test_without_pairings_there_is_no_arena():
    config = parse_config({}, "test")
    assert build_school(config, read_catalog(config), RecordingBackend()).arena is None


@pytest.mark.parametrize(
    ("table", "oracles"),
    [
        ({}, set()),
        ({"teaching": {"lesson_source": "dataset"}}, {"emmy", "ada", "rosalind"}),
        (
            {
                "agents": {
                    "emmy": {"domain": "mathematics"},
                    "key": {"domain": "biology", "policy": "oracle"},
                }
            },
            {"key"},
        ),
    ],
)
def test_oracles_are_the_teachers_that_copy_worked_solutions(table, oracles):
    assert find_oracles(parse_config(table, "test")) == oracles


def test_where_all_are_experts_of_a_domain_they_teach_each_other():
    table = {
        "domains": {"biology": {}},
        "agents": {"ann": {"domain": "biology"}, "bob": {"domain": "biology"}},
    }
    task_type = TaskType("biology", "growth", 1)
    (option,) = teaching_options(parse_config(table, "test"), {"biology": [task_type]})
    assert option == TeachingOption(task_type, ("ann", "bob"), ("ann", "bob"))


def test_nobody_is_taught_in_a_domain_that_is_only_evaluated():
    table = {
        "domains": {"biology": {}, "programming": {"evaluate_only": True}},
        "agents": {"ann": {"domain": "biology"}, "bob": {}},
    }
    task_types = {name: [TaskType(name, "trace", 1)] for name in table["domains"]}
    (option,) = teaching_options(parse_config(table, "test"), task_types)
    assert option.task_type.domain == "biology"
