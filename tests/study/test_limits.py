"""What a study does not say, and how to repeat it."""

import pytest

from docendo.study.bootstrap import Bootstrap
from docendo.study.limits import list_limits, write_reproduction
from docendo.study.regimes import RegimeResults
from docendo.study.results import Cost, StudyResults
from tests.study.test_sentences import regime
from tests.study.toys import about, result


def test_the_limits_mention_missing_trainings_and_single_seeds():
    some = regime(teaching=60, joint_rl=50)
    arms = {"teaching": some.arms["teaching"], "joint-rl": {0: some.arms["joint-rl"][0]}}
    said = " ".join(list_limits([RegimeResults("scarce", arms, Bootstrap(arms, 10))]))
    assert (
        "Seeds per arm: 1 to 3 (0, 1, 2). Missing: scarce joint-rl 1, scarce joint-rl 2;"
        in said
    )
    assert "no winner is named" in said
    assert "100 held-out problems" in said
    assert "no winner" not in " ".join(list_limits([some]))


def test_the_limits_tell_what_given_experts_cost() -> None:
    cost = Cost(budget=9, spent=9, given=2e12)
    arms = {"teaching": {0: result(cost=cost)}}
    said = " ".join(list_limits([RegimeResults("given", arms, Bootstrap(arms, 10))]))
    assert "Experts are given in given" in said
    assert "2 TFLOP for each seed are in no budget" in said


@pytest.mark.parametrize(
    ("commits", "said"),
    [
        (["abc1234"], ["git checkout abc1234", "docendo compare 'my study.toml'"]),
        (
            ["abc1234+"],
            [
                "git checkout abc1234",
                "# some had changes that are in no commit",
                "docendo compare 'my study.toml'",
            ],
        ),
        ([""], ["docendo compare 'my study.toml'"]),
        (
            ["abc1234", "fff0000", "fff0000", ""],
            [
                "# results of each commit:",
                "#   fff0000  2",
                "#   abc1234  1",
                "#   unknown  1",
                "docendo compare 'my study.toml'",
            ],
        ),
    ],
    ids=["one", "changed", "none", "several"],
)
def test_a_study_names_the_commits_it_was_made_with(commits: list[str], said: list[str]):
    arms = {
        "teaching": {
            seed: result(seed=seed, setup=about(commit=c)) for seed, c in enumerate(commits)
        }
    }
    assert (
        write_reproduction(StudyResults("my study", {"scarce": arms})).splitlines() == said
    )
    named = write_reproduction(
        StudyResults("my study", {"scarce": arms}, "recipes/equal.toml")
    ).splitlines()
    assert named == [*said[:-1], "docendo compare recipes/equal.toml"]
