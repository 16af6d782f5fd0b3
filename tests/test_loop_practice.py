"""Self-practice in the loop: with matches, without them, and in warmup rounds."""

from dataclasses import replace

from docendo.league.curriculum import (
    ByLearnability,
    ByRarity,
    UniformCurriculum,
)
from docendo.loop import teach
from docendo.records import (
    Request,
    TaskType,
)
from docendo.school import Expert, Recipients
from tests.school_toys import (
    SCHEDULE,
    apart,
    foreign,
    lively,
    make,
    task,
    taught,
    trained_on,
)
from tests.toys import (
    ANN,
    BOB,
    CAT,
    asked,
    problem,
    right,
    schedule,
    wrong,
)


def test_single_practice_attempts_are_imitated_if_right_and_get_no_advantage() -> None:
    audience = Recipients(solutions={a: [a] for a in (ANN, BOB, CAT)})
    school = make(
        schedule=schedule(matches=0, practice=6, practice_attempts=1), recipients=audience
    )
    for r in taught(school):
        assert [len(p.attempts) for p in r.practice] == [1] * len(r.practice)
        assert (r.metrics["samples/policy"], r.discarded) == (0, [])
        assert not [name for name in r.metrics if name.startswith("groups/")]
        right = {p.problem.key for p in r.practice if p.attempts[0].verdict.score >= 1}
        noted = [
            key
            for pages in school.demonstrations.demonstrations.values()
            for page in pages.values()
            for key in page
        ]
        assert right <= set(noted)
    assert noted


def test_in_warmup_rounds_agents_practise_their_own_domains() -> None:
    school = apart(**lively())
    rounds = taught(school, rounds=2, first_matched_round=2)
    assert [(r.episodes, r.births) for r in rounds] == [([], ()), ([], ())]
    assert {(p.agent, p.problem.domain) for r in rounds for p in r.practice} == {
        (ANN, "sums"),
        (BOB, "plums"),
    }
    assert {e.agent for e in trained_on(school)} == {ANN, BOB}
    assert foreign(school) == []


def test_solutions_found_in_warmup_are_imitated_by_all_afterwards() -> None:
    school = apart()
    taught(school, rounds=2, first_matched_round=2)
    found = {
        key for page in school.demonstrations.demonstrations[CAT].values() for key in page
    }
    assert found
    before = len(trained_on(school))
    (first,) = teach(school, range(2, 3), 1, first_matched_round=2)
    assert first.episodes
    assert {p.problem.domain for p in first.practice if p.agent == ANN} == {"sums", "plums"}
    read = trained_on(school)[before:]
    assert {task(e).domain for e in read if e.agent == CAT} == {"sums", "plums"}
    assert found & {task(e).key for e in read if e.agent == CAT}


def test_a_round_without_matches_is_self_practice() -> None:
    school = make(schedule=schedule(matches=0))
    rounds = taught(school)
    assert all(r.episodes == [] and r.practice and "gain" not in r.metrics for r in rounds)
    assert foreign(school) == []


def test_self_practice_follows_the_curriculum() -> None:
    def sure_of_small(request: Request) -> str:
        small = asked(request.messages[-1].content).family == "small"
        return right(request) if small or request.seed % 2 else wrong(request)

    school = make(
        sure_of_small,
        practice_curriculum=ByLearnability(floor=0.0),
        schedule=replace(SCHEDULE, practice=6),
    )
    rounds = taught(school, rounds=8)
    families = [p.problem.family for r in rounds[4:] for p in r.practice]
    assert families.count("large") > 0.8 * len(families)


def test_self_practice_may_prefer_task_types_with_few_right_answers() -> None:
    practice_only = replace(SCHEDULE, practice=20)
    school = make(
        right,
        schedule=practice_only,
        practice_curriculum=ByRarity(UniformCurriculum(), half_count=4.0),
    )
    notes = [(problem(n, family="small"), "worked") for n in range(100)]
    school.demonstrations.add(
        [(BOB, (replace(p, domain="plums"), text)) for p, text in notes]
    )
    practised = [
        p.problem.family for p in taught(school, rounds=1)[0].practice if p.agent == BOB
    ]
    assert practised.count("large") > 15, "of 26 to 1"
    without = make(right, schedule=practice_only)
    even = [
        p.problem.family for p in taught(without, rounds=1)[0].practice if p.agent == BOB
    ]
    assert 4 < even.count("large") < 16


def test_an_agent_practises_its_configured_domains() -> None:
    school = make()
    everything = [
        Expert(e.agent, e.task_types, practice_task_types=[TaskType("plums", "small", 1)])
        for e in school.experts
    ]
    rounds = taught(replace(school, experts=everything), rounds=3)
    found = {(p.agent, p.problem.domain) for r in rounds for p in r.practice}
    assert found == {(agent, "plums") for agent in (ANN, BOB, CAT)}
