"""The training loop, one line per stage.

Experts first: every agent is finetuned on worked solutions of its own domain. Then they teach each
other and keep practising. Both loops yield each round as it ends; logging, evaluation, checkpoints
and budgets belong to whoever consumes the rounds. A round has one number, its index over both
stages from 0, wherever it is stored or told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from docendo.league.lineage import Lineage
from docendo.learning.advantages import assign_advantages, discarded_usage, measure_groups
from docendo.learning.demonstrations import (
    collect_lesson_demonstrations,
    collect_practice_demonstrations,
)
from docendo.learning.groups import (
    Group,
    Practice,
    group_attempts,
    group_duels,
    group_lessons,
    group_practice,
    group_questions,
)
from docendo.learning.rewards import pay_episode
from docendo.metrics import measure_duels, measure_questions, measure_teaching, score_duels
from docendo.records import (
    Duel,
    Episode,
    Metrics,
    Problem,
    Question,
    Target,
    by_match,
    mean_score,
)
from docendo.school import Expert, Round, School
from docendo.seeds import seed_for
from docendo.sft_data import (
    count_mixture,
    draw_problem,
    draw_worked_examples,
)
from docendo.teaching.classroom import RolloutSpec
from docendo.teaching.game import play_matches

__all__ = [
    "ask",
    "count_idle_matches",
    "duel",
    "finetune",
    "group_rollouts",
    "label",
    "play",
    "practise",
    "renew_population",
    "teach",
]


def finetune(school: School, rounds: range, count: int, seed: int) -> Iterator[Round]:
    """Supervised rounds: every expert on `count` worked solutions of its own domain."""
    for round_index in rounds:
        round_seed = seed_for(seed, "study", round_index)

        examples = []
        for expert in school.experts:
            examples += draw_worked_examples(school, expert, count, round_seed)

        # one batch for all experts: each trains its own adapter, the base model is shared
        metrics = Metrics(round_index)
        metrics.collect(school.sft_learner(round_index).update((), examples))
        metrics.collect(count_mixture(school, count, round_seed))
        yield Round(round_index, metrics=metrics)


def teach(
    school: School, rounds: range, seed: int, first_matched_round: int = 0
) -> Iterator[Round]:
    """Rounds of the teaching game.

    Before `first_matched_round` agents are kept apart: each works on its own domain alone.
    """
    for round_index in rounds:
        round_seed = seed_for(seed, "teach", round_index)
        if round_index < first_matched_round:
            yield _run_round(school.without_contact, round_index, round_seed)
            continue

        # the reference copies are what agents were before anybody taught them
        opening = school.league.population.start_teaching(round_index - 1)
        reference_copies = _apply_lineage(school, opening, round_seed)

        played = _run_round(school, round_index, round_seed)
        renewed = renew_population(school, round_index, seed_for(round_seed, "renew"))
        yield replace(played, births=[*reference_copies, *renewed])


def _run_round(school: School, round_index: int, seed: int) -> Round:
    """One round: play, practise, duel, ask; then advantages, demonstrations and one update."""
    # Everything is sampled before the update, so its first pass is on-policy.
    episodes = play(school, round_index, seed_for(seed, "play"))
    practice = practise(school, round_index, seed_for(seed, "practice"))
    duels = duel(school, round_index, seed_for(seed, "duels"))
    questions = ask(school, round_index, seed_for(seed, "ask"))

    # Reinforcement: A_i = r_i - b, the baseline b from the other rewards of the group.
    groups = group_rollouts(school, episodes, practice, duels, questions)
    samples = assign_advantages(groups, school.baseline)

    # Imitation: this round's useful lessons and solutions can be drawn at once.
    _remember_demonstrations(school, episodes, practice)
    examples_seed = seed_for(seed, "examples")
    examples = school.sft_data(school, examples_seed)

    # Distillation: a labeller's whole distribution on some of this round's texts.
    played = Round(round_index, episodes, practice)
    labelled = label(school, played, seed_for(seed, "labels"))

    metrics = Metrics(round_index)
    metrics.collect(school.learner.update(samples, examples, labelled))
    metrics.collect(measure_groups(groups))
    metrics.collect(measure_teaching(episodes, practice, school.learners))
    metrics.collect(measure_duels(duels, school.learners))
    metrics.collect(measure_questions(questions))
    metrics.collect(count_mixture(school, school.schedule.rehearsal, examples_seed))
    return Round(
        index=round_index,
        episodes=episodes,
        practice=practice,
        metrics=metrics,
        discarded=discarded_usage(groups),
        duels=duels,
        questions=questions,
    )


def play(school: School, round_index: int, seed: int) -> list[Episode]:
    """The matches of a round, each episode with its payoff.

    With `resample_zero_variance`, matches whose groups all have zero variance are replaced as long
    as completions are left: a lesson that the gate rejects saves the attempts after it.
    """
    league, rules, schedule = school.league, school.classroom.rules, school.schedule
    episodes = []
    completions_left = schedule.matches * rules.answers
    num_matches = schedule.matches if league.teaching_options else 0
    wave = 0

    while num_matches:
        # Reference copies are matched in the first wave; replacements are for learners.
        options = league.population.with_copies(
            league.teaching_options, reference_students=wave == 0
        )
        matches = league.matchmaker(
            options, league.standings, num_matches, seed_for(seed, "pair", wave)
        )
        play_seed = seed_for(seed, wave)
        played = play_matches(
            school.classroom, round_index, matches, league.standings, play_seed
        )
        # Once for each episode: a reward may be random, and a judge's is expensive.
        played = [replace(e, payoff=pay_episode(school.reward, e)) for e in played]

        league.standings.record_episodes(played)
        league.problem_replay.observe(played)
        episodes += played

        # DAPO's dynamic sampling (Yu et al. 2025) fills the batch up with groups whose rewards
        # vary; here within the budget of a round that has no idle match.
        completions_left -= _count_completions(played, rules.control_attempts)
        num_matches = 0
        if schedule.resample_zero_variance:
            affordable = completions_left // rules.answers
            num_matches = min(count_idle_matches(school, played), affordable)
        wave += 1
    return episodes


def practise(school: School, round_index: int, seed: int) -> list[Practice]:
    """Self-practice: agents try problems of their own domain, graded by the domain's evaluator."""
    num_attempts = school.schedule.practice_attempts
    rollouts = []
    for expert in school.experts:
        problems = _practice_problems(school, expert, seed_for(seed, expert.agent))
        for i, problem in enumerate(problems):
            for attempt in range(num_attempts):
                attempt_seed = seed_for(seed, expert.agent, i, attempt)
                rollouts.append(
                    RolloutSpec(expert.agent, problem, None, "practice", attempt_seed)
                )
    if not rollouts:
        return []

    attempts = school.classroom.roll_out(rollouts, school.classroom.rules.temperature)
    practice = []
    outcomes = []
    for start in range(0, len(rollouts), num_attempts):
        agent, problem = rollouts[start].agent, rollouts[start].problem
        tried = tuple(attempts[start : start + num_attempts])
        practice.append(Practice(agent, problem, tried))
        outcomes.append((agent, problem.task_type, mean_score(tried)))
    school.league.standings.record_practice(outcomes, round_index)
    return practice


