"""Names in a config become the values they stand for."""

import pytest

from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import parse_config
from docendo.errors import UserError
from docendo.graders.answer import exact
from docendo.league.curriculum import ByLearnability, UnlockLevels
from docendo.league.matchmaking import Thompson
from docendo.league.snapshot_rules import AnyRule, EveryRounds, Never, WhenStronger
from docendo.league.teaching_matches import CurriculumMatchmaker, RoundRobin
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.losses import PPOClip, policy_gradient
from docendo.records import BASE, Answer
from tests.toys import RecordingTrainable


def school(**learning):
    config = parse_config({"learning": learning}, "test")
    return build_school(config, read_catalog(config), RecordingTrainable())


def test_estimators_are_a_baseline_a_loss_and_a_number_of_passes():
    assert isinstance(school().baseline, LeaveOneOut)
    assert school().learner.loss is policy_gradient
    assert isinstance(school(baseline="running_mean").baseline, RunningMean)
    clipped = school(loss="ppo_clip", epochs=3).learner
    assert clipped.loss == PPOClip(low=0.2, high=0.2)
    assert clipped.epochs == 3


def test_every_domain_is_taught_by_its_experts_to_the_others():
    for course in school().league.teaching_options:
        assert len(course.teachers) == 1
        assert len(course.students) == 2
        assert not set(course.teachers) & set(course.students)


def test_the_class_listens_unless_lessons_are_for_their_student_alone():
    assert school().recipients.lessons["mathematics"] == ["ada", "rosalind"]
    assert school(share_lessons="none").recipients.lessons == {}


@pytest.mark.parametrize(
    ("homework", "readers"),
    [("self", ["ada"]), ("all", ["ada", "emmy", "rosalind"])],
)
def test_homework_is_read_by_its_author_or_by_everybody(homework, readers):
    assert sorted(school(share_solutions=homework).recipients.solutions["ada"]) == readers


def test_nobody_reads_homework_unless_the_configuration_says_so():
    assert school().recipients.solutions == {}


def test_the_learning_rate_of_the_supervised_rounds_falls():
    built = school()
    rates = [built.sft_learner(i).imitation_rate for i in range(2)]
    assert rates[0] == 1.5e-3
    assert rates[1] < rates[0]


def test_graders_compare_text_where_a_problem_has_no_tests():
    config = parse_config({}, "test")
    found, built = read_catalog(config), school()
    (problem,) = found.sources["mathematics"].draw("sums", 1, 1, 0, "train")
    for text in (problem.solution, "Answer: 0", ""):
        assert built.classroom.evaluators["mathematics"](
            [Answer(problem, text, BASE, 0)]
        ) == [exact(problem, text)]


def league(**table):
    config = parse_config({"league": table}, "test")
    return build_school(config, read_catalog(config), RecordingTrainable()).league


def test_without_league_settings_everybody_meets_equally_often_and_nothing_is_copied():
    plain = league()
    assert isinstance(plain.matchmaker, RoundRobin)
    assert plain.population.snapshot_rule == Never()
    assert not plain.population.reference_copies


def test_league_settings_are_choices_curricula_and_rules():
    wanted = league(
        teachers="improving", curriculum="learnable", opens=0.6, anchored=2, replayed=0.5
    )
    assert wanted.matchmaker == CurriculumMatchmaker(
        UnlockLevels(ByLearnability(), 0.6), Thompson(), wanted.matchmaker.is_learner, 2
    )
    assert wanted.curriculum == wanted.matchmaker.curriculum
    missing = league(curriculum="missing")
    assert (wanted.missing, missing.missing, missing.curriculum) == (
        False,
        True,
        ByLearnability(),
    )
    assert wanted.population.reference_copies
    assert wanted.problem_replay.fraction == 0.5
    assert league(snapshot_every=3).population.snapshot_rule == EveryRounds(3)
    both = league(snapshot_every=3, snapshot_margin=0.2, snapshots=5).population
    assert both.snapshot_rule == AnyRule([EveryRounds(3), WhenStronger(0.2)])
    assert both.max_snapshots == 5


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
        config, read_catalog(config), RecordingTrainable()
    ).league.population
    assert population.rivals == [("a", "c")]
    assert population.replacement.every == 2


def arena(agents, **duels):
    config = parse_config(
        {"domains": {}, "agents": agents, "duels": {"pairings": 2} | duels}, "test"
    )
    return build_school(config, read_catalog(config), RecordingTrainable()).arena


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
            "[agents.book]: a textbook without a domain",
        ),
        ({"agents": {"a": {}, "n": {"policy": "random"}}}, "policy = 'random' wants duels"),
        ({"agents": {"a": {"role": "exploiter"}}}, "role = 'exploiter' is one of duels"),
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
            {"league": {"anchored": 12}},
            "anchored = 12 leaves none of 12 matches for learners",
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
def test_an_agent_without_anything_to_do_is_an_error(table, message):
    with pytest.raises(UserError) as error:
        read_catalog(parse_config(table, "test"))
    assert message in str(error.value)
