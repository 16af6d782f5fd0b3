"""The training loop, one line per stage.

First every expert studies its own domain, all in the same batches. Then they teach each other, and keep practising.
Both loops yield each round as it ends: logging, evaluation, checkpoints and budgets belong to who consumes them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from docendo.league.curriculum import ByRarity
from docendo.league.lineage import Lineage
from docendo.learning.advantages import (
    Group,
    Practice,
    assign_advantages,
    discarded_usage,
    group_attempts,
    group_duels,
    group_lessons,
    group_practice,
    group_questions,
)
from docendo.learning.demonstrations import (
    collect_lesson_demonstrations,
    collect_practice_demonstrations,
)
from docendo.metrics import fought, inquired, measured, results
from docendo.records import Duel, Episode, Problem, Question, by_match, mean_score
from docendo.school import Expert, Round, School
from docendo.seeds import seed_for
from docendo.sft_data import build_examples, count_mixture, draw_problem, worked_examples
from docendo.teaching.game import RolloutSpec

__all__ = [
    "ask",
    "contest",
    "finetune",
    "groups_of",
    "idle_matches",
    "play",
    "practise",
    "renew",
    "teach",
]


def finetune(school: School, rounds: range, count: int, seed: int) -> Iterator[Round]:
    """Supervised rounds: every expert on `count` worked solutions of its own domain, all in the same batches."""
    for index in rounds:
        here = seed_for(seed, "study", index)
        examples = [
            example
            for expert in school.experts
            for example in worked_examples(school, expert, count, here)
        ]
        yield Round(
            index,
            metrics={
                **school.tutor(index).update((), examples),
                **count_mixture(school, count, here),
            },
        )


def teach(school: School, rounds: range, seed: int, met: int = 0) -> Iterator[Round]:
    """Rounds of the teaching game. Before round `met` everybody is kept apart and works on its own domain alone."""
    for index in rounds:
        here = seed_for(seed, "teach", index)
        if index < met:
            yield _work(school.apart, index, here)
            continue
        references = _born(school, school.league.population.start_teaching(index - 1), here)
        played = _work(school, index, here)
        births = renew(school, index, seed_for(here, "renew"))
        yield replace(played, births=[*references, *births])


def _work(school: School, index: int, seed: int) -> Round:
    """What is played, tried, asked and learned in a round."""
    episodes = play(school, index, seed_for(seed, "play"))
    practice = practise(school, index, seed_for(seed, "practice"))
    duels = contest(school, index, seed_for(seed, "duels"))
    questions = ask(school, index, seed_for(seed, "ask"))
    groups = [
        *groups_of(school, episodes, practice),
        *group_duels(duels, school.learners),
        *(group for group in group_questions(questions) if group.agent in school.learners),
    ]
    earned, useful = assign_advantages(groups, school.baseline)
    notes = collect_lesson_demonstrations(
        episodes, school.audience.lessons
    ) + collect_practice_demonstrations(practice, school.audience.homework)
    school.notebook.write([note for note in notes if note[0] in school.learners])
    metrics = school.learner.update(
        earned, build_examples(school, seed_for(seed, "examples"))
    )
    metrics = {
        **metrics,
        **useful,
        **measured(episodes, practice, school.learners),
        **fought(duels, school.learners),
        **inquired(questions),
        **count_mixture(school, school.schedule.rehearsal, seed_for(seed, "examples")),
    }
    return Round(
        index, episodes, practice, metrics, discarded_usage(groups), (), duels, questions
    )


def play(school: School, index: int, seed: int) -> list[Episode]:
    """The matches of a round, and those that replace matches without any useful group, as long as answers are left:
    a lesson that the gate stops saves the attempts that would have followed it.
    """
    league, rules, plan, episodes = (
        school.league,
        school.classroom.rules,
        school.schedule,
        list[Episode](),
    )
    wanted, left, wave = (
        (plan.matches if league.teaching_options else 0),
        plan.matches * rules.answers,
        0,
    )
    while wanted:
        options = league.population.with_copies(
            league.teaching_options, reference_students=wave == 0
        )
        matches = league.matchmaker(
            options, league.standings, wanted, seed_for(seed, "pair", wave)
        )
        played = school.classroom.play(
            index, matches, league.standings, seed_for(seed, wave)
        )
        league.standings.record_episodes(played)
        league.problem_replay.observe(played)
        episodes += played
        left -= _answers(played, rules.controls)
        wanted = (
            min(idle_matches(school, played), left // rules.answers) if plan.refill else 0
        )
        wave += 1
    return episodes


def groups_of(
    school: School, episodes: Sequence[Episode], practice: Sequence[Practice]
) -> list[Group]:
    """Everything that learners sampled, in groups that share a baseline."""
    reward = school.reward
    groups = [
        *group_attempts(episodes, reward),
        *group_lessons(episodes, reward),
        *group_practice(practice),
    ]
    return [group for group in groups if group.agent in school.learners]


def practise(school: School, index: int, seed: int) -> list[Practice]:
    """Home practice: every expert tries problems of its own domain, graded by ground truth."""
    step, standings = school.schedule.practice_attempts, school.league.standings
    wanted = [
        RolloutSpec(
            expert.agent, problem, None, "practice", seed_for(seed, expert.agent, i, g)
        )
        for expert in school.experts
        for i, problem in enumerate(_homework(school, expert, seed_for(seed, expert.agent)))
        for g in range(step)
    ]
    if not wanted:
        return []
    attempts = school.classroom.attempt(wanted, school.classroom.rules.temperature)
    tried = [
        Practice(wanted[i].agent, wanted[i].problem, tuple(attempts[i : i + step]))
        for i in range(0, len(wanted), step)
    ]
    standings.record_practice(
        [(p.agent, p.problem.kind, mean_score(p.attempts)) for p in tried], index
    )
    return tried


def contest(school: School, index: int, seed: int) -> list[Duel]:
    """The duels of a round, and what they say of who beats whom."""
    arena, league = school.arena, school.league
    if arena is None:
        return []
    present = list(league.population.members)
    pairings = arena.matchmaker(
        present, league.standings, arena.pairings, seed_for(seed, "pair")
    )
    duels = arena.room.play(index, pairings, seed_for(seed, "play"))
    league.standings.record_games(results(duels), arena.matchmaker.game, index)
    return duels


def ask(school: School, index: int, seed: int) -> list[Question]:
    """The questions of models that pose as people; those that the gate admits are problems from the next round on."""
    if school.bureau is None:
        return []
    return school.bureau.desk.ask(index, sorted(school.learners), seed)


def renew(school: School, index: int, seed: int) -> list[Lineage]:
    """After a round: copies that are due, weak members replaced by relatives of strong ones, old copies taken away."""
    births, gone = school.league.population.renew(index, school.league.standings, seed)
    for name in gone:
        school.keeper.remove(name)
        school.league.standings.remove_agent(name)
    return _born(school, births, seed)


def _born(school: School, births: Sequence[Lineage], seed: int) -> list[Lineage]:
    """Make the agents be what the births say."""
    scale = school.league.population.mutation_scale
    for birth in births:
        if birth.is_copy:
            school.keeper.snapshot(birth.parents[0], birth.name)
            school.league.standings.copy_agent(birth.name, birth.parents[0])
        else:
            school.keeper.replace(
                birth.name, birth.parents, scale, seed_for(seed, birth.name)
            )
            school.league.standings.clear_agent(birth.name)
    return list(births)


def idle_matches(school: School, episodes: Sequence[Episode]) -> int:
    """How many matches have no group of a learner that varies."""
    return sum(
        all(group.flat for group in groups_of(school, lessons, ()))
        for lessons in by_match(episodes)
    )


def _homework(school: School, expert: Expert, seed: int) -> list[Problem]:
    """Problems of the domains that the expert practises, of kinds that the curriculum wants or that are missing."""
    kinds = expert.practised or expert.kinds
    if not kinds or not school.schedule.practice:
        return []
    rng = np.random.default_rng(seed)
    belief = school.league.standings.rates_unaided([expert.agent], kinds)
    wanted = school.league.curriculum
    if school.league.missing:
        wanted = ByRarity(wanted, school.notebook.held(expert.agent))
    weights = wanted.weights(kinds, belief)
    chosen = rng.choice(len(kinds), school.schedule.practice, p=weights)
    return [draw_problem(school, kinds[k], seed_for(seed, i)) for i, k in enumerate(chosen)]


def _answers(episodes: Sequence[Episode], controls: int) -> int:
    """How many completions were sampled; a textbook's lessons count too."""
    return len(by_match(episodes)) * controls + sum(
        len(e.lesson.examples) + len(e.attempts) for e in episodes
    )
