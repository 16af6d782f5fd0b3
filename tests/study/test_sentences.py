"""Sentences claim what the intervals allow, and no more."""

from collections.abc import Mapping

import pytest

from docendo.statistics import Estimate
from docendo.study.bootstrap import Bootstrap, Closure, Difference
from docendo.study.regimes import RegimeResults
from docendo.study.results import ArmResult, Cost
from docendo.study.sentences import (
    compare_with_rivals,
    describe_ablations,
    describe_closure,
    describe_difference,
    describe_regime,
    side_of_zero,
    write_headline,
)
from tests.study.toys import about, answers, result

ONE = about(("a",), domains={"letters": ("flip",)}, expert_domains={})


def told(mean: float, low: float | None, high: float | None, n: int = 5) -> Difference:
    return Difference(Estimate(mean, low, high, n), None, 0.5, 0.5)


@pytest.mark.parametrize(
    ("found", "side", "said"),
    [
        (
            told(0.05, 0.01, 0.09),
            "above",
            "x beats y by +5.0 points (95% interval +1.0 to +9.0, 5 seeds)",
        ),
        (
            told(-0.05, -0.09, -0.01),
            "below",
            "y beats x by +5.0 points (95% interval +1.0 to +9.0, 5 seeds)",
        ),
        (
            told(0.05, -0.01, 0.11),
            "open",
            "x and y cannot be told apart: +5.0 points (95% interval \N{MINUS SIGN}1.0 to +11.0, 5 seeds)",
        ),
        (
            told(0.05, 0.0, 0.1),
            "open",
            "x and y cannot be told apart: +5.0 points (95% interval +0.0 to +10.0, 5 seeds)",
        ),
        (
            told(0.05, 0.04, 0.06, n=1),
            "open",
            "x and y cannot be told apart: +5.0 points (95% interval +4.0 to +6.0, one seed, and one seed says nothing "
            "of another training)",
        ),
        (
            told(0.05, None, None, n=1),
            "open",
            "x and y cannot be told apart: +5.0 points (no interval, one seed, and one seed says nothing of another "
            "training)",
        ),
    ],
    ids=["ahead", "behind", "around 0", "touches 0", "one seed", "no interval"],
)
def test_a_winner_needs_several_seeds_and_an_interval_on_one_side_of_0(
    found: Difference, side: str, said: str
):
    assert side_of_zero(found) == side
    assert describe_difference("x", "y", found) == said


def regime(
    name: str = "scarce",
    cost: Mapping[str, float] | None = None,
    seeds: int = 3,
    **shares: int,
) -> RegimeResults:
    """Arms whose single agent answers so many of 100 problems right, in every seed; ``joint_rl`` is joint-rl."""
    arms: dict[str, dict[int, ArmResult]] = {}
    for arm, right in ((n.replace("_", "-"), right) for n, right in shares.items()):
        keys = answers(("a",), letters_flip="1" * right + "0" * (100 - right))
        spent = Cost(budget=100, spent=(cost or {}).get(arm, 100.0))
        arms[arm] = {
            s: result(arm, s, keys, regime=name, setup=ONE, cost=spent)
            for s in range(seeds)
        }
    return RegimeResults(name, arms, Bootstrap(arms, 400))


def test_the_answer_names_the_winner_and_how_much_of_the_gap_was_closed():
    first, *others = describe_regime(regime(teaching=60, joint_rl=80, experts=40))
    assert first.startswith(
        "Without a lesson, joint-rl beats teaching by +20.0 points (95% interval +"
    )
    assert (
        others[0]
        == "Where joint-rl is ahead: best member (\N{MINUS SIGN}20.0), worst member (\N{MINUS SIGN}20.0)."
    )
    assert others[1].startswith(
        "Of the gap between experts and joint-rl, teaching closed 50% (95% interval "
    )
    assert others[2].endswith(
        "Where data are private that is not allowed: there it is a yardstick and no rival."
    )
    assert len(others) == 3


def test_teaching_is_compared_with_finetuning_shared_joint_rl_and_single_agents() -> None:
    halves = {"teaching_no_sharing": 55, "teaching_no_lessons": 75}
    others = {
        "joint_rl_shared": 50,
        "single_agent": 95,
        "single_agent_wide": 98,
        "joint_sft": 90,
    }
    given = regime(teaching=80, joint_rl=50, **others, **halves)
    tuned, pooled, mean, single, wide, lessons, sharing = compare_with_rivals(given)
    assert "only fine-tuned on the solutions, joint-sft beats teaching by +10.0" in tuned
    assert pooled.startswith(
        "Where joint training shares its correct solutions, teaching beats joint-rl-shared by +30.0 points"
    )
    assert (
        "Its mean against a single agent with all the compute: single-agent beats teaching by +15.0"
        in mean
    )
    assert (
        "best member against a single agent with all the compute: single-agent beats teaching by +15.0"
        in single
    )
    assert wide.startswith(
        "Its mean against one that has all the weights too: single-agent-wide beats teaching by +18.0"
    )
    assert lessons.startswith("By lessons, without others' solutions: teaching-no-sharing")
    assert "+5.0 points" in lessons
    assert "where they are shared: teaching-no-lessons beats joint-rl by +25.0" in sharing
    (alone,) = compare_with_rivals(
        regime(teaching=9, joint_rl=9, experts=20, teaching_no_lessons=70)
    )
    assert "teaching-no-lessons beats experts by +50.0" in alone, (
        "who has no more data than experts"
    )
    assert compare_with_rivals(regime(teaching=80, joint_rl=50)) == []


