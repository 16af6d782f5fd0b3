"""Readers get answers, training gets all of the text, and cut completions are counted."""

from dataclasses import dataclass, replace

from docendo.engines.wrappers.answers import CompletionCounts, WithAnswers
from docendo.records import AgentId, Completion, Message, Request
from docendo.thinking import ThinkingConfig
from tests.toys import Scripted

THOUGHT = "<think>2 and 2</think>\nAnswer: 4"


@dataclass
class Cutting(Scripted):
    """Cuts what is longer than its limit; its prompts may begin a block of thinking."""

    starts_thinking: bool = False

    def sample(self, requests: list[Request]) -> list[Completion]:  # type: ignore[override]
        completions = super().sample(requests)
        return [
            replace(c, cut=len(c.text) > r.max_tokens, starts_thinking=self.starts_thinking)
            for r, c in zip(requests, completions, strict=True)
        ]


def ask(purpose: str = "attempt", max_tokens: int = 99) -> Request:
    messages = (Message("user", "2 + 2?"),)
    return Request(AgentId("ann"), messages, 0, max_tokens, purpose=purpose)


def wrap(engine: Cutting, shown: bool = False) -> WithAnswers:
    return WithAnswers(engine, ThinkingConfig(shown=shown), CompletionCounts())


def test_the_thinking_is_kept_beside_the_answer() -> None:
    (completion,) = wrap(Cutting(lambda _: THOUGHT)).sample([ask()])
    assert completion.text == "Answer: 4"
    assert completion.written == completion.raw == THOUGHT
    assert completion.tokens == tuple(THOUGHT.encode())


def test_a_text_without_thinking_is_passed_on_as_it_is() -> None:
    (completion,) = wrap(Cutting(lambda _: "Answer: 4")).sample([ask()])
    assert (completion.text, completion.raw) == ("Answer: 4", "")
    assert completion.written == "Answer: 4"


def test_where_the_prompt_began_to_think_an_unclosed_text_is_no_answer() -> None:
    engine = Cutting(lambda _: "Answer: 4", starts_thinking=True)
    (completion,) = wrap(engine).sample([ask()])
    assert (completion.text, completion.raw) == ("", "Answer: 4")


def test_thinking_is_shown_on_request() -> None:
    (completion,) = wrap(Cutting(lambda _: THOUGHT), shown=True).sample([ask()])
    assert (completion.text, completion.raw) == (THOUGHT, "")


def test_cut_completions_are_counted_by_purpose_since_the_last_count() -> None:
    engine = wrap(Cutting(lambda _: "four"))
    engine.sample([ask("lesson", 2), ask("lesson"), ask("lesson"), ask("duel", 3)])
    engine.sample([ask("lesson", 2)])
    assert engine.counts.pop_metrics() == {"cut/lesson": 0.5, "cut/duel": 1.0}
    assert engine.counts.pop_metrics() == {}
