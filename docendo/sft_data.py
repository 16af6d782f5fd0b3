"""What agents train on by imitation: rehearsals of their own domain, and useful examples of others' domains."""

from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from random import Random

from docendo.asking.gate import render_question
from docendo.asking.questions import QuestionWriter, question_prompt
from docendo.games.text_game import demonstrate_rules
from docendo.learning.demonstrations import Demonstration
from docendo.prompts import lesson_prompt, solve_prompt
from docendo.records import AgentId, Example, Problem, TaskType
from docendo.school import Expert, MixtureSource, School
from docendo.seeds import seed_for
from docendo.tools.calls import render_tool_calls

__all__ = [
    "as_examples",
    "build_examples",
    "count_mixture",
    "draw_own_problems",
    "draw_problem",
    "imitate",
    "legal_moves",
    "own_notes",
    "questions_to_write",
    "rehearse",
    "worked_examples",
]


def build_examples(school: School, seed: int) -> list[Example]:
    """What every agent trains on: useful examples of others' domains among rehearsals of its own."""
    plan, found = school.schedule, list[Example]()
    for expert in school.experts:
        mixed = imitate(school, expert, plan.imitation, seed) + rehearse(
            school, expert, plan.rehearsal, seed
        )
        mixed += questions_to_write(school, expert, plan.rehearsal, seed)
        Random(seed_for(seed, "mix", expert.agent)).shuffle(mixed)
        found += mixed
    return found


