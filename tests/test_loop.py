import json
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from docendo.datasets.split import split_of
from docendo.games.kuhn_text import KUHN
from docendo.games.play import DuelRules, DuelRunner
from docendo.games.text_game import legal_moves_in
from docendo.league.curriculum import (
    ByLearnability,
    ByRarity,
    UniformCurriculum,
    UnlockLevels,
)
from docendo.league.duel_matches import DuelMatchmaker
from docendo.league.matchmaking import Thompson, Uniform
from docendo.league.population import Population
from docendo.league.problem_replay import ProblemReplay
from docendo.league.snapshot_rules import EveryRounds
from docendo.league.teaching_matches import CurriculumMatchmaker, RoundRobin
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.rewards import GainReward
from docendo.loop import count_idle_matches, finetune, group_rollouts, teach
from docendo.records import (
    AgentId,
    Example,
    Problem,
    Request,
    TaskType,
    TeachingOption,
    by_match,
    is_frozen_copy,
)
from docendo.school import Arena, Expert, League, Recipients, Round, School
from tests.toys import (
    ANN,
    BOB,
    BY_THE_BOOK,
    CAT,
    CountingLearner,
    Few,
    RecordingKeeper,
    Sums,
    asked,
    classroom,
    duel,
    episode,
    lesson,
    pay,
    problem,
    right,
    said,
    schedule,
    teaching_rules,
    wrong,
)

BOOK = AgentId("book")
FAMILIES = ("small", "large")
OWN = {ANN: "sums", BOB: "plums", CAT: None}
"""Ann and Bob are experts; Cat only learns from them."""
RULES = teaching_rules(lessons=3, attempts=5, control_attempts=3)
LEAGUE = (
    "teaching_options",
    "matchmaker",
    "practice_curriculum",
    "standings",
    "population",
    "problem_replay",
)
SCHEDULE = schedule(
    matches=8,
    practice=3,
    practice_attempts=4,
    rehearsal=6,
    imitation=10,
    one_shot_fraction=0.5,
)


def helped(request: Request) -> str:
    """Nobody knows a foreign domain. A lesson that says how to carry helps most of the time; one in three says not."""
    chance = request.seed % 60
    knows = {
        "lesson": chance % 3 > 0,
        "control": chance % 10 == 0,
        "attempt": "carry" in said(request) and chance % 4 > 0,
        "practice": chance % 2 == 0,
    }
    return right(request) if knows[request.purpose] else wrong(request)


def make(script=helped, **parts: Any) -> School:
    sources = {d: Sums(d, FAMILIES) for d in ("sums", "plums")}
    courses = [
        TeachingOption(TaskType("sums", f, level), (ANN,), (BOB, CAT))
        for f in FAMILIES
        for level in (1, 2)
    ]
    courses += [
        TeachingOption(TaskType("plums", f, 1), (BOB,), (ANN, CAT)) for f in FAMILIES
    ]
    league = {"teaching_options": courses, "matchmaker": RoundRobin()} | {
        k: parts.pop(k) for k in LEAGUE if k in parts
    }
    learner = CountingLearner()
    experts = [
        Expert(ANN, [TaskType("sums", f, level) for f in FAMILIES for level in (1, 2)]),
        Expert(BOB, [TaskType("plums", f, 1) for f in FAMILIES]),
        Expert(CAT),
    ]
    return School(
        experts=parts.pop("experts", experts),
        classroom=classroom(script, parts.pop("rules", RULES), sources=sources),
        league=League(**league),
        reward=GainReward(-0.5),
        adapters=RecordingKeeper(),
        **{
            "baseline": LeaveOneOut(),
            "learner": learner,
            "sft_learner": lambda _: learner,
            "schedule": SCHEDULE,
            **parts,
        },
    )


def taught(
    school: School, rounds: int = 4, seed: int = 1, first_matched_round: int = 0
) -> list[Round]:
    return list(teach(school, range(rounds), seed, first_matched_round))


