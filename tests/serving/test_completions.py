"""From a client's request to rows, and from tokens to deltas, with a backend that follows a script."""

import asyncio

import pytest

from docendo.records import BASE, AgentId, Message
from docendo.serving.api_errors import ApiError
from docendo.serving.chat import ChatRequest, ChoiceDelta, TokenUsage
from docendo.serving.completions import ChatCompletion, ServedPopulation, join_deltas
from docendo.serving.scheduler import RequestScheduler
from tests.serving.backend import Backend

ANN = AgentId("ann")
POPULATION = ServedPopulation(Backend(), {BASE: "Be brief.", ANN: "Be ann."}, "toys")  # type: ignore[arg-type]


def ask(text: str = "hi", model: str = "ann", **changes) -> ChatCompletion:
    messages = changes.pop("messages", (Message("user", text),))
    return ChatCompletion(POPULATION, ChatRequest(model, messages, **changes))


def answer(completion: ChatCompletion) -> list[ChoiceDelta]:
    """All deltas of a completion."""

    async def main() -> list[ChoiceDelta]:
        scheduler = RequestScheduler(POPULATION.backend, 8)
        try:
            return [delta async for delta in completion.stream_deltas(scheduler)]
        finally:
            await scheduler.close()

    return asyncio.run(main())


def test_an_unknown_agent_is_answered_with_404_and_the_nearest_name() -> None:
    assert POPULATION.find_agent("ann@3") == "ann@3"
    with pytest.raises(ApiError, match=r"no agent 'anna'.*ann") as raised:
        POPULATION.find_agent("anna")
    assert (raised.value.status, raised.value.param) == (404, "model")
    with pytest.raises(ApiError, match=r"no agent 'x{57}\.\.\.'"):
        POPULATION.find_agent("x" * 999)


def test_a_conversation_without_a_system_message_gets_the_founders_instruction() -> None:
    (row,) = ask(model="ann@3")._rows
    assert row.request.messages == (Message("system", "Be ann."), Message("user", "hi"))
    own = Message("system", "Be bob."), Message("user", "hi")
    (row,) = ask(messages=own)._rows
    assert row.request.messages == own


def test_choices_differ_in_their_seeds_and_a_seed_repeats_them() -> None:
    seeds = [row.request.seed for row in ask(choices=3, seed=5)._rows]
    assert len(set(seeds)) == 3
    assert [row.request.seed for row in ask(choices=3, seed=5)._rows] == seeds
    assert [row.request.seed for row in ask(choices=3)._rows] != seeds


def test_an_answer_may_fill_the_context_and_no_more() -> None:
    """The prompt has two messages, so two tokens, and the model room for twenty."""
    assert ask()._rows[0].request.max_tokens == 18
    assert ask(max_tokens=18)._rows[0].request.max_tokens == 18
    with pytest.raises(
        ApiError, match="a prompt of 2 tokens and an answer of 19"
    ) as raised:
        ask(max_tokens=19)
    assert raised.value.code == "context_length_exceeded"


def test_top_p_of_zero_is_the_likeliest_token_alone() -> None:
    assert ask(top_p=0.0)._rows[0].request.top_p == 1e-6


def test_a_stream_ends_with_its_reason_and_counts_its_tokens() -> None:
    completion = ask(stream=True)
    assert answer(completion) == [
        ChoiceDelta(0, "h"),
        ChoiceDelta(0, "i"),
        ChoiceDelta(0, "", "stop"),
    ]
    assert completion.usage == TokenUsage(2, 3)


def test_an_answer_that_is_cut_has_the_reason_length() -> None:
    assert answer(ask("hello", max_tokens=3)) == [ChoiceDelta(0, "hel", "length")]


def test_a_stop_text_ends_its_choice_and_the_tokens_after_it_do_not_count() -> None:
    completion = ask("one. two", stop=(".",))
    deltas = answer(completion)
    assert "".join(delta.text for delta in deltas) == "one"
    assert deltas[-1].reason == "stop"
    assert completion.usage.completion_tokens == 4


def test_deltas_of_several_choices_are_joined_by_choice() -> None:
    async def deltas():
        yield ChoiceDelta(1, "wor")
        yield ChoiceDelta(0, "hel")
        yield ChoiceDelta(1, "ld", "stop")
        yield ChoiceDelta(0, "lo", "length")

    assert asyncio.run(join_deltas(deltas(), 2)) == [
        ChoiceDelta(0, "hello", "length"),
        ChoiceDelta(1, "world", "stop"),
    ]
