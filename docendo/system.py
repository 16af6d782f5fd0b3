"""The population as a system: an agent asks the teacher that the standings recommend, then answers.

Against the agent alone, its own majority vote at equal compute, and the teacher itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from docendo.graders.answer import final_answer
from docendo.interfaces import Standings
from docendo.records import AgentId, Lesson, Problem, Rollout, TaskType, Usage
from docendo.school import League
from docendo.seeds import seed_for
from docendo.statistics import Estimate, clustered_mean, clustered_share
from docendo.teaching.classroom import Classroom, RolloutSpec

__all__ = ["Way", "compare_ways", "majority_answers", "recommend_teacher"]

_PURPOSE = "evaluation"
_PILOT = 2
_MOST_SAMPLES = 64


class Way(NamedTuple):
    """One way to answer the same questions."""

    name: str
    """``lesson``, ``alone``, ``vote`` or ``teacher``."""
    accuracy: Estimate
    behind: Estimate | None
    """Accuracy with a lesson minus this one, on the same questions; None for ``lesson`` itself."""
    samples: int
    """Answers of the agent to a question."""
    flops: float
    """Operations for a question, those for the lesson included."""


class _Question(NamedTuple):
    student: AgentId
    teacher: AgentId
    problem: Problem


@dataclass
class _Desk:
    """Answers questions, and knows what each batch cost."""

    classroom: Classroom
    usage: list[Usage] = field(default_factory=list)
    """Everything that was spent, also by others before the first batch."""

    def answer(
        self, specs: Sequence[RolloutSpec], temperature: float = 0.0
    ) -> tuple[list[Rollout], float]:
        """One answer per spec, and the operations of all."""
        engine = self.classroom.engine
        self.usage += engine.pop_usage()
        rollouts = self.classroom.roll_out(specs, temperature)
        spent = engine.pop_usage()
        self.usage += spent
        return rollouts, sum(usage.flops for usage in spent)


def compare_ways(
    classroom: Classroom, league: League, problems: Sequence[Problem], seed: int
) -> tuple[list[Way], list[Usage]]:
    """Every way on all questions of students of the problems' kinds, and what was spent.

    No ways where nobody teaches a kind. The usage is everything that the engine had to tell.
    """
    questions = _list_questions(classroom, league, problems)
    desk = _Desk(classroom)
    if not questions:
        return [], []

    bare = [RolloutSpec(q.student, q.problem, None, _PURPOSE, 0) for q in questions]
    alone, alone_flops = desk.answer(bare)
    lessons, lesson_flops = _write_lessons(desk, questions, seed)
    taught = []
    for question, lesson in zip(questions, lessons, strict=True):
        taught.append(RolloutSpec(question.student, question.problem, lesson, _PURPOSE, 0))
    after_lesson, answer_flops = desk.answer(taught)
    asked = [RolloutSpec(q.teacher, q.problem, None, _PURPOSE, 0) for q in questions]
    by_teacher, teacher_flops = desk.answer(asked)

    budget = lesson_flops + answer_flops
    vote_seed = seed_for(seed, "vote")
    votes, samples, vote_flops = _vote(desk, questions, alone_flops, budget, vote_seed)
    answers = {
        "lesson": (after_lesson, 1, budget),
        "alone": (alone, 1, alone_flops),
        "vote": (votes, samples, vote_flops),
        "teacher": (by_teacher, 1, teacher_flops),
    }
    ways = []
    for name, (rollouts, count, flops) in answers.items():
        accuracy = clustered_share(_by_problem(questions, rollouts))
        behind = None
        if name != "lesson":
            behind = clustered_mean(_by_problem(questions, after_lesson, rollouts))
        ways.append(Way(name, accuracy, behind, count, flops / len(questions)))
    return ways, desk.usage


def recommend_teacher(
    standings: Standings, student: AgentId, teachers: Sequence[AgentId], task_type: TaskType
) -> AgentId:
    """The teacher of the highest mean gain on the family, then on the domain, then the most able."""
    domain, family, _ = task_type
    of_family = standings.gains(teachers, [student], f"{domain}/{family}").mean_N
    of_domain = standings.gains(teachers, [student], domain).mean_N
    able = standings.rates_unaided(teachers, [task_type] * len(teachers)).mean_N
    # of equals the first in the order of the league
    ranks = list(zip(of_family.tolist(), of_domain.tolist(), able.tolist(), strict=True))
    return teachers[ranks.index(max(ranks))]


def majority_answers(rollouts: Mapping[AgentId, Sequence[Rollout]]) -> list[Rollout]:
    """For each problem an answer that most agents agree on; the first to be given of equals.

    Agents agree where their final answers are equal. Agents without a final answer do not
    vote, unless no agent has one.
    """
    return list(map(_majority, zip(*rollouts.values(), strict=True)))


def _majority(answers: Sequence[Rollout]) -> Rollout:
    finals = []
    for answer in answers:
        final = final_answer(answer.completion.text) or ""
        finals.append(" ".join(final.lower().split()))
    votes = Counter(filter(None, finals))
    if not votes:
        return answers[0]
    ((winner, _),) = votes.most_common(1)  # the first counted, where several tie
    return answers[finals.index(winner)]


def _list_questions(
    classroom: Classroom, league: League, problems: Sequence[Problem]
) -> list[_Question]:
    """Each problem for each student of its kind, with the teacher that is recommended to it."""
    options = {option.task_type: option for option in league.teaching_options}
    questions = []
    for problem in problems:
        option = options.get(problem.task_type)
        if option is None:  # nobody teaches it
            continue
        for student in option.students:
            # an oracle is no agent: its lessons are the problems' own solutions
            teachers = [
                name
                for name in option.teachers
                if name != student and name not in classroom.oracles
            ]
            if teachers:
                teacher = recommend_teacher(
                    league.standings, student, teachers, problem.task_type
                )
                questions.append(_Question(student, teacher, problem))
    return questions


def _write_lessons(
    desk: _Desk, questions: Sequence[_Question], seed: int
) -> tuple[list[Lesson | None], float]:
    """A greedy lesson for each question, on training problems; None where the gate stops it."""
    rules = desk.classroom.rules
    specs = []
    for student, teacher, problem in questions:
        lesson_seed = seed_for(seed, "system", student, problem.key)
        source = desk.classroom.sources[problem.domain]
        shown = source.draw(
            problem.family, problem.level, rules.examples, lesson_seed, "train"
        )
        specs += [RolloutSpec(teacher, example, None, _PURPOSE, 0) for example in shown]
    rollouts, flops = desk.answer(specs)

    lessons = []
    for start in range(0, len(specs), rules.examples):
        group = slice(start, start + rules.examples)
        examples = tuple(spec.problem for spec in specs[group])
        lesson = Lesson(examples, tuple(rollouts[group]))
        lessons.append(lesson if rules.lets_through(lesson) else None)
    return lessons, flops


def _vote(
    desk: _Desk,
    questions: Sequence[_Question],
    alone_flops: float,
    budget: float,
    seed: int,
) -> tuple[list[Rollout], int, float]:
    """The majority of as many samples as the budget buys, their number, and what they cost."""
    # A prompt is read once for all samples of a batch, so a pilot tells the price of one more.
    _, pilot_flops = _sample(desk, questions, _PILOT, seed)
    price = max(0.0, pilot_flops - alone_flops) / (_PILOT - 1)
    count = 1
    if price:
        affordable = 1 + int((budget - alone_flops) // price)
        count = min(max(1, affordable), _MOST_SAMPLES)
    by_sample, flops = _sample(desk, questions, count, seed)
    return majority_answers(by_sample), count, flops


def _sample(
    desk: _Desk, questions: Sequence[_Question], count: int, seed: int
) -> tuple[dict[AgentId, list[Rollout]], float]:
    specs = []
    for i in range(count):
        for student, _, problem in questions:
            sample_seed = seed_for(seed, student, problem.key, i)
            specs.append(RolloutSpec(student, problem, None, _PURPOSE, sample_seed))
    rollouts, flops = desk.answer(specs, desk.classroom.rules.temperature)
    size = len(questions)
    by_sample = {}
    for i in range(count):
        by_sample[AgentId(str(i))] = rollouts[i * size : (i + 1) * size]
    return by_sample, flops


def _by_problem(
    questions: Sequence[_Question],
    rollouts: Sequence[Rollout],
    others: Sequence[Rollout] | None = None,
) -> list[list[float]]:
    """The scores on each problem, less those of others; its students are not independent."""
    groups: dict[str, list[float]] = {}
    for i, question in enumerate(questions):
        score = rollouts[i].verdict.score
        if others:
            score -= others[i].verdict.score
        groups.setdefault(question.problem.key, []).append(score)
    return list(groups.values())
