"""Names in a config become the values they stand for."""

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import parse_config
from docendo.errors import UserError
from docendo.graders.answer import exact
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
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.losses import PPOClip, policy_gradient
from docendo.records import BASE, Answer
from tests.toys import RecordingBackend


def school(**learning):
    config = parse_config({"learning": learning}, "test")
    return build_school(config, read_catalog(config), RecordingBackend())


def test_the_learner_is_built_from_a_baseline_a_loss_and_a_number_of_epochs():
    assert isinstance(school().baseline, LeaveOneOut)
    assert school().learner.loss.build() is policy_gradient
    assert isinstance(school(baseline="running_mean").baseline, RunningMean)
    clipped = school(loss="ppo_clip", epochs=3).learner
    assert clipped.loss.build() == PPOClip(low=0.2, high=0.2)
    assert clipped.epochs == 3


def test_every_domain_is_taught_by_its_experts_to_the_others():
    for course in school().league.teaching_options:
        assert len(course.teachers) == 1
        assert len(course.students) == 2
        assert not set(course.teachers) & set(course.students)


def test_lessons_are_shared_with_the_class_unless_sharing_is_off():
    assert school().recipients.lessons["mathematics"] == ["ada", "rosalind"]
    assert school(share_lessons="none").recipients.lessons == {}


@pytest.mark.parametrize(
    ("homework", "readers"),
    [("self", ["ada"]), ("all", ["ada", "emmy", "rosalind"])],
)
def test_practice_solutions_go_to_their_author_or_to_everybody(homework, readers):
    assert sorted(school(share_solutions=homework).recipients.solutions["ada"]) == readers


def test_practice_solutions_are_shared_only_if_the_config_says_so():
    assert school().recipients.solutions == {}


def test_the_learning_rate_of_the_supervised_rounds_falls():
    built = school()
    rates = [built.sft_learner(i).sft_lr for i in range(2)]
    assert rates[0] == 1.5e-3
    assert rates[1] < rates[0]


def test_answers_are_compared_as_text_where_a_problem_has_no_tests():
    config = parse_config({}, "test")
    found, built = read_catalog(config), school()
    (problem,) = found.sources["mathematics"].draw("sums", 1, 1, 0, "train")
    for text in (problem.solution, "Answer: 0", ""):
        assert built.classroom.evaluators["mathematics"](
            [Answer(problem, text, BASE, 0)]
        ) == [exact(problem, text)]


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
        UnlockLevels(ByLearnability(), 0.6), Thompson(), wanted.matchmaker.is_learner, 2
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
            ByLearnability(),
            ByLearnability(),
            ByErrorRate(),
        ),
        (
            ("learnability", "rarity", "error_rate"),
            ByLearnability(),
            ByRarity(ByLearnability()),
            ByErrorRate(),
        ),
        (
            ("plr", "plr", "error_rate"),
            PrioritizedLevelReplay(),
            PrioritizedLevelReplay(),
            ByErrorRate(),
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
    assert replay == PrioritizedLevelReplay(beta=0.5)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"league": {"teachers": "improving"}}, "new name: league.teacher_selection"),
        ({"league": {"teacher_selection": "improving"}}, "new name: 'thompson'"),
        ({"league": {"curriculum": "missing"}}, "practice_curriculum = rarity"),
        ({"league": {"anchored": 2}}, "new name: league.reference_matches"),
        ({"alarms": {"stop": ["leak"]}}, "new name: monitors"),
        ({"monitors": {"stop_on": ["leak"]}}, "new name: 'answer_leak'"),
        ({"league": {"curriculum": "learnabilty"}}, "did you mean 'learnability'"),
    ],
)
def test_old_setting_names_are_refused_with_the_new_ones(table, message):
    with pytest.raises(UserError, match=message):
        parse_config(table, "test")


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
    assert school().arena is None


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
