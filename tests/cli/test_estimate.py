import pytest

from docendo.build.catalog import read_catalog
from docendo.cli.estimate import RunEstimate, Speeds, estimate
from docendo.config.load import Config, parse_config
from docendo.problems.arithmetic import MATHEMATICS
from docendo.records import (
    Completion,
)

WRITTEN = [
    (p, Completion(p.worked, tokens=(1000,) * 24))
    for p in MATHEMATICS.draw("sums", 1, 16, 0, "train")
]
SPEEDS = Speeds(
    sampled=10.0,
    trained=100.0,
    prompt=20.0,
    solution=8.0,
    memory=1000,
    rows=16,
    column=2,
    adapter=50,
    sampling=7.0,
    training=3.0,
)


def config(**teaching: int) -> Config:
    """One expert, one student, one family."""
    table = {
        "domains": {"mathematics": {"families": {"sums": [1]}}},
        "agents": {"ann": {"domain": "mathematics"}, "bob": {}},
        "experts": {"steps": 3, "eval_every": 2, "batch_size": 5},
        "teaching": {"rounds": 2, "matches": 3, "control_attempts": 2, "max_tokens": 10}
        | teaching,
        "learning": {
            "self_practice": 1,
            "practice_attempts": 2,
            "imitation": 3,
            "rehearsal": 4,
            "one_shot_fraction": 0.5,
        },
        "evaluation": {"problems": 4, "forgetting_problems": 0},
    }
    return parse_config(table, "test")


def made(settings: Config, speeds: Speeds = SPEEDS) -> RunEstimate:
    return estimate(settings, read_catalog(settings), speeds, WRITTEN)


def test_the_plan_counts_one_answer_of_the_base_to_every_problem() -> None:
    start = made(config()).stages[0]
    assert (start.answers, start.sampled_tokens, start.trained_tokens, start.seconds) == (
        4,
        32,
        0,
        3.2,
    )


