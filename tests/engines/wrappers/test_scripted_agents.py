from docendo.engines.wrappers.scripted import Scripted
from docendo.engines.wrappers.scripted_agents import WithScripts
from docendo.interfaces import Engine
from docendo.records import Completion, Usage
from tests.engines.toys import ANN, BOB, ask


def test_a_program_answers_for_its_agent_and_the_engine_for_everybody_else() -> None:
    cast = WithScripts(
        Scripted(lambda r: f"{r.agent} thinks"),
        {BOB: lambda r: f"bob reads {r.messages[0].content}"},
    )
    texts = [
        c.text
        for c in cast.sample(
            [ask(BOB, "one"), ask(ANN, "two"), ask(BOB, "three"), ask(ANN, "four")]
        )
    ]
    assert texts == ["bob reads one", "ann thinks", "bob reads three", "ann thinks"]


def test_answers_of_programs_cost_no_flops_and_have_no_tokens() -> None:
    cast: Engine = WithScripts(
        Scripted(lambda _: "two words"), {BOB: lambda _: "many words for free"}
    )
    scripted, sampled = cast.sample([ask(BOB, "well?"), ask(ANN, "well?")])
    assert scripted == Completion("many words for free")
    assert len(sampled.tokens) == 2
    assert cast.pop_usage() == [Usage(ANN, "test", 2, 0.0)]
    assert cast.pop_usage() == []


def test_the_engine_gets_no_request_where_programs_answer_everything() -> None:
    def never(_: object) -> str:
        raise AssertionError

    assert (
        WithScripts(Scripted(never), {BOB: lambda _: "I"})
        .sample([ask(BOB, "who?")])[0]
        .text
        == "I"
    )
    assert WithScripts(Scripted(never), {}).sample([]) == []
