"""An answer that is decoded, and the key by which prompts are shared."""

from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from tests.engines.toys import ANN, ask


def test_requests_share_a_prompt_only_within_one_slot() -> None:
    one = DecodeRequest(1, (5, 6), ask(ANN, "a", seed=0))
    assert one.key == DecodeRequest(1, (5, 6), ask(ANN, "b", seed=1)).key
    assert one.key != DecodeRequest(2, (5, 6), ask(ANN, "a")).key
    assert one.key != DecodeRequest(1, (5, 7), ask(ANN, "a")).key


def test_a_closing_text_replaces_the_last_tokens_as_tokens_that_nobody_sampled() -> None:
    result = DecodeResult([1, 2, 3], [-1.0, -2.0, -3.0], [True, True, True])
    result.close(2, [8, 9])
    assert result.tokens == [1, 2, 8, 9]
    assert result.logprobs == [-1.0, -2.0, 0.0, 0.0]
    assert result.was_sampled == [True, True, False, False]