def test_the_plan_counts_two_finetuning_rounds_and_an_evaluation_after_each() -> None:
    experts = made(config()).stages[1]
    # ann on her own after the first; ann and bob on everything after the second
    assert (experts.rounds, experts.answers, experts.sampled_tokens) == (2, 4 + 8, 96)
    # 3 steps of 5, every second one after an example as long as itself
    assert (experts.examples, experts.trained_tokens) == (15, 15 * 28 * 3 // 2)
    assert experts.seconds == pytest.approx(9.6 + 6.3)


def test_the_plan_of_teaching_counts_lessons_attempts_controls_and_practice() -> None:
    teaching = made(config()).stages[2]
    earned = 2 * (3 * 2 + 3 * 2 * 4 + 3 * 2 + 2)
    assert (teaching.answers, teaching.sampled_tokens) == (earned + 8, (earned + 8) * 8)
    assert teaching.examples == 2 * (2 * 3 + 4)
    assert teaching.trained_tokens == earned * (8 + 10) + 20 * 28 * 3 // 2
    assert teaching.seconds == pytest.approx(
        teaching.sampled_tokens / 10 + teaching.trained_tokens / 100
    )


def test_planned_flops_are_those_of_the_ledger_without_evaluations() -> None:
    start, experts, teaching = made(config()).stages
    assert (start.flops, experts.flops) == (0.0, experts.trained_tokens * 3)
    assert (
        teaching.flops
        == (teaching.sampled_tokens - 8 * 8) * 7 + teaching.trained_tokens * 3
    )


def test_memory_grows_with_the_rows_in_flight_and_disk_with_what_is_kept() -> None:
    plan = made(config())
    # 128 rows of two questions, a solution and an answer, less the 16 that were measured; two bytes a token
    assert plan.memory == 1000 + 128 * (40 + 8 + 10) * 2 - 16 * (20 + 10) * 2
    # three checkpoints of two adapters and Adam's two averages for three slots
    assert plan.checkpoints == 3 * 4 * 50 * (2 + 2 * 3)
    assert plan.disk == plan.checkpoints + plan.database
    assert plan.seconds == pytest.approx(sum(s.seconds for s in plan.stages))
    assert plan.tokens == 32 + 96 + 672 + 630 + 1368 + 840


def test_the_plan_counts_answers_at_their_maximum_length() -> None:
    assert made(config(max_tokens=5)).stages[0].sampled_tokens == 4 * 5


def test_the_plan_charges_nothing_for_stages_that_are_left_out() -> None:
    table = {"experts": {"steps": 0}, "teaching": {"rounds": 0}}
    plan = made(parse_config(table, "test"))
    assert [s.seconds for s in plan.stages[1:]] == [0.0, 0.0]


def test_the_plan_counts_evaluations_between_rounds() -> None:
    wanted = config(rounds=5).model_copy(
        update={"evaluation": config().evaluation.model_copy(update={"eval_every": 2})}
    )
    often, once = made(wanted).stages[2].answers, made(config(rounds=5)).stages[2].answers
    assert often - once == 2 * 8  # after rounds 2 and 4, and after 5 in any case


def test_the_plan_counts_answers_that_measure_forgetting_and_the_system() -> None:
    evaluation = {
        "problems": 4,
        "forgetting_problems": 2,
        "ood_families": {"mathematics": {"fractions": []}},
        "system": True,
    }
    tables = config().model_dump(exclude_unset=True) | {"evaluation": evaluation}
    plain, asked = made(config()).stages, made(parse_config(tables, "test")).stages
    more = [b.evaluations - a.evaluations for a, b in zip(plain, asked, strict=True)]
    # two problems of the domain and of its family outside; nine answers in all ways
    assert more == [4, 2 * 4, 2 * 4 + 2 * 4 * 9]


def test_a_single_attempt_after_a_lesson_is_sampled_and_not_trained_on() -> None:
    one, two = (made(config(attempts=n)).stages[2] for n in (1, 2))
    assert two.sampled_tokens - one.sampled_tokens == 2 * 3 * 2 * 8
    assert two.trained_tokens - one.trained_tokens == 2 * 3 * 2 * 2 * (8 + 10)


def test_a_single_attempt_at_practice_is_sampled_and_not_trained_on() -> None:
    table = config().model_dump(exclude_unset=True)
    table["learning"] |= {
        "self_practice": 2,
        "practice_attempts": 1,
        "share_solutions": "self",
    }
    once, twice = made(parse_config(table, "test")).stages[2], made(config()).stages[2]
    assert once.sampled_tokens == twice.sampled_tokens
    assert twice.trained_tokens - once.trained_tokens == 2 * 2 * (8 + 10)


def test_style_samples_of_duels_are_planned_as_sampling_and_not_as_storage() -> None:
    playing = parse_config(
        config().model_dump(exclude_unset=True)
        | {"duels": {"pairings": 1, "style_samples": 5}},
        "test",
    )
    still, teaching = made(config()).stages[2], made(playing).stages[2]
    assert teaching.evaluations == still.evaluations == 8
    moves = 2 * playing.duels.deals * playing.duels.repeats * 3
    assert teaching.answers - still.answers == 2 * moves + 2 * 12 * 5 * 2


def test_labels_are_planned_as_examples_readings_and_attempts() -> None:
    table = config().model_dump(exclude_unset=True)
    table["learning"]["labels"] = {"type": "expert_distillation", "texts": 3}
    labelled, usual = (made(c).stages[2] for c in (parse_config(table, "test"), config()))
    texts = 2 * 2 * 3
    assert labelled.answers - usual.answers == labelled.examples - usual.examples == texts
    trained = labelled.trained_tokens - usual.trained_tokens
    assert trained == texts * 28 * 1.5
    # a labeller's pass over two problems is half of training on them
    assert labelled.flops - usual.flops == texts * 8 * 7 + (trained + texts * 28) * 3

    table["learning"] |= {"labels": None, "sft_kl_weight": 0.1}
    held = made(parse_config(table, "test")).stages[2]
    assert held.flops - usual.flops == usual.examples * 28 * 3
