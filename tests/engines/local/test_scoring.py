"""Scores of given texts are those of the plain model, however they are batched."""

from collections.abc import Sequence

import pytest
import torch

from docendo.engines.local.backward import forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.local.workers import Workers
from docendo.engines.model.network import Network
from docendo.errors import RunError, UserError
from docendo.records import BASE, AgentId, Example, Message, Usage
from tests.engines.toys import (
    AGENTS,
    ALPHA,
    ANN,
    BOB,
    CPU,
    RANK,
    fresh,
    logits,
    open_toy,
    plain,
    vary,
)


def example(agent: AgentId, question: str, text: str) -> Example:
    return Example(agent, (Message("user", question),), text)


MIXED = [
    example(BASE, "two and two", "4"),
    example(ANN, "two and two", "four"),
    example(BASE, "why", "because it is so"),
    example(BASE, "two and two", "twenty-two"),
    example(BOB, "the longest of all the questions in here, by far", ""),
    example(BASE, "two and two", "4"),
]


def test_scores_of_the_base_are_those_of_transformers(engine: LocalEngine) -> None:
    for one, found in zip(MIXED, engine.score(MIXED, "test"), strict=True):
        if one.agent == BASE:
            t = engine.target(one)
            with torch.no_grad():
                line = (
                    plain()(torch.tensor([[*t.prompt_tokens, *t.tokens]]))
                    .logits[0]
                    .log_softmax(-1)
                )
            wanted = line[len(t.prompt_tokens) - 1 : -1].gather(
                1, torch.tensor(t.tokens)[:, None]
            )[:, 0]
            assert found == pytest.approx(wanted.tolist(), abs=1e-4)


def test_every_agent_gives_its_own_scores(engine: LocalEngine) -> None:
    base, ann = engine.score(
        [example(BASE, "why", "so"), example(ANN, "why", "so")], "test"
    )
    t = engine.target(example(ANN, "why", "so"))
    line = logits(engine, ANN, [*t.prompt_tokens, *t.tokens]).log_softmax(-1)[
        len(t.prompt_tokens) - 1 : -1
    ]
    assert ann == pytest.approx(
        line.gather(1, torch.tensor(t.tokens)[:, None])[:, 0].tolist(), abs=1e-4
    )
    assert max(abs(a - b) for a, b in zip(base, ann, strict=True)) > 0.01


@pytest.mark.parametrize(("train_tokens", "workers"), [(1, 1), (60, 1), (60, 2), (4096, 2)])
def test_the_batching_of_texts_changes_no_score(
    engine: LocalEngine, train_tokens: int, workers: int
) -> None:
    other = vary(
        engine, max_tokens_per_microbatch=train_tokens, workers=Workers(workers, 1)
    )
    for one, two in zip(
        engine.score(MIXED, "test"), other.score(MIXED, "test"), strict=True
    ):
        assert one == pytest.approx(two, abs=1e-4)


def test_the_score_of_a_text_includes_the_end_of_turn_token(engine: LocalEngine) -> None:
    assert [len(found) for found in engine.score(MIXED, "test")] == [2, 5, 17, 11, 1, 2]
    assert engine.score([], "test") == []


def test_in_bfloat16_the_scores_are_nearly_the_same() -> None:
    """Of the same weights, rounded: eight bits of each logit are left."""
    wide, narrow = (
        open_toy(TINY, RANK, ALPHA, dtype, CPU) for dtype in (torch.float32, torch.bfloat16)
    )
    some = [one for one in MIXED if one.agent == BASE]
    for one, two in zip(wide.score(some, "test"), narrow.score(some, "test"), strict=True):
        assert one == pytest.approx(two, abs=0.05)
        assert all(score < 0 for score in two)


