"""Two agents answer a person without their names, and the vote is kept with them."""

from collections import Counter
from pathlib import Path

import pytest

from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.humans.comparison import ComparisonSession
from docendo.humans.votes import VoteStore
from docendo.records import AgentId

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")


def session_of(tmp_path: Path, agents=(ANN, BOB, CAT)) -> ComparisonSession:
    return ComparisonSession(
        Scripted(lambda r: f"I am {r.agent}"), agents, VoteStore(tmp_path), "me"
    )


def test_two_agents_answer_and_the_vote_is_kept_with_their_names(tmp_path: Path) -> None:
    room = session_of(tmp_path)
    pair = room.ask("  who are you? ")
    assert pair.texts == (f"I am {pair.first}", f"I am {pair.second}")
    assert room.record(pair, "second", " nobody ") == room.opinions.read_opinions()[0]
    assert room.opinions.read_opinions()[0].right == "nobody"
    assert room.undo() == pair
    assert room.opinions.read_opinions() == []
    assert room.undo() is None
    assert room.record(pair, "first").choice == "first"


def test_several_votes_are_undone_one_after_the_other(tmp_path: Path) -> None:
    room = session_of(tmp_path)
    pairs = [room.ask(q) for q in ("one?", "two?", "three?")]
    for pair in pairs:
        room.record(pair, "tie")
    assert [room.undo() for _ in range(4)] == [*reversed(pairs), None]
    assert room.opinions.read_opinions() == []


def test_agents_and_their_snapshots_answer_under_the_agents_system_prompt(
    tmp_path: Path,
) -> None:
    told = {ANN: "Be brief.", AgentId("bob"): "Be long."}
    engine = Scripted(
        lambda r: (
            f"{r.agent}: {r.messages[0].content} {r.purpose} {r.max_tokens} {r.temperature}"
        )
    )
    room = ComparisonSession(
        engine, [ANN, AgentId("bob@3")], VoteStore(tmp_path), "me", 0, 9, 0.5, told
    )
    assert set(room.ask("who?").texts) == {
        "ann: Be brief. play 9 0.5",
        "bob@3: Be long. play 9 0.5",
    }


def test_the_same_person_and_seed_get_the_same_agents(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first, again, other = (
        [
            p[1:3]
            for p in (
                ComparisonSession(
                    Scripted(str), [ANN, BOB, CAT], VoteStore(tmp_path / d), who
                ).ask("?")
                for _ in "12345"
            )
        ]
        for d, who in (("a", "me"), ("b", "me"), ("c", "you"))
    )
    assert first == again
    assert len({tuple(first), tuple(other)}) <= 2


def test_the_least_compared_agents_come_next_in_random_order(
    tmp_path: Path,
) -> None:
    room = session_of(tmp_path)
    seen = []
    for _ in range(30):
        pair = room.ask("who?")
        room.record(pair, "tie")
        seen.append((pair.first, pair.second))
    counts = {a: sum(a in pair for pair in seen) for a in (ANN, BOB, CAT)}
    assert set(counts.values()) == {20}
    assert set(Counter(frozenset(pair) for pair in seen).values()) == {10}
    assert any(a > b for a, b in seen)
    assert any(a < b for a, b in seen)


def test_a_comparison_needs_two_agents_and_a_question(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two agents are needed"):
        session_of(tmp_path, (ANN,))
    with pytest.raises(UserError, match="an empty question"):
        session_of(tmp_path).ask("  ")