def lively(**parts: Any) -> dict[str, Any]:
    """The parts of a league in which everything happens: copies, anchors, a deck, a curriculum."""
    population = Population(EveryRounds(2), max_snapshots=1, reference_copies=True)
    population.add_founders([ANN, BOB, CAT])
    curriculum = UnlockLevels(ByLearnability(), threshold=0.3)
    pair = CurriculumMatchmaker(
        curriculum, Thompson(), {ANN, BOB, CAT}.__contains__, reference_count=2
    )
    return {
        "population": population,
        "problem_replay": ProblemReplay(0.5),
        "practice_curriculum": curriculum,
        "matchmaker": pair,
    } | parts


def remembered(school: School) -> list[Any]:
    """All parts that a resumed run needs."""
    league = school.league
    return [
        league.standings,
        league.population,
        league.problem_replay,
        school.demonstrations,
        school.baseline,
    ]


def task(example: Example) -> Problem:
    """The problem that an example solves."""
    return asked(example.messages[-1].content)


def trained_on(school: School) -> list[Example]:
    return [example for _, examples in school.learner.rounds for example in examples]


def foreign(school: School) -> list[Example]:
    return [e for e in trained_on(school) if task(e).domain != OWN[e.agent]]


def shown_before(example: Example) -> list[str]:
    """The worked solutions in an example's prompt."""
    return [m.content for m in example.messages if m.role == "assistant"]


def test_finetuning_uses_worked_solutions_of_the_own_domain_only() -> None:
    school = make()
    rounds = list(finetune(school, range(3), 20, seed=1))
    assert [(r.index, r.episodes, r.practice, r.metrics) for r in rounds] == [
        (i, (), (), {"samples/policy": 0, "samples/sft": 40}) for i in range(3)
    ]
    for example in trained_on(school):
        assert task(example).domain == OWN[example.agent]
        assert example.text.startswith(BY_THE_BOOK)
        assert example.messages[0].content == f"You are {example.agent}."
    assert school.classroom.engine.batches == [], "nobody is asked anything"


def test_without_worked_solutions_the_answers_are_studied() -> None:
    school = make()
    bare = [replace(p, solution="") for p in Sums().draw("small", 1, 50, 0, "train")]
    sources = {"sums": Few(bare), "plums": Sums("plums", FAMILIES)}
    ann = Expert(ANN, [TaskType("sums", "small", 1)])
    list(
        finetune(
            replace(
                school, experts=[ann], classroom=replace(school.classroom, sources=sources)
            ),
            range(1),
            8,
            seed=1,
        )
    )
    assert {e.text for e in trained_on(school)} <= {f"Answer: {p.answer}" for p in bare}
    assert len(trained_on(school)) == 8


def test_every_family_of_a_domain_is_studied_equally_often() -> None:
    school = make()
    list(finetune(school, range(1), 20, seed=1))
    kinds = [(task(e).family, task(e).level) for e in trained_on(school) if e.agent == ANN]
    assert {kinds.count(k) for k in kinds} == {5}
    assert len(set(kinds)) == 4


def test_every_finetuning_round_has_its_own_problems_and_learning_rate() -> None:
    learners = [CountingLearner(), CountingLearner()]
    list(finetune(make(sft_learner=learners.__getitem__), range(2), 5, seed=1))
    first, second = ([e.messages[-1] for e in one.rounds[0][1]] for one in learners)
    assert len(first) == len(second) == 10
    assert first != second


