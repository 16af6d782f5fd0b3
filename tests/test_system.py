"""The population as a system, on toy sums."""

from dataclasses import dataclass, replace

from docendo.league.teaching_matches import RoundRobin
from docendo.records import AgentId, Request, TaskType, TeachingOption, Usage
from docendo.system import compare_ways, majority_answers, recommend_teacher
from tests.study.test_eval_problems import said
from tests.toys import (
    ANN,
    BOB,
    CAT,
    Scripted,
    Sums,
    classroom,
    empty_standings,
    episode,
    match,
    problem,
    right,
    toy_league,
    wrong,
)

KIND = TaskType("sums", "small", 1)


@dataclass
class Metered(Scripted):
    """Reading a prompt costs 10 operations, once for all of a batch; an answer costs 4."""

    read: int = 0

    def pop_usage(self) -> list[Usage]:
        spent = []
        for batch in self.batches[self.read :]:
            prompts = {(request.agent, request.messages) for request in batch}
            flops = 10.0 * len(prompts) + 4.0 * len(batch)
            spent.append(Usage(ANN, batch[0].purpose, len(batch), flops))
        self.read = len(self.batches)
        return spent


def needs_a_lesson(request: Request) -> str:
    """Ann knows sums; Bob and Cat do with a lesson, and when they are lucky."""
    has_lesson = len(request.messages) == 4
    is_lucky = request.temperature > 0 and request.seed % 8 == 0
    return (
        right(request) if request.agent == ANN or has_lesson or is_lucky else wrong(request)
    )


def test_the_vote_is_won_by_the_most_frequent_answer_or_the_first_of_several() -> None:
    found = {
        ANN: said("Answer: 7", "Answer: 1", "Answer: Red", "none"),
        BOB: said("Answer: 8", "Answer: 2", "so\nAnswer:  red ", "nothing"),
        CAT: said("Answer: 8", "Answer: 3", "Answer: blue", "at all"),
    }
    assert [a.completion.text for a in majority_answers(found)] == [
        "Answer: 8",
        "Answer: 1",
        "Answer: Red",
        "none",
    ]


def test_an_agent_without_an_answer_has_no_vote() -> None:
    assert (
        majority_answers(
            {ANN: said("hm\nhm"), BOB: said("hm\nhm"), CAT: said("Answer: 3")}
        )[0].completion.text
        == "Answer: 3"
    )


def league(*students: AgentId, teachers: tuple[AgentId, ...] = (ANN,)):
    return toy_league([TeachingOption(KIND, teachers, students)], RoundRobin())


def test_a_lesson_is_compared_at_equal_compute() -> None:
    engine = Metered(needs_a_lesson)
    room = classroom(needs_a_lesson, engine=engine)
    problems = Sums().draw("small", 1, 5, 1, "held-out")
    ways, usage = compare_ways(room, league(BOB, CAT), problems, 1)

    found = {way.name: way for way in ways}
    assert found["lesson"].accuracy.mean == found["teacher"].accuracy.mean == 1.0
    assert found["alone"].accuracy.mean == 0.0
    assert found["alone"].behind is not None
    assert found["alone"].behind.mean == 1.0
    assert found["lesson"].behind is None
    assert found["lesson"].accuracy.n == 10

    # a lesson and the answer after it: two prompts and two answers
    assert (found["alone"].flops, found["lesson"].flops) == (14.0, 28.0)
    # a prompt and four answers are 26, and one more would be 30
    assert (found["vote"].samples, found["vote"].flops) == (4, 26.0)
    assert sum(spent.tokens for spent in usage) == len(engine.requests)
    assert {request.purpose for request in engine.requests} == {"evaluation"}


def test_lessons_are_of_other_problems_and_wrong_ones_are_not_shown() -> None:
    def unsure(request: Request) -> str:
        """Ann is wrong where she writes lessons, which are on training problems."""
        return wrong(request) if request.agent == ANN else needs_a_lesson(request)

    problems = Sums().draw("small", 1, 3, 1, "held-out")
    room = classroom(unsure, engine=Metered(unsure))
    ways, _ = compare_ways(room, league(BOB), problems, 1)
    assert ways[0].accuracy.mean == 0.0
    prompts = [request.messages for request in room.engine.requests]
    assert all(len(messages) == 2 for messages in prompts)


def test_without_anybody_to_teach_a_kind_there_are_no_ways() -> None:
    room = classroom(needs_a_lesson)
    assert compare_ways(room, league(ANN), [problem(1)], 1) == ([], [])
    oracles = replace(room, oracles=frozenset([ANN]))
    assert compare_ways(oracles, league(BOB), [problem(1)], 1) == ([], [])
    assert compare_ways(room, league(BOB), [problem(1, family="large")], 1) == ([], [])


def test_the_teacher_of_the_highest_gain_with_the_student_is_recommended() -> None:
    standings = empty_standings()
    assert recommend_teacher(standings, CAT, [ANN, BOB], KIND) == ANN
    helped = episode((1, 1), control=(0,), match=match(BOB, CAT))
    standings.record_episodes([helped])
    assert recommend_teacher(standings, CAT, [ANN, BOB], KIND) == BOB