def duel(school: School, round_index: int, seed: int) -> list[Duel]:
    """The duels of a round; the standings learn who beats whom."""
    arena, league = school.arena, school.league
    if arena is None:
        return []

    present = list(league.population.members)
    pairings = arena.matchmaker(
        present, league.standings, arena.pairings, seed_for(seed, "pair")
    )
    duels = arena.room.play(round_index, pairings, seed_for(seed, "play"))
    league.standings.record_games(score_duels(duels), arena.matchmaker.game, round_index)
    return duels


def ask(school: School, round_index: int, seed: int) -> list[Question]:
    """Questions by models that pose as people; accepted ones are problems from the next round on."""
    if school.question_phase is None:
        return []
    return school.question_phase.writer.ask(round_index, sorted(school.learners), seed)


def label(school: School, played: Round, seed: int) -> list[Target]:
    """Texts with what a labeller thinks of every token, for agents that learn from it."""
    return school.labels(school, played, seed) if school.labels else []


def group_rollouts(
    school: School,
    episodes: Sequence[Episode],
    practice: Sequence[Practice] = (),
    duels: Sequence[Duel] = (),
    questions: Sequence[Question] = (),
) -> list[Group]:
    """What learners sampled, in groups that share a baseline."""
    groups = group_attempts(episodes) + group_lessons(episodes) + group_practice(practice)
    groups += group_duels(duels) + group_questions(questions)

    # frozen copies, oracles, scripted players and endpoints learn nothing
    return [group for group in groups if group.agent in school.learners]


