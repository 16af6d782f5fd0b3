"""Models that ask, the gate, and those who try to answer."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from docendo.asking.questions import Asker, QuestionWriter
from docendo.asking.verifiers import evaluate_expression
from docendo.engines.wrappers.scripted import Scripted
from docendo.learning.groups import group_questions
from docendo.metrics import measure_questions
from docendo.records import AgentId, Completion, Problem, Question, TaskType
from tests.toys import ANN, BOB, CAT, Sums, classroom

KIND = TaskType("sums", "small", 1)
PEOPLE = [("baker", "Bea, a baker")]


def problem(n: int) -> Problem:
    return Problem(*KIND, f"What is {n} + {n + 1}?", str(2 * n + 1), source="docendo")


def desk(
    said: Sequence[str], replies: str = "Answer: 0", known: Sequence[Problem] = (), **asker
) -> QuestionWriter:
    """Ann asks what is said, one after the other; everybody answers with the same."""
    written = iter(said)

    def reply(request):
        return next(written) if request.purpose == "asking" else replies

    engine = Scripted(reply)
    usual = {"answer_attempts": 2, "agreement": 0.25, "sft_fraction": 0.25}
    settings = {**usual, "questions": len(said), **asker}
    return QuestionWriter(
        engine=engine,
        classroom=classroom(reply, sources={"sums": Sums()}, engine=engine),
        askers=[Asker("people", ANN, [KIND], PEOPLE, **settings)],
        accepted=lambda domain: known,
        draw_example=lambda kind, seed: problem(10 + seed % 80),
        instruction_of=lambda agent: f"You are {agent}.",
    )


def reasons(questions: Sequence[Question]) -> list[str]:
    return [q.refused.partition(":")[0] for q in questions]


def test_a_question_that_is_refused_has_a_reason() -> None:
    said = [
        "Question: Bea bakes 4 + 9 rolls. How many?\nAnswer: 13",
        "no question",
        "Question: Bea bakes 4 + 9 rolls. How many?\nAnswer: 13",
        "Question: Bea bakes 5 + 9 rolls. How many?\nAnswer: 15",
        "Question: Why?\nAnswer: because",
        "Question: How much is left?\nAnswer: 3",
        "Question: What is 2 + 2? It is 4\nAnswer: 4",
        f"Question: {'long ' * 60} 1 + 1?\nAnswer: 2",
        "Question: What is 40 + 41?\nAnswer: 81",
    ]
    found = desk(said, known=[problem(40)], solver=evaluate_expression).ask(
        3, [ANN, BOB], 1
    )
    assert reasons(found) == [
        "",
        "unreadable",
        "duplicate",
        "answer",
        "form",
        "unsolved",
        "form",
        "form",
        "duplicate",
    ]
    assert found[3].refused == "answer: it is 14, not 15"
    assert {q.round for q in found} == {3}
    assert {q.persona for q in found} == {"baker"}
    assert found[0].problem == Problem(
        *KIND, "Bea bakes 4 + 9 rolls. How many?", "13", source="agent:ann"
    )


def test_all_but_the_asker_try_accepted_questions_and_the_payoff_peaks_at_one_half() -> (
    None
):
    said = ["Question: Bea bakes 4 + 9 rolls. How many?\nAnswer: 13", "nothing"]
    first, second = desk(
        said, "Answer: 13", solver=evaluate_expression, answer_attempts=2
    ).ask(0, [ANN, BOB, CAT], 1)
    assert first.tries == ((BOB, 1.0), (BOB, 1.0), (CAT, 1.0), (CAT, 1.0))
    assert first.payoff == 0, "all of them knew it"
    assert second.tries == ()
    assert replace(first, tries=((BOB, 1.0), (CAT, 0.0))).payoff == 1
    assert (
        replace(first, tries=((BOB, 1.0), (BOB, 0.0), (CAT, 0.0), (CAT, 0.0))).payoff
        == 0.75
    )
    assert replace(first, refused="form: x", tries=((BOB, 1.0), (CAT, 0.0))).payoff == 0


def test_without_a_verifier_the_other_agents_must_find_the_same_answer() -> None:
    said = [
        "Question: How many rolls are 4 + 9?\nAnswer: 13",
        "Question: How many rolls are 5 + 9?\nAnswer: 15",
    ]
    first, second = desk(said, "Answer: 13").ask(0, [ANN, BOB], 1)
    assert first.refused == ""
    assert second.refused == "disagreement: 0 of 2 came to the answer"
    nobody = desk(said, "Answer: 13").ask(0, [ANN], 1)
    assert reasons(nobody) == ["disagreement", "disagreement"], (
        "nobody else was there to try"
    )


def test_the_asker_is_shown_an_example_and_its_persona_and_no_answer() -> None:
    seen = []
    room = desk(["x", "y"], solver=evaluate_expression)
    watched = Scripted(lambda r: seen.append(r) or "x")
    replace(room, engine=watched).ask(0, [BOB], 1)
    assert {r.messages for r in seen} == {seen[0].messages}
    system, user = seen[0].messages
    assert system.content == "You are ann."
    assert user.content.startswith("You are Bea, a baker\nQuestion: What is ")
    assert len({r.seed for r in seen}) == 2
    assert {r.purpose for r in seen} == {"asking"}


def question(
    payoff_of: float, asker: AgentId = ANN, prompt: int = 1, refused: str = ""
) -> Question:
    tries = ((BOB, payoff_of), (CAT, 0.0))
    return Question(
        0,
        asker,
        "baker",
        KIND,
        Completion("q", (prompt,), (2,)),
        problem(1),
        refused,
        tries,
    )


def test_questions_on_one_request_are_compared_with_each_other() -> None:
    groups = group_questions(
        [question(1.0), question(0.0), question(1.0, prompt=2), question(1.0, BOB)]
    )
    assert [(g.agent, g.role, g.rewards) for g in groups] == [
        (ANN, "asker", (1.0, 0.0)),
        (ANN, "asker", (1.0,)),
        (BOB, "asker", (1.0,)),
    ]


def test_questions_are_counted_by_asker_and_reason() -> None:
    found = measure_questions(
        [question(1.0), question(1.0, refused="form: too long"), question(0.0)]
    )
    assert {str(key): value for key, value in found.items()} == {
        "asker/asked/ann": 3,
        "asker/admitted/ann": 2,
        "asker/form/ann": 1,
        "asker/payoff/ann": pytest.approx(1 / 3),
    }


def test_two_askers_of_one_agent_in_one_domain_keep_their_questions_apart() -> None:
    said = iter(
        ["Question: What is 1 + 2?\nAnswer: 3", "Question: What is 2 + 2?\nAnswer: 4"] * 2
    )
    taken = {"people": list[str](), "crowd": list[str]()}
    asked = desk(["", ""], solver=evaluate_expression)
    (one,) = asked.askers
    engine = Scripted(
        lambda request: next(said) if request.purpose == "asking" else "Answer: 3"
    )
    askers = [
        one._replace(
            name=name,
            accept=lambda problems, name=name: taken[name].extend(
                p.answer for p in problems
            ),
        )
        for name in taken
    ]
    found = replace(asked, engine=engine, askers=askers).ask(1, [BOB], seed=1)
    assert [q.refused for q in found] == [""] * 4
    assert taken == {"people": ["3", "4"], "crowd": ["3", "4"]}
