"""Progress of sampling is told after every batch, and nothing else changes."""

from docendo.engines.wrappers.progress import WithProgress
from docendo.records import AgentId, Message, Request
from tests.toys import Scripted

ORDER = ["bob", "ann", "bob", "ann", "cat"]


def requests() -> list[Request]:
    return [
        Request(AgentId(agent), (Message("user", str(i)),), i, purpose="lesson")
        for i, agent in enumerate(ORDER)
    ]


def answer(request: Request) -> str:
    return f"{request.agent} {request.messages[0].content}"


def test_completions_come_in_the_order_of_the_requests() -> None:
    engine = WithProgress(Scripted(answer), lambda purpose, tokens: None, batch=2)
    assert [c.text for c in engine.sample(requests())] == [
        f"{agent} {i}" for i, agent in enumerate(ORDER)
    ]


def test_batches_hold_one_agents_requests_next_to_each_other() -> None:
    inner = Scripted(answer)
    WithProgress(inner, lambda purpose, tokens: None, batch=3).sample(requests())
    assert [[r.agent for r in batch] for batch in inner.batches] == [
        ["ann", "ann", "bob"],
        ["bob", "cat"],
    ]


def test_every_batch_is_told_with_its_purpose_and_its_tokens() -> None:
    told: list[tuple[str, int]] = []
    engine = WithProgress(Scripted(answer), lambda *news: told.append(news), batch=4)
    engine.sample(requests())
    # the toy's tokens are the bytes of its answers, five each
    assert told == [("lesson", 4 * 5), ("lesson", 5)]
    assert engine.sample([]) == []
    assert len(told) == 2
