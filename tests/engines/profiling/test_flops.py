from docendo.engines.profiling.flops import ModelShape

SHAPE = ModelShape(body=100, head=30, adapter=10, attention=8)


def test_reading_three_tokens_one_after_another_has_these_flops() -> None:
    linear, attended, head = 2 * (100 + 10) * 3, 4 * 8 * (1 + 2 + 3), 2 * 30
    assert SHAPE.forward_flops(3, 6, 1) == linear + attended + head == 912


def test_training_flops_add_input_and_adapter_gradients_but_none_of_the_base() -> None:
    body, head = 4 * 100 * 3, 4 * 30 * 2
    adapter = (2 + 2 + 2) * 10 * 3  # forward, towards the input, towards the weights
    attended = 3 * 4 * 8 * 6  # forward, then both factors of both products
    assert SHAPE.training_flops(3, 6, 2) == body + head + adapter + attended == 2196


def test_no_tokens_cost_no_flops() -> None:
    assert SHAPE.forward_flops(0, 0, 0) == SHAPE.training_flops(0, 0, 0) == 0
