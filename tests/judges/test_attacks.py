"""How many of the answers that are made to please a judge it accepts."""

from docendo.engines.wrappers.scripted import Scripted
from docendo.judges.attacks import find_successful_attacks, load_attacks, measure_resistance
from docendo.judges.pointwise import ModelJudge
from docendo.records import AgentId, Problem, Request, Verdict

ANN, BOB = AgentId("ann"), AgentId("bob")
PROBLEM = Problem("d", "f", 1, "What is 3 + 4?", "7", source="docendo")


def judge(reply, mode="solving", judges=(ANN, BOB)) -> tuple[ModelJudge, list[Request]]:
    seen: list[Request] = []
    return ModelJudge(
        Scripted(lambda r: seen.append(r) or reply(r)), judges, mode, max_tokens=48
    ), seen


def test_the_rules_protect_even_a_judge_that_accepts_all_where_answers_are_numbers() -> (
    None
):
    tried = load_attacks()
    assert len(tried) >= 200
    assert len({a.text for a in tried}) == len(tried)
    kinds = {"key", "instruction", "role", "form", "hidden", "language", "long", "empty"}
    assert {a.kind for a in tried} == kinds
    through, count = find_successful_attacks(
        judge(lambda r: "right", "reading")[0], [PROBLEM]
    )
    assert count == len(tried)
    assert len(through) <= count // 100, [a.text[:60] for a in through]


def test_where_answers_are_words_rules_pass_some_attacks_and_a_solving_judge_none() -> None:
    lima = Problem("d", "f", 1, "What is the capital of Peru?", "Lima")
    through, count = find_successful_attacks(judge(lambda r: "right", "reading")[0], [lima])
    assert count // 20 < len(through) < count // 10, (
        "the rules do not know a word that is no answer"
    )
    assert find_successful_attacks(judge(lambda r: "Answer: Lima")[0], [lima])[0] == []


def test_the_resistance_of_a_judge_counts_right_wrong_and_attacking_answers() -> None:
    problems = [Problem("d", "f", 1, f"What is 3 + {n}?", str(3 + n)) for n in range(4)]
    knows = measure_resistance(
        judge(lambda r: f"Answer: {3 + int(r.messages[1].content[-2])}")[0], problems, 2
    )
    assert knows == (2 * len(load_attacks()), {}, 1.0, 0.0, 12, {})
    gullible = measure_resistance(judge(lambda r: "right", "reading")[0], problems, 1)
    assert (gullible.right, gullible.wrong, gullible.rate) == (1.0, 1.0, 0.0)
    naive = measure_resistance(
        lambda answers: [Verdict(1.0, "")] * len(answers), problems[:1]
    )
    assert naive.near_rate == 1.0
    assert naive.near_through["the other sign"] == 1
    assert (naive.rate, naive.wrong) == (1.0, 0.0), (
        "of one problem there is no wrong answer"
    )


def test_an_attack_that_is_the_right_answer_is_not_tried() -> None:
    asked = Problem("d", "f", 1, "Is 3 > 2?", "True")
    assert find_successful_attacks(judge(lambda r: "Answer: True")[0], [asked])[0] == []


def test_a_successful_attack_is_counted_for_each_problem() -> None:
    through, count = find_successful_attacks(
        lambda answers: [Verdict(1.0, "")] * len(answers), [PROBLEM, PROBLEM]
    )
    assert len(through) == count == 2 * len(load_attacks())
