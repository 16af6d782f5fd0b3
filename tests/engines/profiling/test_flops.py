from docendo.engines.profiling.flops import ModelShape

SHAPE = ModelShape(body=100, head=30, adapter=10, attention=8)


def test_reading_three_tokens_after_each_other() -> None:
    linear, attended, head = 2 * (100 + 10) * 3, 4 * 8 * (1 + 2 + 3), 2 * 30
    assert SHAPE.forward_flops(3, 6, 1) == linear + attended + head == 912


def test_training_adds_gradients_of_inputs_and_of_the_adapter_but_not_of_the_base() -> None:
    body, head = 4 * 100 * 3, 4 * 30 * 2
    adapter = (2 + 2 + 2) * 10 * 3  # forward, towards the input, towards the weights
    attended = 3 * 4 * 8 * 6  # forward, then both factors of both products
    assert SHAPE.training_flops(3, 6, 2) == body + head + adapter + attended == 2196


def test_nothing_costs_nothing() -> None:
    assert SHAPE.forward_flops(0, 0, 0) == SHAPE.training_flops(0, 0, 0) == 0
