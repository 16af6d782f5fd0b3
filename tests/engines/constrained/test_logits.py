"""Answers within a grammar, answers that end at a text, and what training makes of them."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from docendo.engines.constrained.logits import Guides, mask_logits
from docendo.engines.local.backward import forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.model.sampling import keep_nucleus
from docendo.learning.losses import policy_gradient
from docendo.records import Completion, Grammar, Request, Target
from tests.engines.toys import ANN, BOB, ask, fresh, train_step, vary

DIGITS = Grammar("regex", "[0-9]{1,3}")
CHOICE = Grammar("choice", '["yes", "no", "perhaps"]')
OBJECT = Grammar(
    "json",
    '{"type":"object","properties":{"n":{"enum":[1,22]}},"required":["n"],"additionalProperties":false}',
)
LARK = Grammar("lark", 'start: "a" b "a"\nb[max_tokens=3]: /[a-z]*/\n')


def within(grammar: Grammar | None, text: str = "why", seed: int = 0, **changes) -> Request:
    return replace(ask(ANN, text, seed), grammar=grammar, **changes)


def target(request: Request, done: Completion) -> Target:
    return Target(
        request.agent,
        done.prompt_tokens,
        done.tokens,
        1.0,
        done.logprobs,
        done.sampled,
        done.grammar,
    )


@pytest.mark.parametrize(
    ("grammar", "form"),
    [
        (DIGITS, "[0-9]{1,3}"),
        (CHOICE, "yes|no|perhaps"),
        (OBJECT, r'\{"n": ?(1|22)\}'),
        (LARK, "a[a-z]*a"),
    ],
)
def test_every_answer_matches_its_grammar_and_ends(
    engine: LocalEngine, grammar: Grammar, form: str
) -> None:
    found = engine.sample([within(grammar, seed=i, max_tokens=16) for i in range(40)])
    assert all(re.fullmatch(form, c.text) for c in found), [c.text for c in found]
    assert {c.tokens[-1] for c in found} == {engine.tokens.end}
    assert len({c.text for c in found}) > 1


THOUGHT = Grammar("regex", "-?[0-9]{1,2}/2", free_tokens=5)


def test_free_text_may_come_first_and_then_the_grammar_is_forced(
    engine: LocalEngine,
) -> None:
    found = engine.sample([within(THOUGHT, seed=i, max_tokens=20) for i in range(40)])
    assert all(re.fullmatch(r"(?s:.*)\nAnswer: -?[0-9]{1,2}/2", c.text) for c in found), [
        c.text for c in found
    ]
    assert {c.tokens[-1] for c in found} == {engine.tokens.end}
    assert {c.sampled.index(False) for c in found} == {5}


@pytest.mark.parametrize("more", range(33))
def test_every_token_mask_has_a_bit_for_every_token_of_the_vocabulary(
    engine: LocalEngine, more: int
) -> None:
    """Whatever the size of the vocabulary, and whether a token was sampled or not."""
    guides = replace(
        engine.model.guides, size=engine.model.guides.size + more, matchers={}, shortest={}
    )
    tokens = engine.tokens.completion("12")
    bits = guides.walk(DIGITS, tokens, (True, False, True))
    assert {len(some) for some in bits} == {-(-guides.size // 8)}
    logits = mask_logits(bits, torch.zeros(3, guides.size))
    assert (logits > -math.inf).sum(-1).tolist() == [10, 1, 11]


def test_an_early_answer_is_held_to_the_grammar_at_once(engine: LocalEngine) -> None:
    walk = engine.model.guides.walk(
        THOUGHT._replace(free_tokens=20), engine.tokens.completion("Answer: 1/2")
    )
    assert [int(np.unpackbits(bits).sum()) for bits in walk[8:]] == [11, 11, 1, 1]
    late = engine.model.guides.walk(
        THOUGHT._replace(free_tokens=10), engine.tokens.completion("a\nAnswer: 7/2")
    )
    assert int(np.unpackbits(late[10]).sum()) == 11


def test_a_forced_token_is_not_sampled_and_has_probability_one(
    engine: LocalEngine,
) -> None:
    (done,) = engine.sample([within(Grammar("regex", "ab[0-9]"))])
    assert done.sampled == (False, False, True, False)
    assert [
        p for p, free in zip(done.logprobs, done.sampled, strict=True) if not free
    ] == pytest.approx([0, 0, 0])


def test_a_grammar_changes_no_bit_of_other_answers_in_the_batch(
    engine: LocalEngine,
) -> None:
    free = [
        ask(agent, text, i)
        for i, (agent, text) in enumerate([(ANN, "one"), (BOB, "two"), (ANN, "why")])
    ]
    alone = engine.sample(free)
    mixed = engine.sample([within(DIGITS), free[0], within(CHOICE, seed=4), *free[1:]])
    assert [mixed[1], *mixed[3:]] == alone


def test_training_and_sampling_log_probabilities_agree_in_a_grammar(
    engine: LocalEngine,
) -> None:
    requests = [
        within(g, seed=i, max_tokens=20)
        for i, g in enumerate([DIGITS, None, CHOICE, LARK, THOUGHT, DIGITS])
    ]
    done = engine.sample(requests)
    rows = [
        TrainRow(engine.bank.slot(ANN), d.prompt_tokens, (target(r, d),))
        for r, d in zip(requests, done, strict=True)
    ]
    logprobs = forward(
        engine.network, [engine.model.with_allowed_tokens(row) for row in rows]
    )
    assert logprobs.tolist() == pytest.approx(
        [p for d in done for p in d.logprobs], abs=1e-5
    )


def test_the_gradient_is_that_of_the_masked_distribution() -> None:
    """Of one digit among ten: the derivative by the logits is that of a softmax over ten tokens."""
    engine = fresh(ANN)
    request = within(Grammar("regex", "[0-9]"))
    (done,) = engine.sample([request])
    before = forward(
        engine.network,
        [
            engine.model.with_allowed_tokens(
                TrainRow(1, done.prompt_tokens, (target(request, done),))
            )
        ],
    )
    engine.train(
        train_step([target(request, done)], policy_gradient, {ANN: 0.05}, "policy")
    )
    after = forward(
        engine.network,
        [
            engine.model.with_allowed_tokens(
                TrainRow(1, done.prompt_tokens, (target(request, done),))
            )
        ],
    )
    assert after[0] > before[0]
    assert after[0] < 0, "among ten digits"
    assert float(before[1]) == float(after[1]) == 0, "the end had to come"


def test_tokens_that_were_not_sampled_get_no_gradient() -> None:
    engine, other = fresh(ANN), fresh(ANN)
    (done,) = engine.sample([within(None)])
    whole = Target(ANN, done.prompt_tokens, done.tokens, 1.0, done.logprobs)
    muted = whole._replace(sampled=(False,) * len(done.tokens))
    first = whole._replace(sampled=(True,) + (False,) * (len(done.tokens) - 1))
    assert (
        engine.train(train_step([muted], policy_gradient, {ANN: 0.05}, "policy"))[ANN].norm
        == 0
    )
    one = other.train(train_step([first], policy_gradient, {ANN: 0.0}, "policy"))[ANN].norm
    alone = other.train(
        train_step(
            [whole._replace(tokens=done.tokens[:1], logprobs=())],
            policy_gradient,
            {ANN: 0.0},
            "policy",
        )
    )
    assert one == pytest.approx(alone[ANN].norm, rel=1e-4)


def test_an_answer_ends_with_its_stop_text(engine: LocalEngine) -> None:
    eight = Grammar("regex", "[0-9]{8}")
    free = engine.sample([within(eight, seed=i) for i in range(20)])
    stopped = engine.sample([within(eight, seed=i, stop=("7", "12")) for i in range(20)])
    for whole, part in zip(free, stopped, strict=True):
        found = re.match(".*?(7|12)", whole.text)
        assert part.text == (found[0] if found else whole.text)
        assert part.tokens == whole.tokens[: len(part.tokens)]
    assert {len(c.text) for c in stopped} >= {1, 8}


def test_a_stop_text_is_found_where_its_characters_have_several_bytes() -> None:
    """Six emoji are 24 tokens of a byte each, more than the last sixteen."""
    guides = Guides(None, 256, 0, lambda tokens: bytes(tokens).decode(errors="replace"))
    guide = guides.guide_for(within(None, stop=("😀" * 6,)))
    assert guide is not None
    tokens = list(("so: " + "😀" * 6).encode())
    assert [n for n in range(1, len(tokens) + 1) if guide.take(tokens[:n])] == [28]


def test_an_answer_continues_a_given_beginning(engine: LocalEngine) -> None:
    (whole,) = engine.sample([within(None, temperature=0.0)])
    (rest,) = engine.sample(
        [within(None, temperature=0.0, prefix_ids=whole.tokens[:3], max_tokens=9)]
    )
    assert rest.tokens == whole.tokens[3:12]
    assert rest.prompt_tokens == whole.prompt_tokens
    assert rest.logprobs == pytest.approx(whole.logprobs[3:12], abs=1e-5)


def test_an_answer_in_a_grammar_continues_a_given_beginning(engine: LocalEngine) -> None:
    pair = Grammar("regex", "[0-9]{4}")
    (rest,) = engine.sample([within(pair, prefix_ids=engine.tokens.completion("12")[:2])])
    assert re.fullmatch("[0-9]{2}", rest.text)


def test_a_small_batch_size_changes_no_answer_in_a_grammar(engine: LocalEngine) -> None:
    requests = [within(g, seed=i) for i in range(4) for g in (DIGITS, None, LARK)]
    narrow = vary(engine, max_num_seqs=2)
    assert narrow.sample(requests) == engine.sample(requests)


def test_top_p_leaves_only_the_likeliest_tokens_and_1_leaves_all() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().repeat(3, 1)
    left = keep_nucleus(logits, torch.ones(3), torch.tensor([0.5, 0.75, 1.0]))
    assert (left > -math.inf).tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [True] * 4,
    ]
    assert torch.equal(left[2], logits[2])


def test_a_small_top_p_takes_the_likeliest_token_with_its_full_probability(
    engine: LocalEngine,
) -> None:
    (narrow,) = engine.sample([within(None, seed=9, top_p=1e-6)])
    (likeliest,) = engine.sample([within(None, temperature=0.0)])
    assert narrow.tokens == likeliest.tokens
    assert narrow.logprobs == pytest.approx(likeliest.logprobs, abs=1e-5)


def test_top_p_and_top_k_change_no_bit_of_other_answers_in_the_batch(
    engine: LocalEngine,
) -> None:
    others = [
        ask(ANN, "one", 1),
        ask(BOB, "two", 2, temperature=0.7),
        within(DIGITS, seed=3),
    ]
    alone = engine.sample(others)
    assert (
        engine.sample([within(None, top_p=0.3), *others, within(DIGITS, top_p=0.3)])[1:4]
        == alone
    )


def test_logits_without_a_grammar_are_the_same_tensor() -> None:
    logits = torch.zeros(2, 5)
    assert mask_logits([None, None], logits) is logits
    assert mask_logits([], logits) is logits
