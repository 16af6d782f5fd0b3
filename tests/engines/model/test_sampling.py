"""What is promised of sampling, and to what precision, on one thread in float32."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from docendo.engines.local.backward import forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.train_rows import micro_batches, pack
from docendo.engines.model.sampling import _invert_cdf, sample_tokens, uniform_numbers
from docendo.errors import RunError, UserError
from docendo.records import BASE, AgentId, Completion, Request, Target
from tests.engines.toys import AGENTS, ANN, BOB, CAT, ask, logits, plain, vary

END = 0


def crowd(count: int = 40) -> list[Request]:
    """Requests of all three agents in no order; a few prompts, of 18 to 90 tokens, come again and again."""
    return [
        ask(
            AGENTS[i * 7 % 3],
            f"what is {i * i % 6}{' and more' * (i % 5)}?",
            seed=i,
            max_tokens=4 + i % 17,
        )
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def answers(engine: LocalEngine) -> list[Completion]:
    return engine.sample(crowd())


def close(one: Completion, other: Completion) -> bool:
    """Equal tokens, log-probabilities equal to 1e-5: matrix products of other sizes sum in another order."""
    same = (one.text, one.prompt_tokens, one.tokens) == (
        other.text,
        other.prompt_tokens,
        other.tokens,
    )
    return same and np.allclose(one.logprobs, other.logprobs, atol=1e-5, rtol=0)


def test_the_same_requests_give_the_same_completions(
    engine: LocalEngine, answers: list[Completion]
) -> None:
    assert engine.sample(crowd()) == answers


def test_an_answer_does_not_depend_on_the_others_in_the_batch(
    engine: LocalEngine, answers: list[Completion]
) -> None:
    for request, together in zip(crowd(), answers, strict=True):
        assert close(engine.sample([request])[0], together)


def test_an_answer_does_not_depend_on_the_order_of_requests(
    engine: LocalEngine, answers: list[Completion]
) -> None:
    assert all(map(close, engine.sample(crowd()[::-1])[::-1], answers))


@pytest.mark.parametrize(
    "limits",
    [
        {"max_num_seqs": 7},
        {"max_num_seqs": 1},
        {"cache_bytes": 1},
        {"cache_bytes": 100_000},
        {"prefill_tokens": 1},
    ],
)
def test_memory_limits_change_no_answer(
    engine: LocalEngine, answers: list[Completion], limits: dict[str, int]
) -> None:
    assert all(map(close, vary(engine, **limits).sample(crowd()), answers))


def test_no_requests_give_no_answers(engine: LocalEngine) -> None:
    assert engine.sample([]) == []


def test_the_samplers_log_probabilities_are_those_of_training(
    engine: LocalEngine, answers: list[Completion]
) -> None:
    pairs = zip(crowd(), answers, strict=True)
    targets = [
        Target(r.agent, c.prompt_tokens, c.tokens, 1.0, c.logprobs) for r, c in pairs
    ]
    with torch.no_grad():
        for rows in micro_batches(pack(targets, engine.bank.slots, 256), 1024):
            old = [x for row in rows for t in row.targets for x in t.logprobs]
            new = forward(engine.network, rows)
            torch.testing.assert_close(new, torch.tensor(old), atol=1e-4, rtol=0)


def test_at_temperature_0_every_token_is_the_likeliest(engine: LocalEngine) -> None:
    requests = [ask(a, "say it", seed, temperature=0) for a in AGENTS for seed in (1, 2)]
    for request, answer in zip(requests, engine.sample(requests), strict=True):
        ids = (*answer.prompt_tokens, *answer.tokens)
        line = logits(engine, request.agent, ids)[len(answer.prompt_tokens) - 1 : -1]
        assert tuple(line.argmax(-1).tolist()) == answer.tokens
        told = line.log_softmax(-1).gather(1, torch.tensor(answer.tokens)[:, None])[:, 0]
        torch.testing.assert_close(torch.tensor(answer.logprobs), told, atol=1e-5, rtol=0)


def test_temperatures_in_one_batch_do_not_affect_each_other(engine: LocalEngine) -> None:
    heats = (0.0, 0.5, 1.0, 2.0)
    requests = [ask(ANN, "hot or not", seed=3, temperature=t) for t in heats]
    together = engine.sample(requests)
    assert all(
        close(engine.sample([r])[0], c) for r, c in zip(requests, together, strict=True)
    )
    assert len({c.tokens for c in together}) > 1


def test_a_row_at_temperature_1_is_bit_identical_beside_other_temperatures(
    engine: LocalEngine,
) -> None:
    requests = [
        ask(ANN, "hot or not", seed, temperature=t)
        for seed, t in enumerate((1.0, 0.0, 1.0, 2.0))
    ]
    together = engine.sample(requests)
    assert [engine.sample([r])[0] for r in requests] == together


def test_an_answer_ends_with_its_end_token_or_at_its_length(
    answers: list[Completion],
) -> None:
    for request, answer in zip(crowd(), answers, strict=True):
        assert END not in answer.tokens[:-1]
        assert len(answer.tokens) == request.max_tokens or answer.tokens[-1] == END
        assert 1 <= len(answer.tokens) == len(answer.logprobs) <= request.max_tokens
        assert "<end>" not in answer.text
    assert any(a.tokens[-1] == END for a in answers)


def test_one_token_answers(engine: LocalEngine) -> None:
    alone = engine.sample([ask(a, "go", seed=5, max_tokens=1) for a in AGENTS])
    longer = engine.sample([ask(a, "go", seed=5, max_tokens=6) for a in AGENTS])
    assert [a.tokens for a in alone] == [b.tokens[:1] for b in longer]


def test_too_long_a_prompt_is_refused_with_its_length_and_the_limit(
    engine: LocalEngine,
) -> None:
    text = "x" * 1100
    with pytest.raises(
        RunError, match=r"prompt of 1111 tokens and an answer of 12 .* 1024 tokens"
    ):
        engine.sample([ask(ANN, text)])


def test_impossible_requests_are_refused(engine: LocalEngine) -> None:
    with pytest.raises(UserError, match="max_tokens=0"):
        engine.sample([ask(ANN, "go", max_tokens=0)])
    with pytest.raises(UserError, match="prompt of 0 tokens"):
        engine.sample([Request(ANN, (), 0)])
    with pytest.raises(UserError, match="did you mean 'ann'"):
        engine.sample([ask(AgentId("anna"), "go")])


def test_greedy_answers_of_the_base_are_those_of_transformers(engine: LocalEngine) -> None:
    requests = [
        ask(BASE, text, max_tokens=20, temperature=0)
        for text in ("one", "a much longer question")
    ]
    mixed = engine.sample([*requests, ask(BOB, "and somebody else")])
    for answer in mixed[:2]:
        ids = torch.tensor([answer.prompt_tokens])
        wanted = plain().generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=20,
            pad_token_id=END,
        )
        assert answer.tokens == tuple(wanted[0, ids.shape[1] :].tolist())


def test_sampling_flops_are_counted_by_agent_with_a_shared_prompt_once(
    engine: LocalEngine,
) -> None:
    engine.pop_usage()
    done = engine.sample([ask(ANN, "hi", 1), ask(ANN, "hi", 2), ask(CAT, "hi", 3)])
    work = {w.agent: w for w in engine.pop_usage()}
    prompt, sizes = len(done[0].prompt_tokens), [len(c.tokens) for c in done]
    assert (work[ANN].tokens, work[CAT].tokens) == (
        prompt + sizes[0] + sizes[1],
        prompt + sizes[2],
    )
    read = engine.model.shape.forward_flops(prompt, prompt * (prompt + 1) // 2, 1)
    contexts = sum(prompt + i for i in range(1, sizes[2]))
    assert work[CAT].flops == read + engine.model.shape.forward_flops(
        sizes[2] - 1, contexts, sizes[2] - 1
    )
    assert work[CAT].purpose == "test"
    assert engine.pop_usage() == []


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_token_frequencies_follow_their_probabilities(temperature: float) -> None:
    draws, vocabulary = 15_000, 300
    line = torch.randn(vocabulary, generator=torch.Generator().manual_seed(0))
    uniform = torch.from_numpy(uniform_numbers(list(range(draws)), [3] * draws))
    tokens, logprobs = sample_tokens(
        line.expand(draws, -1), torch.full((draws,), temperature), uniform
    )
    expected = draws * (line.double() / temperature).softmax(-1)
    found = torch.bincount(tokens, minlength=vocabulary)
    misfit = float(((found - expected) ** 2 / expected).sum())
    assert abs(misfit - (vocabulary - 1)) < 5 * (2 * (vocabulary - 1)) ** 0.5
    torch.testing.assert_close(logprobs, line.log_softmax(-1)[tokens], atol=1e-5, rtol=0)


def test_uniform_numbers_are_even_and_strictly_between_0_and_1() -> None:
    drawn = uniform_numbers(
        list(range(1000)) * 20, [p for p in range(20) for _ in range(1000)]
    )
    assert 0 < drawn.min() < drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0].std() < 5 * (20_000 * 0.09) ** 0.5
    assert uniform_numbers([7], [2]) == uniform_numbers([1, 7], [5, 2])[1]


def inverse(weights: list[float], u: float) -> int:
    return int(
        _invert_cdf(torch.tensor([weights]), torch.tensor([u], dtype=torch.float64))[0]
    )


def ramp(weights: Tensor) -> Tensor:
    return weights.double().cumsum(-1)


whole = st.lists(st.integers(0, 3), min_size=1, max_size=400).filter(any)


@settings(deadline=None)
@given(whole, st.floats(0, 1, exclude_max=True), st.data())
def test_inverting_the_cdf_agrees_with_a_plain_running_sum(
    weights: list[int], u: float, data: st.DataObject
) -> None:
    """Whole numbers are summed without rounding, so even at the edges of tokens and blocks the two agree."""
    edge = data.draw(
        st.sampled_from([u, *(k / sum(weights) for k in range(0, sum(weights), 7))])
    )
    running = np.cumsum(np.array(weights, np.float64))
    wanted = int(np.searchsorted(running, edge * running[-1], side="right"))
    assert inverse([float(w) for w in weights], edge) == wanted


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 700), st.floats(0, 1))
def test_inverting_the_cdf_is_exact_up_to_rounding_and_never_draws_zeros(
    seed: int, size: int, u: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(size, generator=generator).mul(4).exp() * (
        torch.rand(size, generator=generator) < 0.3
    )
    weights[seed % size] = 1.0
    token, running = inverse(weights.tolist(), u), ramp(weights)
    assert weights[token] > 0
    slack = 1e-6 * running[-1]
    assert (
        running[token] - weights[token] - slack <= u * running[-1] <= running[token] + slack
    )


@pytest.mark.parametrize("size", [1, 127, 128, 129, 256])
def test_a_sure_token_is_taken_whatever_is_drawn(size: int) -> None:
    for sure in {0, size // 2, size - 1}:
        weights = [float(i == sure) for i in range(size)]
        assert {inverse(weights, u) for u in (0.0, 1e-300, 0.5, 1 - 2**-53, 1.0)} == {sure}


def test_rounding_of_a_block_sum_never_draws_a_token_of_probability_0() -> None:
    """The sum of a block in float32 may exceed its tokens'; what is drawn between the two is the last of them."""
    for seed in range(20):
        weights = torch.rand(256, generator=torch.Generator().manual_seed(seed))
        weights[100:128] = 0
        rounded, exact = (
            weights.view(2, -1).sum(-1).double(),
            float(weights[:128].double().sum()),
        )
        if rounded[0] > exact:
            between = (exact + float(rounded[0])) / 2
            assert inverse(weights.tolist(), between / float(rounded.sum())) == 99
            return
    raise AssertionError("no block rounds up")
