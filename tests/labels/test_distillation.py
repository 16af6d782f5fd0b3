"""What is chosen, sampled and labelled, and what agents are trained on then."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from docendo.labels.distillation import Distillation
from docendo.labels.texts import Text
from docendo.records import BASE, Target
from docendo.school import School
from tests.labels.toys import LabellingKeeper, played, read, record, school
from tests.toys import ANN, BOB, CAT, attempt, lesson, problem, right, said, wrong


def distil(found: Sequence[Text], toy: School, **settings: Any) -> list[Target]:
    usual: dict[str, Any] = {
        "share": 0.75,
        "divergence": "reverse_kl",
        "texts": 5,
        "gate": False,
        "by_headroom": False,
    }
    part = Distillation(lambda *_: found, **{**usual, **settings})
    return part(toy, played(), 1)


def pending(domain: str = "sums", count: int = 8) -> list[Text]:
    return [Text(BOB, ANN, problem(n, domain)) for n in range(count)]


def test_the_labeller_reads_the_lesson_and_the_student_does_not() -> None:
    toy = school()
    text = Text(BOB, BASE, problem(7), attempt(0.0, "odd tokens"), lesson(1, text="carry"))
    (target,) = distil([text], toy)
    ((purpose, reading),) = toy.backend.asked
    assert purpose == "label"
    assert reading.agent == BASE
    assert target.agent == BOB
    assert target.tokens == reading.tokens == (2, 3), "the tokens that were sampled"
    assert read(target.prompt_tokens) == f"You are bob.\n{problem(7).prompt}"
    assert read(reading.prompt_tokens) == (
        f"You are base.\n{problem(0).prompt}\ncarry 0\n{problem(7).prompt}"
    )
    ((label, weight, divergence),) = target.labels
    assert (label.hidden, weight, divergence) == (reading, 0.75, "reverse_kl")


def test_only_right_texts_are_imitated_beside_their_label() -> None:
    texts = [
        Text(BOB, ANN, problem(n), attempt(score)) for n, score in enumerate((0.0, 1.0))
    ]
    weights = sorted(target.weight for target in distil(texts, school()))
    assert weights == [0.0, 0.25]


def test_what_a_labeller_cannot_read_or_nobody_here_is_has_no_target() -> None:
    toy = school()
    toy.backend.refuses = CAT
    texts = [Text(BOB, who, problem(), attempt()) for who in (CAT, ANN, "stranger")]
    assert [t.labels[0].label.hidden.agent for t in distil(texts, toy)] == [ANN]


def test_an_endpoint_labels_its_own_texts_alone() -> None:
    toy, remote = school(), LabellingKeeper()
    texts = [Text(BOB, who, problem(), attempt()) for who in ("guest", ANN)]
    assert len(distil(texts, toy, endpoints={"guest": remote})) == 2
    assert [t.agent for _, t in remote.asked] == ["guest"]
    assert [t.agent for _, t in toy.backend.asked] == [ANN]


def test_attempts_that_do_not_exist_are_sampled_graded_and_remembered() -> None:
    toy = school(right)
    targets = distil(pending(), toy, texts=3)
    requests = toy.classroom.engine.requests
    assert [(r.agent, r.purpose) for r in requests] == [(BOB, "label")] * 3
    assert [t.weight for t in targets] == [0.25] * 3
    assert toy.league.standings.unaided_rate(BOB, "sums/small", 1) == (1.0, 3.0)


def test_attempts_that_exist_are_taken_first() -> None:
    toy = school()
    own = [Text(BOB, ANN, problem(n), attempt()) for n in range(3)]
    assert len(distil([*pending(), *own], toy, texts=3)) == 3
    assert toy.classroom.engine.requests == []


def test_the_gate_asks_whether_the_labeller_is_better_than_the_student() -> None:
    toy = school()
    texts = pending() + pending("plums")
    record(toy, ANN, 0.5)
    record(toy, BOB, 0.6)
    record(toy, ANN, 0.5, problem(0, "plums"))
    record(toy, BOB, 0.4, problem(0, "plums"))
    distil(texts, toy, gate=True)
    assert {said(r).split()[3] for r in toy.classroom.engine.requests} == {"plums"}


def test_a_reader_answers_before_it_labels_until_it_is_known() -> None:
    """The base is right after the lesson, so that it may label what Bob knows half of the time."""
    toy = school(lambda r: right(r) if "carry" in said(r) else wrong(r))
    record(toy, BOB, 0.5)
    taught = lesson(1, text="carry")
    texts = [Text(BOB, BASE, problem(n), attempt(0.0), taught) for n in range(9)]
    for _ in range(6):
        assert len(distil(texts, toy, gate=True)) == 5
    probes = toy.classroom.engine.requests
    assert {(r.agent, r.purpose) for r in probes} == {(BASE, "label")}
    assert len(probes) == 4, "then enough is known"


def test_a_reader_that_is_wrong_does_not_label() -> None:
    toy = school()
    record(toy, BOB, 0.5)
    text = Text(BOB, BASE, problem(), attempt(0.0), lesson(1))
    assert distil([text], toy, gate=True) == []
    assert toy.backend.asked == [], "the gate is asked before the labeller"


def test_domains_are_drawn_by_headroom() -> None:
    toy = school()
    domains = {"sums": 0.9, "plums": 0.3, "pears": 0.0}
    texts = []
    for domain, score in domains.items():
        texts += [Text(BOB, ANN, problem(n, domain), attempt()) for n in range(900)]
        record(toy, ANN, score, problem(0, domain))
        record(toy, BOB, 0.0, problem(0, domain))
    drawn = distil(texts, toy, texts=400, by_headroom=True)
    counts = Counter(read(t.prompt_tokens).split()[3] for t in drawn)
    assert set(counts) == {"sums", "plums"}
    # 3 to 1; the standard deviation is 9
    assert counts["sums"] == pytest.approx(300, abs=35)
    even = distil(texts, toy, texts=600)
    assert min(Counter(read(t.prompt_tokens).split()[3] for t in even).values()) > 150


def test_each_agent_gets_its_own_texts_whoever_else_learns() -> None:
    toy = school()
    bob = [Text(BOB, ANN, problem(n), attempt()) for n in range(9)]
    cat = [Text(CAT, ANN, problem(n), attempt()) for n in range(9)]
    both = distil([*cat, *bob], toy)
    assert Counter(t.agent for t in both) == {BOB: 5, CAT: 5}
    of_bob = [t.prompt_tokens for t in both if t.agent == BOB]
    assert of_bob == [t.prompt_tokens for t in distil(bob, toy)]
