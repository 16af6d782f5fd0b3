"""The answers of a study's evaluations: with and without a worked example, and by majority vote."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from docendo.errors import RunError
from docendo.records import BASE, AgentId, Lesson, Problem, Rollout
from docendo.run.evaluation import worked_lesson
from docendo.run.session import Session
from docendo.seeds import seed_for
from docendo.study.eval_problems import EvalProblems
from docendo.study.results import AnswerKeys
from docendo.teaching.classroom import Classroom, RolloutSpec

__all__ = [
    "accuracy_by_domain",
    "answer_greedily",
    "answer_keys",
    "answer_problems",
    "answer_with_lessons",
    "check_prompt_lengths",
    "sample_votes",
]

_PURPOSE = "evaluation"


def answer_problems(
    classroom: Classroom, agents: Sequence[AgentId], problems: EvalProblems
) -> dict[AgentId, list[Rollout]]:
    """The greedy answer of each agent to each problem, without a lesson."""
    return answer_greedily(classroom, agents, [(problem, None) for problem in problems])


def answer_with_lessons(
    session: Session, agents: Sequence[AgentId], problems: EvalProblems
) -> dict[AgentId, list[Rollout]]:
    """The same after a correct worked example of the problem's family and level."""
    pairs = [(problem, _worked_example(session, problem)) for problem in problems]
    return answer_greedily(session.school.classroom, agents, pairs)


def answer_greedily(
    classroom: Classroom,
    agents: Sequence[AgentId],
    problems: Sequence[tuple[Problem, Lesson | None]],
) -> dict[AgentId, list[Rollout]]:
    """The greedy answer of each agent to each problem, after its lesson where it has one."""
    specs = []
    for agent in agents:
        for problem, lesson in problems:
            specs.append(RolloutSpec(agent, problem, lesson, _PURPOSE, 0))
    # One call for all agents: the engine batches them, whichever adapters they have.
    rollouts = classroom.roll_out(specs, temperature=0.0)

    by_agent: dict[AgentId, list[Rollout]] = {}
    for spec, rollout in zip(specs, rollouts, strict=True):
        by_agent.setdefault(spec.agent, []).append(rollout)
    return by_agent


def check_prompt_lengths(session: Session, problems: EvalProblems) -> None:
    """Asks the longest question of each domain, so that a failure comes before the training.

    Raises UserError or RunError where there is no worked example, or where it makes the
    question too long for the model. The cost is booked nowhere.
    """
    # Characters stand for tokens here: the longest text is near enough the longest prompt.
    longest: dict[str, tuple[int, Problem]] = {}
    for problem in problems:
        example = _worked_example(session, problem).problems[0]
        length = len(problem.prompt + example.prompt + example.worked)
        if problem.domain not in longest or length > longest[problem.domain][0]:
            longest[problem.domain] = length, problem

    for domain, (_, problem) in longest.items():
        try:
            answer_with_lessons(session, [BASE, *session.config.learner_ids], [problem])
        except RunError as error:
            raise RunError(
                f"[domains.{domain}], the longest question after a worked example: {error}"
            ) from error
    # What was asked here is no part of the training's cost.
    session.school.classroom.engine.pop_usage()


def _worked_example(session: Session, problem: Problem) -> Lesson:
    source = session.catalog.sources[problem.domain]
    return worked_lesson(source, problem, session.config.evaluation.seed)


def sample_votes(
    classroom: Classroom, problems: EvalProblems, agent: AgentId, count: int
) -> dict[AgentId, list[Rollout]]:
    """Several samples of one agent for each problem, each sample under a name of its own."""
    specs = []
    for i in range(count):
        for problem in problems:
            # of the problem, not of its place: equal problems get equal samples
            seed = seed_for(0, "vote", problem.key, i)
            specs.append(RolloutSpec(agent, problem, None, _PURPOSE, seed))
    rollouts = classroom.roll_out(specs, classroom.rules.temperature)

    size = len(problems)
    by_sample = {}
    for i in range(count):
        by_sample[AgentId(f"{agent}-{i}")] = rollouts[i * size : (i + 1) * size]
    return by_sample


def answer_keys(
    rollouts: Mapping[AgentId, Sequence[Rollout]], problems: EvalProblems
) -> AnswerKeys:
    """Answer keys by agent and family, families in alphabetical order."""
    keys: AnswerKeys = {}
    for agent, answers in rollouts.items():
        by_family: dict[tuple[str, str], str] = {}
        for problem, answer in zip(problems, answers, strict=True):
            family = problem.domain, problem.family
            mark = "1" if answer.verdict.score >= 1 else "0"  # partial credit is wrong
            by_family[family] = by_family.get(family, "") + mark
        keys[agent] = {
            f"{domain}/{family}": key for (domain, family), key in sorted(by_family.items())
        }
    return keys


def accuracy_by_domain(keys: AnswerKeys) -> dict[str, dict[str, float]]:
    """Share of right answers by agent and domain; a domain's families weigh the same."""
    accuracy = {}
    for agent, by_family in keys.items():
        shares: dict[str, list[float]] = {}
        for family, key in by_family.items():
            domain = family.partition("/")[0]
            shares.setdefault(domain, []).append(key.count("1") / len(key))
        accuracy[agent] = {domain: fmean(values) for domain, values in shares.items()}
    return accuracy
