"""Models that ask: they write questions, a gate accepts some, and other agents try those.

Axes: Q questions of one request, T attempts at a question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from docendo.asking.gate import (
    QuestionShape,
    measure_shape,
    parse_question,
    rejection_reason,
)
from docendo.asking.verifiers import Solver
from docendo.interfaces import Engine
from docendo.prompts import persona_prompt
from docendo.records import AgentId, Message, Problem, Question, Request, TaskType
from docendo.sandbox.worker import CallError
from docendo.seeds import seed_for
from docendo.teaching.classroom import Classroom, RolloutSpec

__all__ = ["Asker", "QuestionWriter", "question_prompt"]

_SHAPE_SAMPLE = 24
"""Problems from which the shape of a task type is measured."""


class Asker(NamedTuple):
    """A model that asks, and what it is asked for."""

    name: str
    agent: AgentId
    """Who writes."""
    task_types: Sequence[TaskType]
    """What it writes questions of, all of one domain."""
    personas: Sequence[tuple[str, str]]
    """Name and description."""
    questions: int
    """Q, at least 2: they are compared with each other."""
    answer_attempts: int
    """T, of every answerer at each question."""
    agreement: float
    """The least share of attempts that must reach the asker's answer where no program knows
    it."""
    sft_fraction: float
    """Questions that the asker imitates, as a share of the worked solutions that it trains
    on."""
    solver: Solver | None = None
    """A program that knows the answer; without one, answerers must agree with the asker."""
    accept: Callable[[Sequence[Problem]], None] = lambda _problems: None
    """Takes in the accepted questions: they are problems from the next round on."""

    @property
    def domain(self) -> str:
        return self.task_types[0].domain


class _Draft(NamedTuple):
    asker: Asker
    question: Question
    is_verified: bool
    """Whether a program confirmed the answer."""


@dataclass(frozen=True)
class QuestionWriter:
    """Has questions written, checked and tried."""

    engine: Engine
    classroom: Classroom
    askers: Sequence[Asker]
    accepted: Callable[[str], Sequence[Problem]]
    """The questions of a domain that were accepted before."""
    draw_example: Callable[[TaskType, int], Problem]
    """A problem of a task type by the domain's own program, by seed: what the asker is
    shown."""
    instruction_of: Callable[[AgentId], str]
    is_held_out: Callable[[Problem], bool] = lambda _problem: False
    """Whether a problem is one that agents are evaluated on."""

    def ask(
        self, round_index: int, answerers: Sequence[AgentId], seed: int
    ) -> list[Question]:
        """The questions of a round, refused with the reason or tried.

        The Q of one request are adjacent.

        Those that are not refused after the attempts go to their asker's `accept`.
        """
        drafts = []
        for asker in self.askers:
            drafts += self._write(asker, round_index, seed_for(seed, asker.name))

        # Only what the gate let through costs attempts. All askers' questions are one batch.
        open_drafts = [draft for draft in drafts if not draft.question.refused]
        scores = iter(self._try_answers(open_drafts, answerers, seed_for(seed, "tries")))
        questions = []
        for draft in drafts:
            question = draft.question
            if not question.refused:
                question = _apply_agreement(draft, replace(question, tries=next(scores)))
            questions.append(question)

        for asker in self.askers:
            problems = []
            for draft, question in zip(drafts, questions, strict=True):
                if draft.asker is asker and not question.refused and question.problem:
                    problems.append(question.problem)
            asker.accept(problems)
        return questions

    def _write(self, asker: Asker, round_index: int, seed: int) -> list[_Draft]:
        """Q questions of one persona on one task type, checked one after the other."""
        rng = Random(seed)
        persona, description = rng.choice(list(asker.personas))
        task_type = rng.choice(list(asker.task_types))
        example = self.draw_example(task_type, seed_for(seed, "example"))
        messages = question_prompt(example, description, self.instruction_of(asker.agent))

        # The Q questions share one prompt: they are a group, and their payoffs are compared.
        rules = self.classroom.rules
        requests = []
        for q in range(asker.questions):
            request = Request(
                agent=asker.agent,
                messages=messages,
                seed=seed_for(seed, "question", q),
                # A question comes with its solution.
                max_tokens=2 * rules.max_tokens,
                temperature=rules.temperature,
                purpose="asking",
            )
            requests.append(request)

        # The example counts as asked before: copying it would be the easiest question to write.
        earlier_questions = [example.prompt]
        for accepted in self.accepted(asker.domain):
            if accepted.task_type == task_type:
                earlier_questions.append(accepted.prompt)

        shape = self._measure_shape(task_type, seed)
        drafts = []
        for completion in self.engine.sample(requests):
            problem, reason = _parse(completion.text, task_type, f"agent:{asker.agent}")
            is_verified = False
            if problem:
                reason = rejection_reason(problem, shape, earlier_questions)
            if problem and not reason and self.is_held_out(problem):
                reason = "duplicate: a question of the evaluation"
            if problem and not reason and asker.solver:
                reason = _verify(problem, asker.solver)
                is_verified = not reason
            if problem and not reason:
                earlier_questions.append(problem.prompt)

            question = Question(
                round=round_index,
                asker=asker.agent,
                persona=persona,
                task_type=task_type,
                completion=completion,
                problem=problem,
                refused=reason,
            )
            drafts.append(_Draft(asker, question, is_verified))
        return drafts

    def _measure_shape(self, task_type: TaskType, seed: int) -> QuestionShape:
        examples = []
        for i in range(_SHAPE_SAMPLE):
            examples.append(self.draw_example(task_type, seed_for(seed, "form", i)))
        return measure_shape(examples)

    def _try_answers(
        self, drafts: Sequence[_Draft], answerers: Sequence[AgentId], seed: int
    ) -> list[tuple[tuple[AgentId, float], ...]]:
        """The scores of everybody but the asker at each question, T each."""
        specs: list[RolloutSpec] = []
        for i, (asker, question, _) in enumerate(drafts):
            problem = question.problem
            for agent in answerers:
                # an asker that answered itself could be paid for what nobody else understands
                if agent == question.asker or problem is None:
                    continue
                for attempt in range(asker.answer_attempts):
                    spec_seed = seed_for(seed, i, agent, attempt)
                    spec = RolloutSpec(agent, problem, None, "trying", spec_seed, (i, None))
                    specs.append(spec)

        scores: list[tuple[tuple[AgentId, float], ...]] = [()] * len(drafts)
        if specs:
            rollouts = self.classroom.roll_out(specs, self.classroom.rules.temperature)
            for spec, rollout in zip(specs, rollouts, strict=True):
                i, _ = spec.group
                scores[i] = (*scores[i], (spec.agent, rollout.verdict.score))
        return scores


def question_prompt(
    example: Problem, persona: str, instruction: str
) -> tuple[Message, ...]:
    """The request to an asker: the persona's description, and an example question."""
    return persona_prompt(persona, example.prompt, example.worked, instruction)


def _parse(text: str, task_type: TaskType, source: str) -> tuple[Problem | None, str]:
    """The problem in a text, and why it is refused."""
    parsed = parse_question(text)
    if parsed is None:
        return None, "unreadable: no question and answer"
    question, answer, solution = parsed
    return Problem(*task_type, question, answer, solution, source=source), ""


def _verify(problem: Problem, solver: Solver) -> str:
    """Why a program refuses a question; empty where it comes to the same answer."""
    try:
        answer = solver(problem.prompt)
    except CallError as error:
        return f"unsolved: {error}"[:200]
    if answer is None:
        return "unsolved: no program can tell the answer"
    if answer != problem.answer:
        return f"answer: it is {answer}, not {problem.answer}"[:120]
    return ""


def _apply_agreement(draft: _Draft, question: Question) -> Question:
    """Refuse an unverified question unless enough attempts reached its answer."""
    if draft.is_verified:
        return question

    # Without a program nobody knows the answer: at least one other agent must come to it.
    right = sum(score >= 1 for _, score in question.tries)
    needed = max(1, draft.asker.agreement * len(question.tries))
    if right >= needed:
        return question
    reason = f"disagreement: {right} of {len(question.tries)} came to the answer"
    return replace(question, refused=reason)
