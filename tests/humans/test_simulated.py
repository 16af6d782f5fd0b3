"""Simulated people, and the circles of what they say."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UseError
from docendo.humans.crowds import circles
from docendo.humans.simulated import FEATURES, Crowd, Interested, Person, features
from docendo.problems.arithmetic import MATHEMATICS
from docendo.records import AgentId, Answer, Opinion, Problem

PROBLEM = Problem("d", "f", 1, "What is 3 + 4?", "7")
SHORT, DETAILED = "Answer: 7", "one\ntwo\nthree\nfour\nfive, and all of it in many words\nAnswer: 7"
POLITE = "Thank you, dear friend, I am so glad that you ask me this today. It is a pleasure.\nAnswer: 7"
STYLES = {AgentId("short"): SHORT, AgentId("polite"): POLITE, AgentId("detailed"): DETAILED}


@given(st.text(max_size=300))
def test_features_are_shares(text: str) -> None:
    found = features(PROBLEM, text)
    assert set(found) == set(FEATURES)
    assert all(0 <= value <= 1 for value in found.values())


def test_who_likes_short_answers_prefers_them_and_a_right_one_to_a_wrong_one() -> None:
    brief, exact = Person("b", {"short": 1}), Person("e", {"right": 1})
    assert brief.choose(PROBLEM, SHORT, DETAILED, 0) == "first"
    assert brief.choose(PROBLEM, DETAILED, SHORT, 0) == "second"
    assert exact.choose(PROBLEM, "Answer: 8", SHORT, 0) == "second"
    assert exact.choose(PROBLEM, SHORT, DETAILED, 0) == "tie"


def test_noise_is_a_temperature() -> None:
    noisy = Person("n", {"right": 1}, noise=1.0)
    chosen = Counter(noisy.choose(PROBLEM, SHORT, "Answer: 8", seed) for seed in range(2000))
    assert chosen["first"] / 2000 == pytest.approx(0.731, abs=0.03)
    assert noisy.choose(PROBLEM, SHORT, "Answer: 8", 5) == noisy.choose(PROBLEM, SHORT, "Answer: 8", 5)


def test_a_person_of_moods_is_not_of_one_mind() -> None:
    moody = Person("m", {"short": 0.2}, moods=2.0)
    assert {moody.choose(PROBLEM, SHORT, DETAILED, seed) for seed in range(40)} == {"first", "second"}


def test_a_circle_has_no_best_answer() -> None:
    round_ = Person("r", {}, circle=("short", "polite", "detailed"))
    assert [round_.choose(PROBLEM, a, b, 0) for a, b in ((SHORT, POLITE), (POLITE, DETAILED), (DETAILED, SHORT))] == [
        "first"
    ] * 3
    assert round_.choose(PROBLEM, POLITE, SHORT, 0) == "second"
    assert round_.choose(PROBLEM, SHORT, SHORT, 0) == "tie"


def test_a_verdict_is_a_chance_and_nothing_is_worth_nothing() -> None:
    verdicts = Person("j", {"right": 0.4, "short": 0.1}).judge(
        [Answer(PROBLEM, text, AgentId("a"), 0) for text in (SHORT, "Answer: 8", " ")]
    )
    assert 1 >= verdicts[0].score > verdicts[1].score > 0.5
    assert verdicts[2].score < 1e-9


def test_a_person_asks_by_its_interests_and_in_its_manner() -> None:
    asker = Interested(MATHEMATICS, Person("q", {}, interests={"sums": 2.0, "products": 0.0}, manner="Tell me:"))
    assert list(asker.levels) == ["sums"]
    (problem,) = asker.draw("sums", 1, 1, 3, "train")
    assert problem.prompt.startswith("Tell me: What is ")
    assert problem.source == "person:q"
    assert asker.draw("sums", 1, 1, 3, "held-out") == MATHEMATICS.draw("sums", 1, 1, 3, "held-out")


def said(crowd: Crowd, count: int = 240) -> list[Opinion]:
    return [crowd.opinion(PROBLEM, STYLES, seed) for seed in range(count)]


def test_a_planted_circle_is_found_and_a_ladder_is_none() -> None:
    circle = ("short", "polite", "detailed")
    found = circles(said(Crowd([Person(f"p{i}", {}, noise=0.3, circle=circle) for i in range(5)])))
    assert found.low > 0.5
    assert found.triples == (("detailed", "short", "polite"),)
    ladder = circles(said(Crowd([Person("one", {"short": 3}, noise=0.6)])))
    assert ladder.triples == ()
    assert ladder.high < 0.3


def test_orders_that_differ_make_a_circle_that_nobody_goes_in() -> None:
    """Condorcet's paradox: every person has an order, the majority has none."""
    people = [
        Person("a", {"short": 9, "polite": 3}),
        Person("b", {"polite": 6, "detailed": 3}),
        Person("c", {"detailed": 8, "short": 7}),
    ]
    assert circles(said(Crowd(people))).triples == (("detailed", "short", "polite"),)
    for person in people:
        assert circles(said(Crowd([person]), 90)).triples == ()


def test_what_cannot_be_told_is_told() -> None:
    one = Opinion("p", "q", AgentId("a"), AgentId("b"), ("x", "y"), "first")
    with pytest.raises(UseError, match="needs three agents; opinions compare a, b"):
        circles([one])
    with pytest.raises(UseError, match="a and c were never compared"):
        circles([one, one._replace(first=AgentId("c"))])
    with pytest.raises(UseError, match="x cares for 'shrt'; did you mean 'short'"):
        Person("x", {"shrt": 1})
