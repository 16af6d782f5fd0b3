"""Which texts of a round may be labelled, by whom, and what the labeller reads before them."""

from collections.abc import Iterator
from itertools import cycle, islice
from random import Random
from typing import NamedTuple

from docendo.learning.demonstrations import (
    Imitable,
    find_right_solutions,
    find_useful_lessons,
)
from docendo.records import (
    BASE,
    AgentId,
    Completion,
    Lesson,
    Problem,
    Rollout,
    TaskType,
    Verdict,
    by_match,
)
from docendo.school import Round, School
from docendo.seeds import seed_for
from docendo.sft_data import draw_problem, draw_solved_problem
from docendo.tools.calls import render_tool_calls

__all__ = ["Text", "find_attempts", "find_demonstrations", "find_taught", "headroom"]


class Text(NamedTuple):
    """A text that may be labelled: an answer of a student's own, or one that it imitates."""

    student: AgentId
    """Who is trained on it."""
    labeller: AgentId
    problem: Problem
    rollout: Rollout | None = None
    """None: the student's own attempt, which is sampled once it is chosen."""
    lesson: Lesson | None = None
    """What the labeller reads before the problem; in training the student does not."""


def headroom(school: School, text: Text) -> float:
    """How much more often its labeller is right than its student, in [-1, 1], as far as is known."""
    standings = school.league.standings
    rates_of = standings.rates_after_lesson if text.lesson else standings.rates_unaided
    task_types = [text.problem.task_type]
    labeller = rates_of([text.labeller], task_types)
    student = standings.rates_unaided([text.student], task_types)
    return float(labeller.mean_N[0] - student.mean_N[0])


def find_demonstrations(school: School, played: Round, seed: int) -> Iterator[Text]:
    """What may be imitated of this round, each text labelled by its author."""
    recipients = school.recipients
    for imitable in find_useful_lessons(played.episodes, recipients.lessons):
        if not recipients.withholding.withholds(imitable.problem, imitable.agent):
            yield _imitated(school, imitable)

    for imitable in find_right_solutions(played.practice, recipients.solutions):
        # an author learns nothing from what it thinks itself
        if imitable.agent != imitable.author:
            yield _imitated(school, imitable)


def find_attempts(
    school: School, played: Round, seed: int, *, reader: str
) -> Iterator[Text]:
    """Attempts without a lesson, for a reader of one: the agent itself or the base.

    Self-distillation finetuning (Shenfeld et al. 2026).
    """
    for lessons in by_match(played.episodes):
        shown = [
            episode for episode in lessons if episode.attempts and episode.lesson.passed
        ]
        if not shown:
            continue
        best = max(shown, key=lambda episode: episode.gain or 0.0)
        student = best.match.student
        if school.recipients.withholding.withholds(best.test, student):
            continue
        for attempt in best.control:
            labeller = student if reader == "self" else BASE
            yield Text(student, labeller, best.test, attempt, best.shown)

    for i, (student, problem, attempts) in enumerate(played.practice):
        lesson = _find_worked_example(school, student, problem, seed_for(seed, i))
        for attempt in attempts if lesson else ():
            labeller = student if reader == "self" else BASE
            yield Text(student, labeller, problem, attempt, lesson)


def find_taught(school: School, played: Round, seed: int, *, count: int) -> Iterator[Text]:
    """Attempts of students at others' domains, each labelled by one expert.

    Multi-teacher on-policy distillation: experts are never averaged (Ma et al. 2026); of several
    the best one labels. Matches have attempts without a lesson; up to `count` more for each
    student and domain are yet to be sampled.
    """
    controls: dict[tuple[AgentId, TaskType], list[tuple[Problem, Rollout]]] = {}
    for lessons in by_match(played.episodes):
        student, test = lessons[0].match.student, lessons[0].test
        tried = controls.setdefault((student, test.task_type), [])
        tried += [(test, attempt) for attempt in lessons[0].control]

    experts = _best_experts(school)
    for (student, domain), expert_of in sorted(experts.items()):
        for task_type, expert in expert_of.items():
            for problem, attempt in controls.get((student, task_type), ()):
                yield Text(student, expert, problem, attempt)

        rng = Random(seed_for(seed, student, domain))
        shuffled = rng.sample(list(expert_of), len(expert_of))
        for task_type in islice(cycle(shuffled), count):
            problem = draw_problem(school, task_type, rng.getrandbits(62))
            yield Text(student, expert_of[task_type], problem)


def _best_experts(
    school: School,
) -> dict[tuple[AgentId, str], dict[TaskType, AgentId]]:
    """By student and domain: the expert of each task type that is right most often."""
    standings = school.league.standings
    experts: dict[tuple[AgentId, str], dict[TaskType, AgentId]] = {}
    for task_type, teachers, students in school.league.teaching_options:
        rates_N = standings.rates_unaided(teachers, [task_type] * len(teachers)).mean_N
        ranked = [teachers[n] for n in (-rates_N).argsort(kind="stable")]
        for student in school.learners.intersection(students):
            others = [teacher for teacher in ranked if teacher != student]
            if others:
                of_domain = experts.setdefault((student, task_type.domain), {})
                of_domain[task_type] = others[0]
    return experts


def _imitated(school: School, imitable: Imitable) -> Text:
    """A text in its student's own tokens and notation of tool calls."""
    student, author, problem, rollout, lesson = imitable
    toolset = school.classroom.tools.get(student)
    written = render_tool_calls(problem.prompt, rollout.completion.written, toolset)
    own = rollout._replace(completion=Completion(written))
    # a right attempt's author had read the lesson: so does its labeller (Snell et al. 2022)
    return Text(student, author, problem, own, lesson)


def _find_worked_example(
    school: School, agent: AgentId, problem: Problem, seed: int
) -> Lesson | None:
    """A verified solution of another problem of the task type, by somebody or the own domain's.

    None where the agent has none.
    """
    shots = school.demonstrations.sample(agent, 2, seed, None, {problem.task_type})
    for expert in school.experts:
        if expert.agent == agent and problem.task_type in expert.task_types:
            drawn = draw_solved_problem(school, problem.task_type, seed)
            shots.append((drawn, drawn.worked))

    for shot, text in shots:
        if text and shot.key != problem.key:
            return Lesson((shot,), (Rollout(Completion(text), Verdict(1.0, "verified")),))
    return None
