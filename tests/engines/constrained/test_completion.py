"""Answers that run out of tokens are brought to an end within their grammar."""

import json
import re
from dataclasses import replace

import pytest
import torch

from docendo.engines.constrained.completion import closing_literals
from docendo.engines.local.backward import forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.train_rows import TrainRow
from docendo.learning.losses import PPOClip
from docendo.records import Grammar, Request, Target
from tests.engines.toys import ANN, ask, train_step

THOUGHTFUL = Grammar(
    "json",
    '{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"integer"}},'
    '"required":["why","answer"],"additionalProperties":false}',
)
LISTS = Grammar(
    "json",
    '{"type":"array","minItems":1,"items":{"type":"array","items":{"type":"number"}}}',
)
TREE = Grammar(
    "json",
    '{"$defs":{"t":{"type":"object","properties":{"left":{"$ref":"#/$defs/t"},"value":{"type":"integer"}},'
    '"required":["value"]}},"$ref":"#/$defs/t"}',
)
TAGS = Grammar("lark", 'start: "<" /[a-z]+/ ">" start* "</>"')
ENDLESS = Grammar("lark", 'start: (/[a-z]+/ ",")* "the end"')
ANSWER = Grammar("regex", "(?s:.*)\nAnswer: -?[0-9]+")
LAZY = Grammar("lark", "start: head num\nhead[lazy]: /(?s:.*)\\nAnswer: /\nnum: /-?[0-9]+/")


def within(grammar: Grammar | None, seed: int, most: int) -> Request:
    return replace(ask(ANN, "why", seed, most), grammar=grammar)


@pytest.mark.parametrize("most", [24, 25, 40])
@pytest.mark.parametrize("grammar", [THOUGHTFUL, LISTS, TREE])
def test_json_of_unbounded_length_is_always_closed_within_the_token_limit(
    engine: LocalEngine, grammar: Grammar, most: int
) -> None:
    found = engine.sample([within(grammar, seed, most) for seed in range(30)])
    for done in found:
        assert isinstance(json.loads(done.text), dict | list), done.text
        assert len(done.tokens) <= most
    assert any(len(done.tokens) >= most - 2 for done in found), "some ran out of tokens"


@pytest.mark.parametrize(
    ("grammar", "form"),
    [
        (TAGS, r"(<[a-z]+>)+(</>)+|.*</>"),
        (ENDLESS, r"([a-z]+,)*the end"),
        (ANSWER, r"(?s:.*)\nAnswer: -?[0-9]+"),
        (LAZY, r"(?s:.*)\nAnswer: -?[0-9]+"),
        (Grammar("regex", "[^z]*z"), "[^z]*z"),
        (Grammar("regex", "[0-9]+"), "[0-9]+"),
        (Grammar("regex", "[0-9]+", free_tokens=16), r"(?s:.*)(^|\n)Answer: [0-9]+"),
    ],
)
def test_other_grammars_of_unbounded_length_are_always_closed_too(
    engine: LocalEngine, grammar: Grammar, form: str
) -> None:
    found = engine.sample([within(grammar, seed, 28) for seed in range(30)])
    assert all(re.fullmatch(form, done.text) for done in found), [
        done.text for done in found
    ]
    assert max(len(done.tokens) for done in found) >= 26


def test_few_tokens_are_replaced_by_the_closing_text_which_is_not_trained_on(
    engine: LocalEngine,
) -> None:
    request = within(Grammar("regex", "[a-m]+;"), 3, 20)
    (done,) = engine.sample([request])
    assert done.tokens[-2:] == engine.tokens.completion(";")
    assert done.sampled == (True,) * 18 + (False,) * 2
    assert done.logprobs[18:] == (0.0, 0.0)
    longer = engine.sample([replace(request, max_tokens=30)])[0]
    assert longer.tokens[:18] == done.tokens[:18]
    assert longer.logprobs[:18] == done.logprobs[:18]


def test_training_and_sampling_log_probabilities_agree_after_a_closing_text(
    engine: LocalEngine,
) -> None:
    grammars = (
        THOUGHTFUL,
        None,
        TAGS,
        ANSWER,
        Grammar("regex", "[0-9]+", free_tokens=16),
        LISTS,
    )
    requests = [within(grammar, seed, 28) for seed, grammar in enumerate(grammars)]
    done = engine.sample(requests)
    targets = [
        Target(ANN, d.prompt_tokens, d.tokens, 1.0, d.logprobs, d.sampled, d.grammar)
        for d in done
    ]
    rows = [
        engine.model.with_allowed_tokens(
            TrainRow(engine.bank.slot(ANN), t.prompt_tokens, (t,))
        )
        for t in targets
    ]
    ratios = (
        forward(engine.network, rows) - torch.tensor([p for d in done for p in d.logprobs])
    ).exp()
    assert ratios.tolist() == pytest.approx([1.0] * len(ratios), abs=1e-5)
    assert sum(bool(d.sampled) and not d.sampled[-1] for d in done) >= 4
    norm = engine.train(
        train_step(targets, PPOClip(low=0.2, high=0.2), {ANN: 0.0}, "policy")
    )[ANN].norm
    assert 0 < norm < float("inf")


def test_closing_literals_are_the_literal_texts_of_a_grammar() -> None:
    assert closing_literals(r"(?s:.*)\nAnswer: -?[0-9]+")[3::3] == ["\nAnswer: ", "0-9"]
    assert closing_literals('start: (/[a-z]+/ ",")* "the end"')[2::3][-1] == "the enda"
