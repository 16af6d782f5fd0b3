"""What agents are finetuned on: their own domains' worked solutions, and demonstrations.

Demonstrations are useful lessons and right solutions by others, from an agent's buffer.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from random import Random
from typing import Any

from docendo.asking.gate import render_question
from docendo.asking.questions import QuestionWriter, question_prompt
from docendo.games.text_game import demonstrate_rules
from docendo.learning.demonstrations import Demonstration
from docendo.parts import PartConfig
from docendo.prompts import lesson_prompt, solve_prompt
from docendo.records import AgentId, Example, MetricKey, Problem, TaskType
from docendo.school import Expert, MixtureSource, School, SFTData
from docendo.seeds import seed_for
from docendo.tools.calls import render_tool_calls

__all__ = [
    "DemonstrationsConfig",
    "build_examples",
    "count_mixture",
    "draw_imitation",
    "draw_own_demonstrations",
    "draw_own_problems",
    "draw_problem",
    "draw_rehearsal",
    "draw_solved_problem",
    "draw_worked_examples",
]


def build_examples(school: School, seed: int) -> list[Example]:
    """What every agent trains on in a round of the teaching game, shuffled by agent."""
    schedule = school.schedule
    examples = []
    for expert in school.experts:
        # Rehearsal beside imitation (experience replay against forgetting): an agent that
        # learned from others alone would lose its own domain.
        mixture = draw_imitation(school, expert, schedule.imitation, seed)
        mixture += draw_rehearsal(school, expert, schedule.rehearsal, seed)
        mixture += _draw_questions(school, expert, schedule.rehearsal, seed)
        Random(seed_for(seed, "mix", expert.agent)).shuffle(mixture)
        examples += mixture
    return examples


class DemonstrationsConfig(PartConfig):
    """Rehearsal of an agent's own data, and imitation of useful lessons and right solutions."""

    type: str = "demonstrations"

    def build(self, context: Any = None) -> SFTData:
        return build_examples


def draw_worked_examples(
    school: School, expert: Expert, count: int, seed: int
) -> list[Example]:
    """The examples of the first stage: the expert's own data, legal moves, questions."""
    rehearsal = draw_rehearsal(school, expert, count, seed)
    moves = _draw_legal_moves(school, expert, count, seed)
    return rehearsal + moves + _draw_questions(school, expert, count, seed)