def rehearse(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Worked solutions of the own domain, bare answers where there are none; some after another of the same family.

    Of an agent with data of its own, of these.
    """
    here = seed_for(seed, "rehearse", expert.agent)
    notes = own_notes(school, expert, 2 * count, here)
    return as_examples(school, expert.agent, notes[:count], notes[count:], here)


def worked_examples(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """What an expert begins with: its own domain, and how the moves of a game are written."""
    return (
        rehearse(school, expert, count, seed)
        + legal_moves(school, expert, count, seed)
        + questions_to_write(school, expert, count, seed)
    )


def imitate(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Useful examples from the agent's notebook, of the kinds that it now learns best by the curriculum, some after
    another one of the same family."""
    here, league = seed_for(seed, "imitate", expert.agent), school.league
    weights, own = None, expert.task_types if expert.is_apart else None
    curriculum = league.imitation_curriculum
    if curriculum is not None and (kinds := school.demonstrations.kinds(expert.agent, own)):
        success = league.standings.rates_unaided([expert.agent], kinds)
        weights_N = curriculum(kinds, success, {})
        weights = dict(zip(kinds, weights_N.tolist(), strict=True))
    notes = school.demonstrations.study(expert.agent, 2 * count, here, weights, own)
    return as_examples(school, expert.agent, notes[:count], notes, here)


def legal_moves(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Turns of random games, each with every legal move: which moves there are and how they are written."""
    arena = school.arena
    if arena is None or not arena.rules:
        return []
    instruction = school.classroom.instructions[expert.agent]
    pairs = demonstrate_rules(
        arena.game,
        round(count * arena.rules),
        seed_for(seed, "rules", expert.agent),
        instruction,
    )
    return [Example(expert.agent, messages, text) for messages, text in pairs]


def questions_to_write(
    school: School, expert: Expert, count: int, seed: int
) -> list[Example]:
    """Requests to ask, each with a problem that a program asked: how an asker is to write questions."""
    bureau = school.question_phase
    share = bureau.sft_fraction.get(expert.agent, 0.0) if bureau else 0.0
    if bureau is None or not share:
        return []
    desk, rng, found = (
        bureau.writer,
        Random(seed_for(seed, "questions", expert.agent)),
        list[Example](),
    )
    own = [asker for asker in desk.askers if asker.agent == expert.agent]
    for _ in range(round(count * share)):
        asker = rng.choice(own)
        kind, (_, told) = (
            rng.choice(list(asker.task_types)),
            rng.choice(list(asker.personas)),
        )
        shown, wanted = (_shown(school, desk, kind, rng.getrandbits(62)) for _ in range(2))
        if shown.key != wanted.key:
            messages = question_prompt(shown, told, desk.instruction_of(expert.agent))
            found.append(Example(expert.agent, messages, render_question(wanted)))
    return found


def as_examples(
    school: School,
    agent: AgentId,
    notes: Sequence[Demonstration],
    others: Sequence[Demonstration],
    seed: int,
) -> list[Example]:
    """One example per note, a share of them after a worked example from `others` of the same family and level."""
    instruction, rng, found = (
        school.classroom.instructions[agent],
        Random(seed),
        list[Example](),
    )
    own = school.classroom.tools.get(agent)
    for problem, solution in notes:
        kind = problem.task_type
        alike = [n for n in others if n[0].task_type == kind and n[0].key != problem.key]
        if alike and rng.random() < school.schedule.one_shot_fraction:
            shown, worked = rng.choice(alike)
            example = shown.prompt, render_tool_calls(shown.prompt, worked, own)
            messages = lesson_prompt([example], problem.prompt, instruction)
        else:
            messages = solve_prompt(problem.prompt, instruction)
        found.append(
            Example(agent, messages, render_tool_calls(problem.prompt, solution, own))
        )
    return found


def own_notes(school: School, expert: Expert, count: int, seed: int) -> list[Demonstration]:
    """`count` worked solutions of the expert's domain, or of what it studies instead, portion by portion."""
    if not expert.data_mixture:
        return [(p, p.worked) for p in draw_own_problems(school, expert, count, seed)]
    rng, found = Random(seed), list[Demonstration]()
    portions = _portions(expert, count, rng)
    turns = {
        portion.name: cycle(rng.sample(portion.task_types, len(portion.task_types)))
        for portion in expert.data_mixture
    }
    for portion in portions:
        if portion.rows:
            found.append(rng.choice(portion.rows))
        else:
            problem = _solved(school, next(turns[portion.name]), rng.getrandbits(62))
            found.append((problem, problem.worked))
    return found


def count_mixture(school: School, count: int, seed: int) -> dict[str, float]:
    """``data/AGENT/SOURCE``: of the `count` examples that `rehearse` makes, those of each source; nothing of an agent
    without data of its own."""
    found = dict[str, float]()
    for expert in (e for e in school.experts if e.data_mixture):
        rng = Random(seed_for(seed, "rehearse", expert.agent))
        counts = Counter(portion.name for portion in _portions(expert, count, rng))
        found |= {
            f"data/{expert.agent}/{portion.name}": float(counts[portion.name])
            for portion in expert.data_mixture
        }
    return found


def _portions(expert: Expert, count: int, rng: Random) -> list[MixtureSource]:
    """What each example is taken from: portions in turn, each as often as its share says, within two. The first of many
    are those of few.
    """
    total, chosen = (
        sum(portion.share for portion in expert.data_mixture),
        list[MixtureSource](),
    )
    due = [rng.random() for _ in expert.data_mixture]
    for _ in range(count):
        due = [
            some + portion.share / total
            for some, portion in zip(due, expert.data_mixture, strict=True)
        ]
        first = due.index(max(due))
        due[first] -= 1
        chosen.append(expert.data_mixture[first])
    return chosen


def draw_own_problems(
    school: School, expert: Expert, count: int, seed: int
) -> list[Problem]:
    """`count` training problems of the expert's domain that have a worked solution, its kinds in turn."""
    rng = Random(seed)
    kinds = list(expert.task_types)
    rng.shuffle(kinds)
    chosen = [kinds[i % len(kinds)] for i in range(count)] if kinds else []
    return [_solved(school, kind, rng.getrandbits(62)) for kind in chosen]


def _solved(school: School, kind: TaskType, seed: int) -> Problem:
    """A training problem with a worked solution; where these are few, the same ones come again."""
    few = school.classroom.solved_problems.get(kind)
    return Random(seed).choice(few) if few else draw_problem(school, kind, seed)


def _shown(school: School, desk: QuestionWriter, kind: TaskType, seed: int) -> Problem:
    """A problem as its domain asks it, one with a worked solution where these are few."""
    few = school.classroom.solved_problems.get(kind)
    return Random(seed).choice(few) if few else desk.draw_example(kind, seed)


def draw_problem(school: School, kind: TaskType, seed: int) -> Problem:
    """A training problem of a kind."""
    return school.classroom.sources[kind.domain].draw(
        kind.family, kind.level, 1, seed, "train"
    )[0]