def test_scoring_flops_count_a_shared_prompt_once(
    engine: LocalEngine,
) -> None:
    other = vary(engine)
    other.score([example(ANN, "why", "ab"), example(ANN, "why", "c")], "probe")
    p = len(engine.target(example(ANN, "why", "ab")).prompt_tokens)
    (work,) = other.pop_usage()
    looked_at = p * (p + 1) // 2 + (3 * p + 1 + 2 + 3) + (2 * p + 1 + 2)
    assert work == Usage(
        ANN, "probe", p + 5, engine.model.shape.forward_flops(p + 5, looked_at, 5)
    )


def test_scoring_changes_no_agent() -> None:
    engine = fresh(*AGENTS)
    before = engine.bank.weights_SP.clone()
    engine.score(MIXED, "test")
    assert torch.equal(engine.bank.weights_SP, before)
    assert not any(g.any() for g in engine.bank.grads_LSP)
    assert engine.adam.steps_S.sum() == 0


def test_too_long_a_text_has_no_score_and_an_unknown_agent_is_refused(
    engine: LocalEngine,
) -> None:
    long, short = example(BASE, "a", "b" * engine.base.context), example(BASE, "a", "b")
    assert engine.score([long, short], "test") == [(), *engine.score([short], "test")]
    with pytest.raises(UserError, match="without messages"):
        engine.score([Example(BASE, (), "b")], "test")
    with pytest.raises(UserError, match="did you mean 'ann'"):
        engine.score([example(AgentId("anny"), "a", "b")], "test")


def test_out_of_memory_in_scoring_halves_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = fresh(*AGENTS)
    wanted, sizes = engine.score(MIXED, "test"), list[int]()
    tight = vary(engine, max_tokens_per_microbatch=512)

    def crowded(network: Network, rows: Sequence[TrainRow]) -> torch.Tensor:
        sizes.append(sum(row.length for row in rows))
        if sizes[-1] > 128:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")
        return forward(network, rows)

    monkeypatch.setattr("docendo.engines.local.scoring.forward", crowded)
    for one, two in zip(wanted, tight.score(MIXED, "test"), strict=True):
        assert one == pytest.approx(two, abs=1e-4)
    assert max(sizes) > 128


def test_scoring_raises_errors_and_says_what_helps_when_out_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for said, error, told in (
        ("no shape", RuntimeError, "no shape"),
        ("out of memory", RunError, "a smaller model"),
    ):

        def fails(
            network: Network, rows: Sequence[TrainRow], said: str = said
        ) -> torch.Tensor:
            raise RuntimeError(said)

        monkeypatch.setattr("docendo.engines.local.scoring.forward", fails)
        with pytest.raises(error, match=told):
            fresh(*AGENTS).score(MIXED, "test")


def test_a_label_is_what_the_frozen_head_reads_of_any_agent(engine: LocalEngine) -> None:
    targets = [engine.target(one) for one in MIXED]
    for agent, t, label in zip(
        [one.agent for one in MIXED], targets, engine.label(targets, "label"), strict=True
    ):
        assert label is not None
        distribution = engine.network.logits(label.hidden).log_softmax(-1)
        line = logits(engine, agent, [*t.prompt_tokens, *t.tokens]).log_softmax(-1)
        torch.testing.assert_close(
            distribution, line[len(t.prompt_tokens) - 1 : -1], atol=1e-4, rtol=0
        )


def test_labels_are_charged_to_the_labeller_as_scores_are(engine: LocalEngine) -> None:
    other = vary(engine)
    targets = [engine.target(one) for one in MIXED]
    other.label(targets, "label")
    labelled = other.pop_usage()
    other.logprobs(targets, "label")
    assert labelled == other.pop_usage()
    assert {usage.agent for usage in labelled} == {BASE, ANN, BOB}


def test_too_long_a_text_has_no_label(engine: LocalEngine) -> None:
    long, short = example(BASE, "a", "b" * engine.base.context), example(BASE, "a", "b")
    labels = engine.label([engine.target(long), engine.target(short)], "label")
    assert [label is None for label in labels] == [True, False]