@pytest.mark.parametrize(
    ("share", "least", "most"), [(0.0, 0, 0), (0.5, 60, 130), (1.0, 195, 200)]
)
def test_a_share_of_the_finetuning_examples_follow_a_worked_example(
    share, least, most
) -> None:
    school = make(schedule=schedule(one_shot_fraction=share))
    list(finetune(school, range(2), 50, seed=1))
    with_one = [e for e in trained_on(school) if len(e.messages) == 4]
    assert least <= len(with_one) <= most
    assert all(len(e.messages) in (2, 4) for e in trained_on(school))
    for e in with_one:
        shown = asked(e.messages[1].content)
        assert (shown.domain, shown.family, shown.level) == (
            task(e).domain,
            task(e).family,
            task(e).level,
        )
        assert shown_before(e) == [shown.solution] != [task(e).solution]


def test_a_teaching_round_has_all_its_parts() -> None:
    school = make()
    rounds = taught(school)
    assert [r.index for r in rounds] == [0, 1, 2, 3]
    for r in rounds:
        assert len(r.episodes) == 8 * 3
        assert {e.round for e in r.episodes} == {r.index}
        assert [(p.agent, len(p.attempts)) for p in r.practice] == [(ANN, 4)] * 3 + [
            (BOB, 4)
        ] * 3
        assert all(p.problem.domain == OWN[p.agent] for p in r.practice)
        assert {
            "samples/policy",
            "samples/sft",
            "gate/passed",
            "gain",
            "practice/score",
        } <= set(r.metrics)
        assert {
            "groups/nonzero_variance/student",
            "groups/nonzero_variance/teacher",
            "groups/nonzero_variance/practice",
        } <= set(r.metrics)
    assert len(school.learner.rounds) == 4
    assert len(school.classroom.engine.batches) == 4 * 3, (
        "lessons, tests and practice, each in one batch"
    )


def test_rounds_are_played_one_at_a_time() -> None:
    school = make()
    rounds = teach(school, range(1000), seed=1)
    assert school.classroom.engine.batches == []
    next(rounds)
    assert len(school.classroom.engine.batches) == 3


def test_lessons_that_help_have_a_positive_gain() -> None:
    school = make()
    rounds = taught(school, rounds=6)
    for r in rounds:
        assert r.metrics["gain"] > 0.3
        assert 0.4 < r.metrics["gate/passed"] < 0.9
    for teacher, student, domain in [
        (ANN, BOB, "sums"),
        (ANN, CAT, "sums"),
        (BOB, ANN, "plums"),
        (BOB, CAT, "plums"),
    ]:
        assert school.league.standings.mean_gain(teacher, student, domain) > 0.2, (
            "less than that of shown lessons"
        )
    assert school.league.standings.mean_gain(BOB, CAT, "sums") == 0.0


def test_lessons_that_change_nothing_have_no_gain_and_nobody_imitates_an_attempt() -> None:
    school = make(lambda r: right(r) if r.purpose == "lesson" else wrong(r))
    rounds = taught(school)
    assert {r.metrics["gain"] for r in rounds} == {0.0}
    assert {r.metrics["groups/nonzero_variance/student"] for r in rounds} == {0.0}
    lessons = {
        a.completion.text for r in rounds for e in r.episodes for a in e.lesson.examples
    }
    assert {e.text for e in foreign(school)} <= lessons


def test_where_no_lesson_passes_the_gate_no_lesson_is_imitated() -> None:
    school = make(wrong)
    rounds = taught(school)
    assert all(r.metrics["gate/passed"] == 0 and "gain" not in r.metrics for r in rounds)
    assert foreign(school) == []
    assert all(earned == [] for earned, _ in school.learner.rounds)
    assert all({w.agent for w in r.discarded} == {ANN, BOB} for r in rounds)


@pytest.mark.parametrize("baseline", [LeaveOneOut, lambda: RunningMean(0.9)])
def test_the_same_seed_replays_the_same_rounds(baseline) -> None:
    first, again, other = (make(baseline=baseline()) for _ in range(3))
    assert taught(first) == taught(again)
    assert first.learner == again.learner
    assert taught(other, seed=2) != taught(make())


