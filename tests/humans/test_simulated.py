from collections import Counter
from dataclasses import replace
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.errors import UserError
from docendo.humans.interests import InterestSource
from docendo.humans.simulated import FEATURES, Person, measure_features, poll
from docendo.records import Answer, TaskType, Verdict
from tests.toys import ANN, BOB, CAT, Sums, problem

SHORT, POLITE = "Answer: 31415", "Thank you, I am glad to help.\nAnswer: 31415"
LONG = " ".join(["word"] * 40)
TASTES = st.dictionaries(st.sampled_from(FEATURES), st.floats(-3, 3), max_size=6)
TEXTS = st.text(st.characters(blacklist_categories=()), max_size=60)
CIRCLES = st.sampled_from(
    [(), ("short", "polite", "detailed"), ("right", "listed", "lively", "polite")]
)


def answer(text: str, n: int = 0, seed: int = 0) -> Answer:
    return Answer(problem(n), text, ANN, seed)


def test_an_answer_has_features_that_can_be_counted_by_hand() -> None:
    found = measure_features(
        problem(), "Thank you! Here:\n- one\n- two\n3) three\nAnswer: 31415"
    )
    assert found == {
        "right": 1.0,
        "short": pytest.approx(1 - 11 / 40),
        "detailed": pytest.approx(11 / 40),
        "polite": 0.5,
        "lively": 0.5,
        "listed": pytest.approx(3 / 5),
    }
    assert (
        measure_features(problem(), "- Answer: 2")["listed"] == 0
    )  # a single line is no list
    assert measure_features(problem(), LONG)["detailed"] == 1
    assert set(measure_features(problem(), " \n").values()) == {0.0}


def test_correctness_may_be_judged_by_a_given_grader() -> None:
    strict = Person(
        "eva", {"right": 1.0}, grader=lambda _, text: Verdict(float(text == "?"), "")
    )
    assert strict.choose(problem(), "?", SHORT, 0) == "first"


@settings(max_examples=60, deadline=None)
@given(TASTES, st.floats(0, 2), st.floats(0, 2), CIRCLES, TEXTS, TEXTS, st.integers(0, 9))
def test_the_order_of_two_answers_does_not_matter(
    tastes, noise, taste_noise, cyclic_features, one, other, seed
) -> None:
    person = Person("eva", tastes, noise, taste_noise, cyclic_features)
    said, again = (
        person.choose(problem(), one, other, seed),
        person.choose(problem(), other, one, seed),
    )
    assert {said, again} in ({"first", "second"}, {"tie"})
    assert person.choose(problem(), one, one, seed) == "tie"


@settings(max_examples=60, deadline=None)
@given(TASTES, st.booleans(), CIRCLES, st.lists(TEXTS, max_size=4))
def test_a_verdict_is_a_share_whatever_was_written(
    tastes, relative, cyclic_features, texts
) -> None:
    verdicts = Person(
        "eva", tastes, cyclic_features=cyclic_features, relative=relative
    ).judge([answer(t) for t in texts])
    assert len(verdicts) == len(texts)
    assert all(0 <= v.score <= 1 for v in verdicts)
    assert all(
        v.score == 0 for v, text in zip(verdicts, texts, strict=True) if not text.strip()
    )


def test_taste_noise_is_the_temperature_of_a_choice() -> None:
    person = Person("eva", {"polite": 1.0}, noise=1.0)
    said = Counter(person.choose(problem(), POLITE, SHORT, seed) for seed in range(2000))
    assert said["first"] / 2000 == pytest.approx(1 / (1 + exp(-1)), abs=0.03)
    assert {
        Person("eva", {"polite": 1.0}).choose(problem(), POLITE, SHORT, seed)
        for seed in range(50)
    } == {"first"}


def test_a_cyclic_person_prefers_short_to_polite_to_detailed_to_short() -> None:
    person = Person("eva", {}, cyclic_features=("short", "polite", "detailed"))
    pairs = [(SHORT, POLITE), (POLITE, LONG), (LONG, SHORT)]
    assert [person.choose(problem(), *pair, 0) for pair in pairs] == ["first"] * 3
    # by itself no answer is better than another to it
    assert {v.score for v in person.judge([answer(t) for t in (SHORT, POLITE, LONG)])} == {
        0.5
    }


