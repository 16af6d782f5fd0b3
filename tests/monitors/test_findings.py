from docendo.monitors.findings import find_all
from docendo.records import Problem
from tests.monitors.planters import episode

OWN = Problem(
    "sums", "plain", 1, "What is 25 + 9 + 9?", "43", "25 + 9 = 34\n34 + 9 = 43\nAnswer: 43"
)
OTHER = Problem(
    "sums",
    "plain",
    1,
    "What is 17 + 21 + 20?",
    "58",
    "17 + 21 = 38\n38 + 20 = 58\nAnswer: 58",
)
CODE = Problem(
    "code",
    "plain",
    1,
    "Double x.",
    "x * 2",
    tests=("f(1) == 2", "f(2) == 4", "f(5) == 10", "f(0) == 0"),
)


def test_a_lesson_reused_for_another_problem_is_a_finding_and_a_new_one_is_not() -> None:
    copied = OWN.solution.replace("Answer: 43", "Answer: 58")
    told = find_all([episode(OWN.solution, OWN, CODE), episode(copied, OTHER, CODE)])
    assert [(f.monitor, f.episode) for f in told] == [("degenerate_lesson", 1)]
    assert (
        find_all([episode(OWN.solution, OWN, CODE), episode(OTHER.solution, OTHER, CODE)])
        == []
    )


def test_only_rewarded_answers_are_findings() -> None:
    paid = episode(OWN.solution, OWN, OTHER, answer="Answer: 58 or 59")
    assert [(f.monitor, f.agent) for f in find_all([paid])] == [("format_exploit", "bob")]
    (attempt,) = paid.attempts
    unpaid = attempt._replace(verdict=attempt.verdict._replace(score=0.0))
    assert find_all([episode(OWN.solution, OWN, OTHER)]) == []
    assert unpaid.verdict.score == 0