@pytest.mark.parametrize("baseline", [LeaveOneOut, lambda: RunningMean(0.9)])
@pytest.mark.parametrize("done", [1, 3])
def test_a_resumed_run_equals_the_unbroken_one(done: int, baseline) -> None:
    unbroken, before, after = (make(baseline=baseline(), **lively()) for _ in range(3))
    rounds = taught(unbroken, rounds=5)
    stopped = list(islice(teach(before, range(5), seed=1), done))
    state = json.dumps([part.state() for part in remembered(before)])
    for part, saved in zip(remembered(after), json.loads(state), strict=True):
        part.restore(saved)
    assert stopped + list(teach(after, range(done, 5), seed=1)) == rounds
    assert before.learner.rounds + after.learner.rounds == unbroken.learner.rounds
    assert [part.state() for part in remembered(after)] == [
        part.state() for part in remembered(unbroken)
    ]


def test_a_resumed_run_needs_its_standings_and_demonstrations() -> None:
    unbroken, forgetful = make(), make()
    rounds = taught(unbroken)
    assert list(teach(forgetful, range(2, 4), seed=1)) != rounds[2:]
    assert forgetful.learner.rounds != unbroken.learner.rounds[2:]


def test_no_agent_imitates_a_lesson_stopped_by_the_gate() -> None:
    school = make()
    rounds = taught(school)
    assert not all(e.lesson.passed for r in rounds for e in r.episodes)
    for example in trained_on(school):
        assert "muddle" not in example.text + "".join(shown_before(example))


def test_rehearsal_uses_the_agents_own_domain_only() -> None:
    school = make()
    taught(school)
    rehearsed = [e for e in trained_on(school) if e.text.startswith(BY_THE_BOOK)]
    assert len(rehearsed) == 4 * 2 * 6
    assert all(task(e).domain == OWN[e.agent] for e in rehearsed)


def test_a_student_imitates_agents_and_never_the_source_of_problems() -> None:
    school = make()
    rounds = taught(school)
    episodes = [e for r in rounds for e in r.episodes]
    written = {
        a.completion.text for e in episodes for a in (*e.lesson.examples, *e.attempts)
    }
    imitated = foreign(school)
    assert {e.agent for e in imitated} == {ANN, BOB, CAT}
    assert any(shown_before(e) for e in imitated)
    for example in imitated:
        assert {example.text, *shown_before(example)} <= written
        questions = [m.content for m in example.messages if m.role == "user"]
        assert len(set(questions)) == len(questions), "nothing follows itself"


def test_a_student_imitates_its_attempt_without_the_lesson_in_the_prompt() -> None:
    school = make(schedule=schedule(matches=8, one_shot_fraction=0.0))
    taught(school)
    assert {len(e.messages) for e in foreign(school)} == {2}
    assert any("carry" in e.text for e in foreign(school))


def test_useful_demonstrations_are_imitated_at_once_and_again_in_later_rounds() -> None:
    school = make()
    first = taught(school)[0]
    notes = {e.text for e in school.learner.rounds[0][1] if task(e).domain != OWN[e.agent]}
    assert notes <= {
        a.completion.text for e in first.episodes for a in (*e.lesson.examples, *e.attempts)
    }
    assert notes & {e.text for _, examples in school.learner.rounds[1:] for e in examples}


def test_a_student_without_a_domain_imitates_only() -> None:
    school = make()
    rounds = taught(school)
    assert not any(p.agent == CAT for r in rounds for p in r.practice)
    assert {task(e).domain for e in trained_on(school) if e.agent == CAT} == {
        "sums",
        "plums",
    }
    assert not any(
        e.text.startswith(BY_THE_BOOK) for e in trained_on(school) if e.agent == CAT
    )


def test_a_round_trains_on_no_more_than_the_schedule_says() -> None:
    school = make()
    taught(school)
    for _, examples in school.learner.rounds:
        for agent, rehearsal in [(ANN, 6), (BOB, 6), (CAT, 0)]:
            assert rehearsal <= sum(e.agent == agent for e in examples) <= rehearsal + 10


