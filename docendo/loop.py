"""The training loop, one line per stage.

First every expert studies its own domain, all in the same batches. Then they teach each other, and keep practising.
Both loops yield each round as it ends: logging, evaluation, checkpoints and budgets belong to who consumes them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean

from docendo.classroom.prompts import solve, solve_after
from docendo.classroom.teaching import Classroom, Try
from docendo.interfaces import Learner, Matchmaker, Reward
from docendo.league.standings import LiveStandings
from docendo.learning.credit import (
    Baseline,
    Group,
    Practice,
    assign,
    discarded,
    lesson_groups,
    practice_groups,
    student_groups,
)
from docendo.learning.imitation import Note, Notebook, useful_notes
from docendo.records import AgentId, Episode, Example, Problem, Work
from docendo.seeds import seed_for

__all__ = [
    "Expert",
    "Round",
    "Schedule",
    "School",
    "as_examples",
    "examples_of",
    "groups_of",
    "imitate",
    "measured",
    "own_problems",
    "practise",
    "rehearse",
    "study",
    "teach",
]


@dataclass(frozen=True)
class Expert:
    """A learning agent, and the families and levels of its own domain; none for an agent that is only a student."""

    agent: AgentId
    courses: Sequence[tuple[str, str, int]] = ()
    """(domain, family, level)."""


@dataclass(frozen=True)
class Schedule:
    """How much of everything there is in a round."""

    matches: int = 12
    practice: int = 2
    """Problems that each expert works on at home, each several times."""
    practice_attempts: int = 4
    rehearsal: int = 8
    """Worked solutions of the own domain that each expert trains on again."""
    imitation: int = 16
    """Useful examples that each student trains on."""
    shown: float = 0.33
    """Share of the supervised examples that come after a worked example, so that lessons stay understood."""


@dataclass(frozen=True)
class School:
    experts: Sequence[Expert]
    classroom: Classroom
    pair: Matchmaker
    reward: Reward
    baseline: Baseline
    learner: Learner
    tutor: Callable[[int], Learner]
    """The learner of each supervised round: its learning rate falls."""
    schedule: Schedule
    listeners: Mapping[str, Sequence[AgentId]] = field(default_factory=dict)
    """Who writes down every useful lesson of a domain, not only those given to itself."""
    standings: LiveStandings = field(default_factory=LiveStandings)
    notebook: Notebook = field(default_factory=Notebook)


@dataclass(frozen=True)
class Round:
    index: int
    episodes: Sequence[Episode]
    practice: Sequence[Practice]
    metrics: Mapping[str, float]
    discarded: Sequence[Work] = ()
    """Sampled tokens of groups without any variation."""


def study(school: School, rounds: range, count: int, seed: int) -> Iterator[Round]:
    """Supervised rounds: every expert on `count` worked solutions of its own domain, all in the same batches."""
    for index in rounds:
        here = seed_for(seed, "study", index)
        examples = [example for expert in school.experts for example in rehearse(school, expert, count, here)]
        yield Round(index, (), (), school.tutor(index).update((), examples))


def teach(school: School, rounds: range, seed: int) -> Iterator[Round]:
    """Rounds of the teaching game."""
    plan = school.schedule
    for index in rounds:
        here = seed_for(seed, "teach", index)
        matches = school.pair(school.standings, plan.matches, seed_for(here, "pair"))
        episodes = school.classroom.play(index, matches, school.standings, seed_for(here, "play"))
        practice = practise(school, seed_for(here, "practice"))
        groups = groups_of(episodes, practice, school.reward)
        earned, useful = assign(groups, school.baseline)
        school.notebook.write(useful_notes(episodes, school.listeners))
        metrics = school.learner.update(earned, examples_of(school, seed_for(here, "examples")))
        school.standings.record(episodes)
        metrics = {**metrics, **useful, **measured(episodes, practice)}
        yield Round(index, episodes, practice, metrics, discarded(groups))


def groups_of(episodes: Sequence[Episode], practice: Sequence[Practice], reward: Reward) -> list[Group]:
    """Everything that was sampled, in groups that share a baseline."""
    return [*student_groups(episodes, reward), *lesson_groups(episodes, reward), *practice_groups(practice)]


def practise(school: School, seed: int) -> list[Practice]:
    """Home practice: every expert tries problems of its own domain, graded by ground truth."""
    plan, wanted = school.schedule, list[Try]()
    for expert in school.experts:
        for i, problem in enumerate(own_problems(school, expert, plan.practice, seed_for(seed, expert.agent))):
            for g in range(plan.practice_attempts):
                wanted.append(Try(expert.agent, problem, None, "practice", seed_for(seed, expert.agent, i, g)))
    if not wanted:
        return []
    attempts = school.classroom.attempt(wanted, school.classroom.rules.temperature)
    step = plan.practice_attempts
    return [
        Practice(wanted[i].agent, wanted[i].problem, tuple(attempts[i : i + step])) for i in range(0, len(wanted), step)
    ]


def own_problems(school: School, expert: Expert, count: int, seed: int) -> list[Problem]:
    """`count` training problems of the expert's domain, its families in turn."""
    rng = Random(seed)
    courses = list(expert.courses)
    rng.shuffle(courses)
    chosen = [courses[i % len(courses)] for i in range(count)] if courses else []
    return [
        school.classroom.sources[domain].draw(family, level, 1, rng.getrandbits(62), "train")[0]
        for domain, family, level in chosen
    ]


