"""What passes over a model cost, counted by hand on a model of a few weights."""

from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.local.usage import usage_of_rows, usage_of_sampling
from docendo.engines.profiling.flops import ModelShape
from docendo.records import Usage
from tests.engines.toys import ANN, BOB, ask, target

SHAPE = ModelShape(body=100, head=10, adapter=5, attention=3)


def test_an_answer_costs_its_prompt_once_and_a_step_for_all_but_its_last_token() -> None:
    request = DecodeRequest(1, (7, 8, 9), ask(ANN, ""))
    (usage,) = usage_of_sampling(SHAPE, [request], [DecodeResult([1, 2, 3])])
    prompt = SHAPE.forward_flops(3, 1 + 2 + 3, 1)
    steps = SHAPE.forward_flops(2, (3 + 1) + (3 + 2), 2)
    assert usage == Usage(ANN, "test", 3 + 3, prompt + steps)


def test_a_prompt_is_read_once_for_all_answers_of_an_agent() -> None:
    requests = [DecodeRequest(1, (7, 8, 9), ask(ANN, "", seed)) for seed in range(2)]
    (usage,) = usage_of_sampling(SHAPE, requests, [DecodeResult([1]), DecodeResult([2])])
    assert usage == Usage(ANN, "test", 3 + 2, SHAPE.forward_flops(3, 6, 1))


def test_agents_are_charged_separately_and_an_empty_answer_costs_its_prompt() -> None:
    requests = [DecodeRequest(1, (7,), ask(ANN, "")), DecodeRequest(2, (7,), ask(BOB, ""))]
    usage = usage_of_sampling(SHAPE, requests, [DecodeResult(), DecodeResult([1])])
    assert [(u.agent, u.tokens, u.flops) for u in usage] == [
        (ANN, 1, SHAPE.forward_flops(1, 1, 1)),
        (BOB, 2, SHAPE.forward_flops(1, 1, 1)),
    ]


def test_a_row_of_training_costs_its_prompt_once_for_all_completions() -> None:
    row = TrainRow(1, (5, 6), (target(ANN, "xy", "ab"), target(ANN, "xy", "c")))
    (usage,) = usage_of_rows(SHAPE.training_flops, [row], "policy")
    # the prompt's tokens see 1 and 2 positions, then 3 and 4, and 3
    context = (1 + 2) + (3 + 4) + 3
    assert usage == Usage(ANN, "policy", 5, SHAPE.training_flops(5, context, 3))