def draw_rehearsal(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """`count` worked solutions of the expert's own domains, or of its data mixture.

    Some follow another solution of the same task type.
    """
    agent_seed = seed_for(seed, "rehearse", expert.agent)
    # as many shots as examples; the examples come first, so that `count_mixture` finds them
    drawn = draw_own_demonstrations(school, expert, 2 * count, agent_seed)
    share = school.schedule.rehearsal_one_shot_fraction
    return _format_examples(
        school,
        expert.agent,
        drawn[:count],
        shots=drawn[count:],
        one_shot_fraction=school.schedule.one_shot_fraction if share is None else share,
        seed=agent_seed,
    )


def draw_imitation(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Up to `count` demonstrations from the expert's buffer, by the imitation curriculum.

    Some follow another demonstration of the same task type.
    """
    agent_seed = seed_for(seed, "imitate", expert.agent)
    task_types = expert.task_types if expert.is_apart else None
    buffer = school.demonstrations

    weights = None
    curriculum = school.league.imitation_curriculum
    available = buffer.task_types_of(expert.agent, task_types)
    if curriculum is not None and available:
        success = school.league.standings.rates_unaided([expert.agent], available)
        weights_N = curriculum(available, success, {})
        weights = dict(zip(available, weights_N.tolist(), strict=True))

    # demonstrations are few, so an example may be another one's shot, unlike in rehearsal
    drawn = buffer.sample(expert.agent, 2 * count, agent_seed, weights, task_types)
    return _format_examples(
        school,
        expert.agent,
        drawn[:count],
        shots=drawn,
        one_shot_fraction=school.schedule.one_shot_fraction,
        seed=agent_seed,
    )


def _draw_legal_moves(
    school: School, expert: Expert, count: int, seed: int
) -> list[Example]:
    """Turns of random games, each answered with every legal move in turn.

    They show which moves there are and how a move is written.
    """
    arena = school.arena
    if arena is None or not arena.rules:
        return []

    rules_seed = seed_for(seed, "rules", expert.agent)
    instruction = school.classroom.instructions[expert.agent]
    num_turns = round(count * arena.rules)
    turns = demonstrate_rules(arena.game, num_turns, rules_seed, instruction)
    return [Example(expert.agent, messages, text) for messages, text in turns]


def _draw_questions(school: School, expert: Expert, count: int, seed: int) -> list[Example]:
    """Requests to write a question, each answered by a problem of the domain's program."""
    phase = school.question_phase
    fraction = phase.sft_fraction.get(expert.agent, 0.0) if phase else 0.0
    if phase is None or not fraction:
        return []

    rng = Random(seed_for(seed, "questions", expert.agent))
    writer = phase.writer
    instruction = writer.instruction_of(expert.agent)
    askers = [asker for asker in writer.askers if asker.agent == expert.agent]
    examples = []
    for _ in range(round(count * fraction)):
        asker = rng.choice(askers)
        task_type = rng.choice(list(asker.task_types))
        _, persona = rng.choice(list(asker.personas))
        example = _draw_question(school, writer, task_type, rng.getrandbits(62))
        target = _draw_question(school, writer, task_type, rng.getrandbits(62))

        # a prompt that shows the question to write would teach copying
        if example.key != target.key:
            messages = question_prompt(example, persona, instruction)
            examples.append(Example(expert.agent, messages, render_question(target)))
    return examples


def _format_examples(
    school: School,
    agent: AgentId,
    demonstrations: Sequence[Demonstration],
    *,
    shots: Sequence[Demonstration],
    one_shot_fraction: float,
    seed: int,
) -> list[Example]:
    """One example per demonstration, a share of them after one of `shots` (one-shot).

    The shot is another problem of the same task type.
    """
    instruction = school.classroom.instructions[agent]
    toolset = school.classroom.tools.get(agent)
    rng = Random(seed)
    examples = []
    for problem, solution in demonstrations:
        similar = []
        for shot, text in shots:
            if shot.task_type == problem.task_type and shot.key != problem.key:
                similar.append((shot, text))

        # Trained on bare questions alone, an agent would unlearn to read the worked example of
        # a lesson.
        messages = solve_prompt(problem.prompt, instruction)
        if similar and rng.random() < one_shot_fraction:
            shot, text = rng.choice(similar)
            example = shot.prompt, render_tool_calls(shot.prompt, text, toolset)
            messages = lesson_prompt([example], problem.prompt, instruction)

        target = render_tool_calls(problem.prompt, solution, toolset)
        examples.append(Example(agent, messages, target))
    return examples


def draw_own_demonstrations(
    school: School, expert: Expert, count: int, seed: int
) -> list[Demonstration]:
    """`count` worked solutions of the expert's own domains, or of its data mixture."""
    if not expert.data_mixture:
        problems = draw_own_problems(school, expert, count, seed)
        return [(problem, problem.worked) for problem in problems]

    rng = Random(seed)
    sources = _interleave_sources(expert, count, rng)
    task_types = {}
    for source in expert.data_mixture:
        shuffled = rng.sample(source.task_types, len(source.task_types))
        task_types[source.name] = cycle(shuffled)

    demonstrations = []
    for source in sources:
        if source.rows:
            demonstrations.append(rng.choice(source.rows))
            continue
        problem = draw_solved_problem(
            school, next(task_types[source.name]), rng.getrandbits(62)
        )
        demonstrations.append((problem, problem.worked))
    return demonstrations


def count_mixture(school: School, count: int, seed: int) -> dict[MetricKey, float]:
    """``data/SOURCE`` by agent: how many of `draw_rehearsal`'s `count` examples it gives.

    Agents without a data mixture have no entry.
    """
    metrics = {}
    for expert in school.experts:
        if not expert.data_mixture:
            continue

        # the same draw as in draw_rehearsal, whose first `count` are the examples
        rng = Random(seed_for(seed, "rehearse", expert.agent))
        counts = Counter(source.name for source in _interleave_sources(expert, count, rng))
        for source in expert.data_mixture:
            key = MetricKey(f"data/{source.name}", expert.agent)
            metrics[key] = float(counts[source.name])
    return metrics


def _interleave_sources(expert: Expert, count: int, rng: Random) -> list[MixtureSource]:
    """The source of each example: each as often as its share says, within two.

    A smaller count gives a prefix of a larger one.
    """
    # Weighted round-robin: every step adds each share to what a source is due, and the one that
    # is due most gives an example. Random draws by share would stray by the square root of
    # `count`. From a fixed start every round would begin with the same sources.
    mixture = expert.data_mixture
    total = sum(source.share for source in mixture)
    due = [rng.random() for _ in mixture]
    sources = []
    for _ in range(count):
        for i, source in enumerate(mixture):
            due[i] += source.share / total
        most_due = due.index(max(due))
        due[most_due] -= 1
        sources.append(mixture[most_due])
    return sources


def draw_own_problems(
    school: School, expert: Expert, count: int, seed: int
) -> list[Problem]:
    """`count` training problems with worked solutions, the expert's task types in turn."""
    rng = Random(seed)
    task_types = list(expert.task_types)
    rng.shuffle(task_types)

    problems = []
    for task_type in islice(cycle(task_types), count):
        problems.append(draw_solved_problem(school, task_type, rng.getrandbits(62)))
    return problems


def draw_solved_problem(school: School, task_type: TaskType, seed: int) -> Problem:
    """A training problem with a worked solution; where these are few, they recur."""
    solved = school.classroom.solved_problems.get(task_type)
    return Random(seed).choice(solved) if solved else draw_problem(school, task_type, seed)


def _draw_question(
    school: School, writer: QuestionWriter, task_type: TaskType, seed: int
) -> Problem:
    """A problem of the domain's own program; one with a worked solution if few have one."""
    # not of the domain's whole source, which holds what agents asked: they would imitate that
    solved = school.classroom.solved_problems.get(task_type)
    return Random(seed).choice(solved) if solved else writer.draw_example(task_type, seed)


def draw_problem(school: School, task_type: TaskType, seed: int) -> Problem:
    """A training problem of a task type."""
    source = school.classroom.sources[task_type.domain]
    problems = source.draw(task_type.family, task_type.level, 1, seed, "train")
    return problems[0]