def rehearse(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Worked solutions of the own domain, bare answers where there are none; some after another of the same family."""
    here = seed_for(seed, "rehearse", expert.agent)
    problems = own_problems(school, expert, 2 * count, here)
    notes = [(p, p.solution or f"Answer: {p.answer}") for p in problems]
    return as_examples(school, expert.agent, notes[:count], notes[count:], here)


def imitate(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Useful examples from the agent's notebook, some after another one of the same family."""
    here = seed_for(seed, "imitate", expert.agent)
    notes = school.notebook.study(expert.agent, 2 * count, here)
    return as_examples(school, expert.agent, notes[:count], notes, here)


def examples_of(school: School, seed: int) -> list[Example]:
    """What every agent trains on: useful examples of others' domains among rehearsals of its own."""
    plan, found = school.schedule, list[Example]()
    for expert in school.experts:
        mixed = imitate(school, expert, plan.imitation, seed) + rehearse(school, expert, plan.rehearsal, seed)
        Random(seed_for(seed, "mix", expert.agent)).shuffle(mixed)
        found += mixed
    return found


def as_examples(
    school: School, agent: AgentId, notes: Sequence[Note], others: Sequence[Note], seed: int
) -> list[Example]:
    """One example per note, a share of them after a worked example from `others` of the same family and level."""
    instruction, rng, found = school.classroom.instructions[agent], Random(seed), list[Example]()
    for problem, solution in notes:
        kind = problem.domain, problem.family, problem.level
        alike = [n for n in others if (n[0].domain, n[0].family, n[0].level) == kind and n[0].key != problem.key]
        if alike and rng.random() < school.schedule.shown:
            shown, worked = rng.choice(alike)
            messages = solve_after([(shown.prompt, worked)], problem.prompt, instruction)
        else:
            messages = solve(problem.prompt, instruction)
        found.append(Example(agent, messages, solution))
    return found


def measured(episodes: Sequence[Episode], practice: Sequence[Practice]) -> dict[str, float]:
    """What a round looked like: gate, gain, scores."""
    gains = [e.gain for e in episodes if e.gain is not None]
    metrics = {"gate/passed": fmean(e.lesson.passed for e in episodes)} if episodes else {}
    if gains:
        metrics["gain"] = fmean(gains)
    if practice:
        metrics["practice/score"] = fmean(a.verdict.score for p in practice for a in p.attempts)
    return metrics