def renew_population(school: School, round_index: int, seed: int) -> list[Lineage]:
    """Population-based training (Jaderberg et al. 2017) and league snapshots, after a round.

    Copies that are due are made, weak members are replaced by relatives of strong ones, and old
    copies leave.
    """
    population = school.league.population
    births, leaving = population.renew(round_index, school.league.standings, seed)
    for agent in leaving:
        school.backend.remove(agent)
        school.league.standings.remove_agent(agent)
    return _apply_lineage(school, births, seed)


def count_idle_matches(school: School, episodes: Sequence[Episode]) -> int:
    """How many matches have no group of a learner whose rewards vary."""
    idle = 0
    for lessons in by_match(episodes):
        groups = group_rollouts(school, lessons)
        idle += all(group.has_zero_variance for group in groups)
    return idle


def _apply_lineage(school: School, births: Sequence[Lineage], seed: int) -> list[Lineage]:
    """Give every new agent its weights and its place in the standings."""
    mutation = school.league.population.mutation_scale
    for birth in births:
        if birth.is_copy:
            school.backend.snapshot(birth.parents[0], birth.name)
            school.league.standings.copy_agent(birth.name, birth.parents[0])
        else:
            # what was observed of the overwritten agent says nothing of the new one
            weights_seed = seed_for(seed, birth.name)
            school.backend.replace(birth.name, birth.parents, mutation, weights_seed)
            school.league.standings.clear_agent(birth.name)
    return list(births)


def _remember_demonstrations(
    school: School, episodes: Sequence[Episode], practice: Sequence[Practice]
) -> None:
    """Useful lessons and right solutions go into the buffers of those who may imitate them."""
    recipients = school.recipients
    lessons = collect_lesson_demonstrations(episodes, recipients.lessons)
    solutions = collect_practice_demonstrations(practice, recipients.solutions)
    collected = recipients.withholding.imitated(lessons) + solutions
    school.demonstrations.add([pair for pair in collected if pair[0] in school.learners])


def _practice_problems(school: School, expert: Expert, seed: int) -> list[Problem]:
    """Training problems of the expert's practice, drawn by the practice curriculum."""
    task_types = expert.practice_task_types or expert.task_types
    if not task_types or not school.schedule.practice:
        return []

    league = school.league
    success = league.standings.rates_unaided([expert.agent], task_types)
    demonstrations = school.demonstrations.count_by_task_type(expert.agent)
    weights = league.practice_curriculum(task_types, success, demonstrations)

    rng = np.random.default_rng(seed)
    problems = []
    drawn = rng.choice(len(task_types), school.schedule.practice, p=weights)
    for i, place in enumerate(drawn):
        problems.append(draw_problem(school, task_types[place], seed_for(seed, i)))
    return problems


def _count_completions(episodes: Sequence[Episode], control_attempts: int) -> int:
    """How many completions were sampled; the lessons of an oracle teacher count, too."""
    count = 0
    for lessons in by_match(episodes):
        count += control_attempts + len(lessons[0].lesson.tries)
    for episode in episodes:
        count += len(episode.lesson.examples) + len(episode.hints) + len(episode.attempts)
    return count
