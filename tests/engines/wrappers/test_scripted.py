from docendo.engines.wrappers.scripted import Scripted
from docendo.interfaces import Engine
from docendo.records import Usage
from tests.engines.toys import ANN, BOB, ask


def test_a_scripted_engine_answers_in_order_and_counts_its_words() -> None:
    engine = Scripted(lambda r: f"{r.agent} says two words")
    first, second = engine.sample([ask(ANN, "well?"), ask(BOB, "and you?")])
    assert (first.text, second.text) == ("ann says two words", "bob says two words")
    assert engine.pop_usage() == [Usage(ANN, "test", 4, 0.0), Usage(BOB, "test", 4, 0.0)]
    assert engine.pop_usage() == []


def test_scripted_token_ids_are_equal_for_equal_words() -> None:
    one, two = Scripted(lambda r: r.messages[0].content).sample(
        [ask(ANN, "to be or not to be"), ask(BOB, "not to")]
    )
    assert len(one.tokens) == len(one.logprobs) == 6
    assert len(set(one.tokens)) == 4
    assert one.tokens[3:5] == two.tokens == two.prompt_tokens


def test_a_scripted_engine_conforms_to_the_engine_protocol() -> None:
    engine: Engine = Scripted(lambda _: "")
    assert engine.sample([ask(ANN, "silence")])[0].tokens == ()
