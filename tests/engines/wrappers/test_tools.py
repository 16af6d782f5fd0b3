"""Answers with calls of tools, turn by turn."""

from dataclasses import replace

import pytest

from docendo.engines.local.backward import forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.wrappers.sampling_params import SamplingParams, WithSamplingParams
from docendo.engines.wrappers.scripted import Scripted
from docendo.engines.wrappers.tools import WithTools
from docendo.records import Completion, Example, Grammar, Message, MetricKey, Request
from docendo.tools.calls import Toolset, make_tools
from tests.engines.toys import ANN, BOB, ask


class Turns:
    """An engine that answers each turn by a script; tokens are bytes."""

    def __init__(self, *said: str) -> None:
        self.said, self.seen = list(said), list[list[Request]]()

    def sample(self, requests):
        self.seen.append(list(requests))
        return [self._one(self.said.pop(0)) for _ in requests]

    def pop_usage(self):
        return []

    @staticmethod
    def _one(text: str) -> Completion:
        return Completion(text, (1,), tuple(text.encode()), (-0.5,) * len(text))


def tooled(engine, calls: int = 2) -> WithTools:
    return WithTools(engine, {ANN: Toolset(make_tools(["calculator"]), calls)}, str.encode)


def test_a_tool_call_gets_its_result_and_the_answer_continues() -> None:
    engine = Turns("<<calculator: 6 * 7>>", "\nAnswer: 42")
    (done,) = tooled(engine).sample([ask(ANN, "what", max_tokens=99)])
    assert done.text == "<<calculator: 6 * 7>> 42\nAnswer: 42"
    assert bytes(done.tokens).decode() == done.text
    assert done.sampled == (True,) * 21 + (False,) * 3 + (True,) * 11
    assert done.logprobs == (-0.5,) * 21 + (0.0,) * 3 + (-0.5,) * 11
    (first,), (second,) = engine.seen
    assert first.stop == (">>",)
    assert bytes(second.prefix_ids).decode() == "<<calculator: 6 * 7>> 42"
    assert second.max_tokens == 99 - 24
    assert second.seed != first.seed


def test_requests_with_and_without_calls_share_each_batch() -> None:
    engine = Turns("<<calculator: 1 + 1>>", "plain", "<<calculator: 2 + 2>>", " yes", " no")
    asked = [
        ask(ANN, "one", max_tokens=99),
        ask(BOB, "two"),
        ask(ANN, "three", max_tokens=99),
    ]
    done = tooled(engine).sample(asked)
    assert [c.text for c in done] == [
        "<<calculator: 1 + 1>> 2 yes",
        "plain",
        "<<calculator: 2 + 2>> 4 no",
    ]
    assert [len(turn) for turn in engine.seen] == [3, 2]
    assert engine.seen[0][1] == asked[1], "who has no tools is passed on"
    assert done[1].sampled == ()


def test_tool_errors_are_shown_and_the_number_of_calls_is_limited() -> None:
    engine = Turns(
        "<<calculator: 1 / 0>>",
        "<<sing: la>>",
        "<<calculator: 3>>",
        "<<calculator: 4>>",
        ".",
    )
    tools = tooled(engine)
    (done,) = tools.sample([ask(ANN, "what", max_tokens=999)])
    assert done.text == (
        "<<calculator: 1 / 0>> error: division by zero<<sing: la>> error: no tool 'sing'; known: calculator"
        "<<calculator: 3>> error: no calls are left<<calculator: 4>> error: no calls are left."
    )
    assert tools.pop_metrics() == {
        MetricKey("tools/calls", ANN): 4.0,
        MetricKey("tools/errors", ANN): 4.0,
    }
    assert tools.pop_metrics() == {}


@pytest.mark.parametrize("most", [21, 22, 24])
def test_an_answer_keeps_its_token_limit_and_ends_in_no_partial_result(
    most: int,
) -> None:
    (done,) = tooled(Turns("<<calculator: 6 * 7>>")).sample(
        [ask(ANN, "what", max_tokens=most)]
    )
    assert done.text == "<<calculator: 6 * 7>>"
    assert len(done.tokens) == 21
    (done,) = tooled(Turns("<<calculator: 6 * 7>>", ".")).sample(
        [ask(ANN, "what", max_tokens=25)]
    )
    assert done.text == "<<calculator: 6 * 7>> 42."


def test_a_closing_sign_without_a_call_is_text_and_the_answer_continues() -> None:
    engine = Turns("8 >>", " 1 is 4, and <<calculator: 2>>", " so")
    (done,) = tooled(engine).sample([ask(ANN, "what", max_tokens=99)])
    assert done.text == "8 >> 1 is 4, and <<calculator: 2>> 2 so"
    assert bytes(engine.seen[1][0].prefix_ids).decode() == "8 >>"
    assert len({turn[0].seed for turn in engine.seen}) == 3


