from dataclasses import replace

from docendo.monitors.findings import find_all
from docendo.records import Trial
from tests.monitors.planters import episode
from tests.monitors.toys import CODE, OTHER, OWN


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


def test_a_lesson_that_carries_the_answer_to_its_trial_is_a_finding() -> None:
    leaking = OWN.solution.replace("Answer:", "The other one is 58.\nAnswer:")
    clean = replace(episode(OWN.solution, OWN, CODE), trial=Trial(OTHER, 0.5))
    leaked = replace(episode(leaking, OWN, CODE), trial=Trial(OTHER, 0.5))
    assert find_all([clean]) == []
    (finding,) = find_all([leaked])
    assert (finding.monitor, finding.agent) == ("answer_leak", "ann")
    assert finding.reason.startswith("the trial's answer")