def test_agents_are_trained_only_on_their_own_completions() -> None:
    school = make()
    by_round = taught(school, rounds=1)[0]
    wrote = {ANN: set[int](), BOB: set[int](), CAT: set[int]()}
    for e in by_round.episodes:
        wrote[e.match.teacher] |= {id(a.completion) for a in e.lesson.examples}
        wrote[e.match.student] |= {id(a.completion) for a in e.attempts}
    for p in by_round.practice:
        wrote[p.agent] |= {id(a.completion) for a in p.attempts}
    (earned, _), *_ = school.learner.rounds
    assert {c.agent for c in earned} == {ANN, BOB, CAT}
    assert all(id(c.completion) in wrote[c.agent] and c.advantage for c in earned)


def test_only_training_problems_are_ever_seen() -> None:
    school = make()
    list(finetune(school, range(1), 20, seed=1))
    prompts = {
        m.content for e in trained_on(school) for m in e.messages if m.role == "user"
    }
    taught(school)
    prompts |= {r.messages[-1].content for r in school.classroom.engine.requests}
    for prompt in prompts:
        assert split_of(asked(prompt)) == "train"


@pytest.mark.parametrize(
    "schedule",
    [
        schedule(practice=0),
        schedule(practice_attempts=0),
        schedule(rehearsal=0),
        schedule(imitation=0),
    ],
    ids=str,
)
def test_any_part_of_a_round_may_be_left_out(schedule: Any) -> None:
    rounds = taught(make(schedule=schedule), rounds=2)
    assert all(r.episodes for r in rounds)
    assert all(
        bool(r.practice) == (schedule.practice * schedule.practice_attempts > 0)
        for r in rounds
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


def apart(**parts: Any) -> School:
    """All practise everything and read everybody's homework once they meet."""
    every = [TaskType("sums", f, 1) for f in FAMILIES] + [
        TaskType("plums", f, 1) for f in FAMILIES
    ]
    experts = [replace(e, practice_task_types=every) for e in make().experts]
    audience = Recipients(solutions=dict.fromkeys((ANN, BOB), (ANN, BOB, CAT)))
    amounts = schedule(matches=2, practice=12, practice_attempts=1)
    return make(
        script=right, experts=experts, recipients=audience, schedule=amounts, **parts
    )


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


def test_reference_snapshots_are_taken_before_the_first_round_with_matches() -> None:
    school = apart(**lively())
    first = taught(school, rounds=3, first_matched_round=2)[-1]
    assert [b.name for b in first.births if b.how == "reference"] == [
        "ann@1",
        "bob@1",
        "cat@1",
    ]


def test_a_round_without_matches_is_self_practice() -> None:
    school = make(schedule=schedule(matches=0))
    rounds = taught(school)
    assert all(r.episodes == [] and r.practice and "gain" not in r.metrics for r in rounds)
    assert foreign(school) == []


def test_anchors_are_copied_before_the_first_round_and_taught_in_every_one() -> None:
    school = make(**lively())
    for r in taught(school, rounds=4):
        taught_anchors = [e for e in r.episodes if is_frozen_copy(e.match.student)]
        assert {e.match.student for e in taught_anchors} <= {"ann@-1", "bob@-1", "cat@-1"}
        assert len(taught_anchors) == 2 * RULES.lessons
        assert "gain/anchors" in r.metrics
    assert school.adapters.log[:3] == [("snapshot", a, f"{a}@-1") for a in (ANN, BOB, CAT)]


def test_snapshots_are_added_removed_and_teach_but_are_not_trained() -> None:
    school = make(**lively())
    rounds = taught(school, rounds=6)
    assert [[b.name for b in r.births] for r in rounds[1:]] == [
        ["ann@1", "bob@1", "cat@1"]
        if i == 1
        else [f"{a}@{i}" for a in (ANN, BOB, CAT)]
        if i % 2
        else []
        for i in range(1, 6)
    ]
    assert ("remove", "ann@1") in school.adapters.log, "one snapshot is kept"
    assert {e.match.teacher for r in rounds for e in r.episodes} > {"ann@1", "bob@1"}
    learned = {c.agent for earned, _ in school.learner.rounds for c in earned} | {
        e.agent for e in trained_on(school)
    }
    assert learned == {ANN, BOB, CAT}
    assert set(school.demonstrations.demonstrations) <= {ANN, BOB, CAT}


def test_answers_saved_by_the_gate_pay_for_replacement_matches() -> None:
    plain, refilled = (
        make(wrong_lessons, schedule=replace(SCHEDULE, resample_zero_variance=refill))
        for refill in (False, True)
    )
    (before,), (after,) = taught(plain, rounds=1), taught(refilled, rounds=1)
    assert before.metrics["matches"] == 8
    # no lesson passes, so a match costs 3 lessons and 3 controls instead of 21 answers: 168 - 48 = 120 are left for 5
    # more matches, then 90 for 4, and so on
    assert after.metrics["matches"] == 8 + 5 + 4 + 3 + 2 + 1 + 1 + 1
    sampled = [
        r
        for batch in refilled.classroom.engine.batches
        for r in batch
        if r.purpose != "practice"
    ]
    assert len(sampled) <= 8 * RULES.answers


def wrong_lessons(request: Request) -> str:
    return wrong(request) if request.purpose == "lesson" else right(request)


def test_a_match_without_reward_variance_is_idle() -> None:
    school, stopped = make(), lesson(0)
    useful_to_student = [episode((1, 0), test=1), episode((1, 0), test=1)]
    shown, hidden = episode((1, 1), test=2), episode((), lesson=stopped, test=2)
    useful_to_teacher = [
        shown,
        replace(hidden, lesson=replace(stopped, problems=shown.lesson.problems)),
    ]
    idle = [
        episode((0, 0), test=3),
        episode((0, 0), test=3),
        episode((), lesson=stopped, test=4),
    ]
    assert [
        count_idle_matches(school, pay(x))
        for x in (useful_to_student, useful_to_teacher, idle, [])
    ] == [0, 0, 2, 0]
    assert (
        count_idle_matches(school, pay([*useful_to_student, *useful_to_teacher, *idle]))
        == 2
    )
    by_the_book = [
        replace(e, match=e.match._replace(teacher=BOOK)) for e in useful_to_teacher
    ]
    assert count_idle_matches(school, pay(by_the_book)) == 1, (
        "an oracle learns nothing, however its lessons differ"
    )


def test_a_match_repeated_in_a_round_counts_as_two() -> None:
    few = [problem(n) for n in range(2)]
    sources = {"sums": Few(few), "plums": Sums("plums", FAMILIES)}
    courses = [TeachingOption(TaskType("sums", "small", 1), (ANN,), (CAT,))]
    school = make(
        lambda r: f"{r.seed}: {helped(r)}",
        teaching_options=courses,
        experts=[Expert(ANN, [TaskType("sums", "small", 1)]), Expert(CAT)],
    )
    room = replace(school.classroom, sources=sources)
    for r in taught(replace(school, classroom=room), rounds=3):
        assert r.metrics["matches"] == 8, (
            "of two problems one teaches and the other tests, eight times"
        )
        assert len(by_match(r.episodes)) == 8


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
        right, schedule=practice_only, practice_curriculum=ByRarity(UniformCurriculum())
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


def test_an_oracle_teaches_with_worked_solutions_and_samples_nothing() -> None:
    courses = [TeachingOption(TaskType("sums", "small", 1), (BOOK,), (CAT,))]
    school = make(teaching_options=courses)
    instructions = {**school.classroom.instructions, BOOK: ""}
    room = replace(school.classroom, oracles=frozenset({BOOK}), instructions=instructions)
    (played,) = taught(replace(school, classroom=room), rounds=1)
    assert all(e.lesson.passed for e in played.episodes)
    assert {
        BY_THE_BOOK in a.completion.text for e in played.episodes for a in e.lesson.examples
    } == {True}
    assert BOOK not in {r.agent for r in room.engine.requests}
    assert BOOK not in {c.agent for earned, _ in school.learner.rounds for c in earned}


def test_frozen_copies_and_scripted_players_have_no_groups() -> None:
    duels = [duel("bet", "call", second=AgentId("ann@3"))] * 2
    duels += [duel("bet", "call", first=AgentId("always-bet"))] * 2
    groups = group_rollouts(make(), (), duels=duels)
    assert [(group.agent, group.role) for group in groups] == [
        (ANN, "first player"),
        (BOB, "second player"),
    ]


def dueller(request: Request) -> str:
    """Everybody bets and calls; teaches as before."""
    if request.purpose != "duel":
        return helped(request)
    return (
        "Answer: bet"
        if "bet" in legal_moves_in(request)
        else f"Answer: {legal_moves_in(request)[1]}"
    )


def with_arena(script=dueller, pairings: int = 3) -> School:
    school = make(script, **lively())
    roles = dict.fromkeys((ANN, BOB, CAT), "main")
    room = DuelRunner(
        school.classroom.engine,
        {"kuhn": KUHN},
        school.classroom.instructions,
        DuelRules(6, 2),
    )
    pair = DuelMatchmaker("kuhn", roles, {"main": Uniform()})
    return replace(school, arena=Arena(room, pair, pairings, rules=0.5))


def test_duels_are_played_in_every_round_and_move_the_standings() -> None:
    school = with_arena()
    for r in taught(school, rounds=3):
        assert len(r.duels) == r.metrics["duels"] == 3 * 6 * 2 * 2
        assert r.metrics["duels/legal"] == 1
        assert {d.round for d in r.duels} == {r.index}
        assert {d.first for d in r.duels} | {d.second for d in r.duels} >= {ANN, BOB, CAT}
    names = list(school.league.population.members)
    played = school.league.standings.win_matrix(names, "kuhn")
    # all deals from both seats, and everybody plays alike: nobody is better
    assert played == pytest.approx(0.5 * np.ones_like(played))


def test_only_learners_are_trained_on_duels() -> None:
    def daring(request: Request) -> str:
        if request.purpose != "duel":
            return helped(request)
        return f"Answer: {legal_moves_in(request)[request.seed % 2]}"

    school = with_arena(daring, pairings=12)
    rounds = taught(school, rounds=3)
    assert any("@" in d.second for r in rounds for d in r.duels), (
        "copies of the past are met"
    )
    moves = {id(m.attempt.completion) for r in rounds for d in r.duels for m in d.moves}
    earned = [c for credits_of_round, _ in school.learner.rounds for c in credits_of_round]
    assert {c.agent for c in earned if id(c.completion) in moves} == {ANN, BOB, CAT}


def test_players_study_how_moves_are_written() -> None:
    school = with_arena()
    list(finetune(school, range(1), 20, seed=1))
    moves = [e for e in trained_on(school) if "Poker" in e.messages[-1].content]
    assert [sum(e.agent == a for e in moves) for a in (ANN, BOB, CAT)] == [10, 10, 10]
    assert {e.text for e in moves} <= {
        f"Answer: {move}" for move in ("check", "bet", "fold", "call")
    }


def test_a_league_of_duels_alone_needs_no_teachers() -> None:
    school = with_arena()
    experts = [replace(e, task_types=()) for e in school.experts]
    (played,) = taught(
        replace(
            school, experts=experts, league=replace(school.league, teaching_options=[])
        ),
        rounds=1,
    )
    assert played.episodes == []
    assert len(played.duels) == 72