def test_a_token_may_hold_text_after_the_end_of_a_call() -> None:
    (done,) = tooled(Turns("<<calculator: 2>>\n", "\nso")).sample(
        [ask(ANN, "what", max_tokens=99)]
    )
    assert done.text == "<<calculator: 2>>\n 2\nso"


def test_a_stop_text_ends_the_answer_in_any_turn() -> None:
    engine = Turns("<<calculator: 2>>", " so.")
    (done,) = tooled(engine).sample([replace(ask(ANN, "what", max_tokens=99), stop=(".",))])
    assert done.text == "<<calculator: 2>> 2 so."
    assert engine.seen[1][0].stop == (".", ">>")


def test_an_answer_in_a_grammar_makes_no_tool_calls() -> None:
    engine = Turns("<<calculator: 2>>")
    asked = replace(ask(ANN, "what", max_tokens=99), grammar=Grammar("regex", ".*"))
    assert tooled(engine).sample([asked])[0].text == "<<calculator: 2>>"
    assert engine.seen == [[asked]]


def test_the_token_limit_of_an_agent_covers_all_turns_together() -> None:
    engine = Turns("<<calculator: 2>>", "so")
    answerer = WithSamplingParams(tooled(engine), {ANN: SamplingParams(max_tokens=30)})
    answerer.sample([ask(ANN, "what", max_tokens=99)])
    assert [turn[0].max_tokens for turn in engine.seen] == [
        30,
        30 - len("<<calculator: 2>> 2"),
    ]


def test_a_snapshot_has_the_tools_of_its_agent() -> None:
    engine = Turns("<<calculator: 6 * 7>>", ".")
    (done,) = tooled(engine).sample(
        [replace(ask(ANN, "what", max_tokens=99), agent="ann@3")]
    )
    assert done.text == "<<calculator: 6 * 7>> 42."


def test_tool_results_are_not_trained_on(engine: LocalEngine) -> None:
    text = "<<calculator: 6 * 7>> 42\nAnswer: 42"
    target = engine.target(Example(ANN, (Message("user", "what"),), text))
    assert engine.tokens.decode(target.tokens) == text
    assert (
        engine.tokens.decode(
            [t for t, c in zip(target.tokens, target.sampled, strict=True) if not c]
        )
        == " 42"
    )
    assert (
        engine.target(Example(ANN, (Message("user", "what"),), "Answer: 42")).sampled == ()
    )


def test_the_tokens_of_all_turns_are_the_tokens_that_are_trained_on(
    engine: LocalEngine,
) -> None:
    """Every sampled token has the probability that it has in one pass over the whole answer."""
    said = iter(["<<calculator: 6 * 7>>"])
    real = WithTools(engine, {ANN: Toolset({"calculator": lambda text: "42"})}, engine.ids)

    class Started:
        """The real engine, whose first turn ends with a call."""

        def sample(self, requests):
            done = engine.sample(requests)
            call = next(said, None)
            if call is None:
                return done
            tokens = engine.ids(call)
            slot, prompt = engine.bank.slot(ANN), done[0].prompt_tokens
            whole = Example(ANN, requests[0].messages, call)
            row = TrainRow(
                slot, prompt, (engine.target(whole)._replace(tokens=tokens, sampled=()),)
            )
            return [
                Completion(
                    call, prompt, tokens, tuple(forward(engine.network, [row]).tolist())
                )
            ]

        def pop_usage(self):
            return []

    (done,) = replace(real, engine=Started()).sample([ask(ANN, "what", max_tokens=40)])
    target = engine.target(Example(ANN, (Message("user", "what"),), "x"))._replace(
        tokens=done.tokens, sampled=()
    )
    seen = forward(
        engine.network, [TrainRow(engine.bank.slot(ANN), done.prompt_tokens, (target,))]
    ).tolist()
    sampled = [k for k, free in enumerate(done.sampled) if free]
    assert len(sampled) > 21
    assert [seen[k] for k in sampled] == pytest.approx(
        [done.logprobs[k] for k in sampled], abs=1e-5
    )


def test_scripted_agents_may_call_tools() -> None:
    script = Scripted(lambda r: "done" if r.prefix_ids else "<<calculator: 2 * 3>>")
    (done,) = WithTools(
        script, {ANN: Toolset(make_tools(["calculator"]))}, str.encode
    ).sample([ask(ANN, "x", max_tokens=99)])
    assert done.text == "<<calculator: 2 * 3>> 6done"