def test_the_score_of_an_answer_is_the_share_of_answers_it_is_preferred_to() -> None:
    person = Person("eva", {"polite": 100.0}, relative=True)
    judged = person.judge(
        [answer(POLITE), answer(SHORT), answer(LONG), answer(POLITE, n=1)]
    )
    assert [v.score for v in judged[:3]] == [1.0, 0.2, 0.2]
    assert judged[3].score == 1  # nobody else answered that question
    circle = replace(
        person, tastes={}, cyclic_features=("short", "polite", "detailed"), noise=0.01
    )
    assert [
        v.score
        for v in circle.judge([answer(SHORT), answer(POLITE), answer(POLITE, seed=2)])
    ] == [
        1.0,
        0.2,
        0.2,
    ]


def test_answers_below_the_threshold_are_both_bad_and_near_ones_tie() -> None:
    person = Person("eva", {"polite": 1.0}, ties=0.2, good_threshold=0.5)
    assert person.choose(problem(), SHORT, LONG, 0) == "both bad"
    assert person.choose(problem(), POLITE, LONG, 0) == "first"
    assert (
        Person("eva", {"short": 0.1}, ties=0.2).choose(problem(), SHORT, LONG, 0) == "tie"
    )
    assert (
        person.judge([answer(POLITE)])[0].score
        > 0.5
        > person.judge([answer(SHORT)])[0].score
    )


def test_a_simulated_person_may_alternate_between_two_tastes() -> None:
    """One half of the questions finds it in the other mood, and always the same half."""
    person = Person("eva", {"polite": 1.0}, alternate_tastes={"polite": -1.0})
    said = [person.choose(problem(n), POLITE, SHORT, 0) for n in range(200)]
    assert said == [person.choose(problem(n), POLITE, SHORT, 1) for n in range(200)]
    assert 70 < said.count("first") < 130
    wavering = Person("eva", {"polite": 1.0}, taste_noise=2.0)
    assert len({wavering.choose(problem(), POLITE, SHORT, seed) for seed in range(50)}) == 2


def test_a_simulated_person_ignores_features_without_weight() -> None:
    person = Person("eva", {"polite": 1.0}, interests={"sums/small": 2.0, "chess": 1.0})
    assert [
        person.interest(TaskType(*k, 1))
        for k in (("sums", "small"), ("chess", "ends"), ("go", "joseki"))
    ] == [
        1,
        0.5,
        0,
    ]
    assert person.choose(problem(), POLITE, SHORT, 0) == "first"
    assert person.choose(problem(domain="go"), POLITE, SHORT, 0) == "tie"


def test_a_poll_shows_every_person_every_pair_in_both_orders() -> None:
    texts = {ANN: SHORT, BOB: POLITE, CAT: LONG}
    people = [Person("eva", {"short": 1.0}), Person("adam", {"polite": 1.0})]
    said = poll(people, [(problem(n), texts) for n in range(20)], 0)
    assert len(said) == 20 * 3 * 2
    assert {(o.first, o.second) for o in said} == {
        (a, b) for a in texts for b in texts if a != b
    }
    assert all(o.texts == (texts[o.first], texts[o.second]) for o in said)
    assert said == poll(people, [(problem(n), texts) for n in range(20)], 0)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: Person("eva", {"plite": 1.0}),
            "eva cares for 'plite'; did you mean 'polite'",
        ),
        (
            lambda: Person("eva", {}, cyclic_features=("short", "polite")),
            "expected three or more different ones",
        ),
        (
            lambda: Person("eva", {}, interests={"sums": 0.0}),
            "an interest in nothing: sums",
        ),
        (
            lambda: InterestSource(Sums(), Person("eva", {}, interests={"go": 1.0})),
            "no interest in sums, which has small",
        ),
    ],
)
def test_an_impossible_person_is_refused(made, said) -> None:
    with pytest.raises(UserError, match=said):
        made()