def test_ablations_report_the_contribution_of_each_part() -> None:
    some = regime(
        teaching=60,
        joint_rl=20,
        teaching_no_gate=20,
        teaching_oracle_lessons=95,
        teaching_uniform_teachers=60,
    )
    worse, better, same = (
        next(s for s in describe_ablations(some) if arm in s)
        for arm in ("no-gate", "oracle-lessons", "uniform")
    )
    assert worse.startswith(
        "Worse than teaching, so the part helps: teaching-no-gate (\N{MINUS SIGN}40.0,"
    )
    assert better.startswith("Better than teaching: teaching-oracle-lessons (+35.0,")
    assert same.startswith(
        "Not distinguishable from teaching: teaching-uniform-teachers (+0.0,"
    )
    assert describe_ablations(regime(teaching=60, joint_rl=20)) == []


def test_arms_of_unequal_cost_are_not_said_to_have_equal_compute():
    said = describe_regime(regime(teaching=60, joint_rl=80, cost={"teaching": 120.0}))[-1]
    assert said == "Their compute is not equal: teaching spent 120 FLOP, joint-rl 100 FLOP."
    assert "compute" not in " ".join(
        describe_regime(regime(teaching=60, joint_rl=80, cost={"teaching": 104.0}))
    )


def test_a_gap_is_reported_only_where_teaching_and_experts_had_the_same_data() -> None:
    some = regime(teaching=60, joint_rl=80, experts=40)
    more = ONE.model_copy(update={"sft_domains": {"a": ("letters", "numbers")}})
    open_to_all = {
        s: r.model_copy(update={"setup": more}) for s, r in some.arms["teaching"].items()
    }
    arms = {**some.arms, "teaching": open_to_all}
    shut, free = (
        " ".join(describe_regime(some)),
        " ".join(describe_regime(RegimeResults("scarce", arms, Bootstrap(arms, 400)))),
    )
    assert "gap" in shut
    assert "yardstick" in shut
    assert "gap" not in free
    assert "yardstick" not in free


def test_joint_training_on_what_teaching_may_not_see_is_no_rival() -> None:
    some = regime(teaching=60, teaching_no_lessons=20, joint_rl=80)
    kept = ONE.model_copy(update={"travelled": ("lessons",)})
    arms = {
        arm: {
            seed: r if arm == "joint-rl" else r.model_copy(update={"setup": kept})
            for seed, r in results.items()
        }
        for arm, results in some.arms.items()
    }
    private = RegimeResults("private", arms, Bootstrap(arms, 400))
    lessons, yardstick, *_ = describe_regime(private)
    assert lessons.startswith(
        "Where only lessons travel, teaching beats teaching-no-lessons by +40.0 points"
    )
    assert yardstick.startswith(
        "Against joint training on all solutions, a yardstick: joint-rl beats teaching by +20.0"
    )
    assert write_headline([some, private]) == (
        "At equal compute, joint-rl beats teaching in scarce; "
        "teaching beats teaching-no-lessons in private."
    )


def test_without_results_of_both_arms_there_is_no_answer():
    assert describe_regime(regime(teaching=60)) == ["There is no result of joint-rl yet."]
    some, other = regime(teaching=60).arms["teaching"], regime(joint_rl=60).arms["joint-rl"]
    apart = {"teaching": {0: some[0]}, "joint-rl": {1: other[1]}}
    assert describe_regime(RegimeResults("scarce", apart, Bootstrap(apart, 10))) == [
        "teaching and joint-rl have no seed in common yet."
    ]
    assert (
        write_headline([regime(teaching=60)])
        == "At equal compute, nothing can be said yet in scarce."
    )


def test_a_study_without_any_lesson_says_so() -> None:
    def spent(**ledger: float) -> list[str]:
        arms = {
            arm: {
                s: r.model_copy(
                    update={"cost": r.cost.model_copy(update={"ledger": ledger})}
                )
                for s, r in by.items()
            }
            for arm, by in regime(teaching=60, joint_rl=50).arms.items()
        }
        return describe_regime(RegimeResults("scarce", arms, Bootstrap(arms, 10)))

    assert "the budget ended in the experts' stage" in spent(experts=9.0)[1]
    assert "the budget ended" not in " ".join(spent(experts=9.0, practice=1.0))


def test_the_headline_names_the_winner_in_each_regime():
    won, lost = (
        regime("scarce", teaching=90, joint_rl=60),
        regime("plenty", teaching=60, joint_rl=90),
    )
    even = regime("middling", teaching=60, joint_rl=60)
    assert write_headline([won, lost, even]) == (
        "At equal compute, teaching beats joint-rl in scarce; joint-rl beats teaching in plenty; "
        "the interval does not tell which is ahead in middling."
    )


def test_the_share_of_a_gap_has_an_interval_or_a_reason_for_having_none():
    assert describe_closure(Closure(Estimate(0.5, -0.1, 0.9, 3), "")) == (
        "Of the gap between experts and joint-rl, teaching closed 50% (95% interval \N{MINUS SIGN}10% to 90%, 3 seeds)."
    )
    assert describe_closure(Closure(None, "because")).endswith("is undefined: because.")
