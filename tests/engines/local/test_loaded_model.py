"""What sampling, training and scoring share of a loaded model."""

import pytest

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.train_rows import pack
from docendo.errors import UserError
from docendo.records import AgentId, Grammar
from tests.engines.toys import ANN, BOB, ask, target


def test_the_guides_of_answers_are_made_once(engine: LocalEngine) -> None:
    assert engine.model.guides is engine.model.guides
    assert engine.model.guides.end == engine.tokens.end


def test_the_tiny_model_is_batch_invariant(engine: LocalEngine) -> None:
    assert engine.model.is_batch_invariant


def test_slots_are_those_of_the_bank_and_strangers_are_refused(
    engine: LocalEngine,
) -> None:
    targets = [target(BOB, "a", "b"), target(ANN, "a", "b"), target(BOB, "c", "d")]
    assert engine.model.slots_of(targets) == {
        BOB: engine.bank.slots[BOB],
        ANN: engine.bank.slots[ANN],
    }
    with pytest.raises(UserError, match="did you mean 'ann'"):
        engine.model.slots_of([target(AgentId("anny"), "a", "b")])


def test_a_row_without_grammars_allows_everything(engine: LocalEngine) -> None:
    (row,) = pack([target(ANN, "a", "bc")], engine.bank.slots, 64)
    assert engine.model.with_allowed_tokens(row) is row


def test_a_row_has_the_tokens_that_each_targets_grammar_allowed(
    engine: LocalEngine,
) -> None:
    request = ask(ANN, "a", max_tokens=3)
    grammar = Grammar("regex", "[0-9]")
    tokens = engine.tokens.completion("7")
    free = target(ANN, "a", "bc")
    held = target(ANN, "a", "")._replace(tokens=tokens, grammar=grammar)
    (row,) = pack([free, held], engine.bank.slots, 64)
    allowed = engine.model.with_allowed_tokens(row).allowed
    assert request.grammar is None
    assert [bits is None for bits in allowed] == [True, True, False, False]
