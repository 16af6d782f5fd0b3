"""Models that ask: posing as people they write questions, a gate admits some, and others try to answer those.

Axes: C commissions, Q questions of each, T tries at a question.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from docendo.asking.verifiers import Solver
from docendo.graders.answer import final_answer
from docendo.interfaces import Engine
from docendo.prompts import persona_prompt
from docendo.records import AgentId, Message, Problem, Question, Request, TaskType
from docendo.sandbox.worker import CallError
from docendo.seeds import seed_for
from docendo.teaching.game import Classroom, RolloutSpec

__all__ = [
    "Asker",
    "QuestionShape",
    "QuestionWriter",
    "commission",
    "measure_shape",
    "parse_question",
    "render_question",
]

_WRITTEN = re.compile(
    r"question\s*:(?P<question>.*?)(?:\n\s*solution\s*:(?P<steps>.*?))?"
    r"(?:^|\n|(?<=:))[ \t]*(?P<answer>answer\s*:[^\n]*)",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = re.compile(r"\w+")
_NUMBER, _FRACTION = re.compile(r"-?\d+(?:\.\d+)?"), re.compile(r"-?\d+/\d+")
_SEEN, _GRAM, _SAME = 24, 4, 0.8
"""Problems from which a kind's form is told; words that are compared together; the share of them that is too much."""


class Asker(NamedTuple):
    """A model of the pool of askers, and what it is asked for."""

    name: str
    agent: AgentId
    """Who writes."""
    kinds: Sequence[TaskType]
    """What it asks for, all of one domain."""
    personas: Sequence[tuple[str, str]]
    """Name, and what the model is told of whom it poses as."""
    questions: int = 4
    """Q, at least 2: they are compared with each other."""
    tries: int = 2
    """Of every answerer at each question."""
    solve: Solver | None = None
    """A program that knows the answer; without one, answerers must agree with the asker."""
    agreement: float = 0.25
    """The least share of tries that must come to the asker's answer where no program knows it."""
    admit: Callable[[Sequence[Problem]], None] = lambda _problems: None
    """Takes in the questions that were let in: problems from the next round on."""

    @property
    def domain(self) -> str:
        return self.kinds[0].domain


class QuestionShape(NamedTuple):
    """What the questions of a kind look like."""

    longest: int
    """Characters."""
    answers: frozenset[str]
    """Of what sort: number, fraction, word, words."""


@dataclass(frozen=True)
class QuestionWriter:
    """Where questions are asked for."""

    engine: Engine
    classroom: Classroom
    askers: Sequence[Asker]
    known: Callable[[str], Sequence[Problem]]
    """What was admitted in a domain before."""
    example: Callable[[TaskType, int], Problem]
    """A problem of a kind by the domain's own program, by seed: what the asker is shown."""
    instruct: Callable[[AgentId], str]

    def ask(self, index: int, answerers: Sequence[AgentId], seed: int) -> list[Question]:
        """C x Q questions of round `index`, those of a commission adjacent: refused with the reason, or tried.

        Those that were let in and are not refused after the tries have gone to their asker's `admit`.
        """
        asked = [
            q
            for asker in self.askers
            for q in self._asked(asker, index, seed_for(seed, asker.name))
        ]
        admitted = [i for i, (_, q, _) in enumerate(asked) if not q.refused]
        tried = self._tried(
            [asked[i][:2] for i in admitted], answerers, seed_for(seed, "tries")
        )
        found = [q for _, q, _ in asked]
        for i, tries in zip(admitted, tried, strict=True):
            found[i] = _settled(
                asked[i][0], replace(found[i], tries=tries), solved=asked[i][2]
            )
        for asker in self.askers:
            own = [
                q
                for (by, _, _), q in zip(asked, found, strict=True)
                if by is asker and not q.refused
            ]
            asker.admit([q.problem for q in own if q.problem])
        return found

    def _asked(
        self, asker: Asker, index: int, seed: int
    ) -> list[tuple[Asker, Question, bool]]:
        """Questions, and whether a program knows the answer of each."""
        rng = Random(seed)
        persona, told = rng.choice(list(asker.personas))
        kind = rng.choice(list(asker.kinds))
        shown = self.example(kind, seed_for(seed, "example"))
        messages = commission(shown, told, self.instruct(asker.agent))
        most, heat = 2 * self.classroom.rules.max_tokens, self.classroom.rules.temperature
        requests = [
            Request(
                asker.agent, messages, seed_for(seed, "question", q), most, heat, "asking"
            )
            for q in range(asker.questions)
        ]
        form = measure_shape(
            [self.example(kind, seed_for(seed, "form", i)) for i in range(_SEEN)]
        )
        others = [
            shown.prompt,
            *(p.prompt for p in self.known(asker.domain) if p.task_type == kind),
        ]
        found = list[tuple[Asker, Question, bool]]()
        for completion in self.engine.sample(requests):
            problem, reason = _read(completion.text, kind, f"agent:{asker.agent}")
            reason = reason or (_unfit(problem, form, others) if problem else "")
            answer = None
            if problem and asker.solve and not reason:
                answer, reason = _solved(problem, asker.solve)
            found.append(
                (
                    asker,
                    Question(
                        index, asker.agent, persona, kind, completion, problem, reason
                    ),
                    bool(answer),
                )
            )
            if problem and not reason:
                others.append(problem.prompt)
        return found

    def _tried(
        self,
        asked: Sequence[tuple[Asker, Question]],
        answerers: Sequence[AgentId],
        seed: int,
    ) -> list[tuple[tuple[AgentId, float], ...]]:
        """The scores of everybody but the asker at each question."""
        wanted, owners = list[RolloutSpec](), list[int]()
        for i, (asker, question) in enumerate(asked):
            for agent in answerers:
                if agent == question.asker or question.problem is None:
                    continue
                for t in range(asker.tries):
                    wanted.append(
                        RolloutSpec(
                            agent,
                            question.problem,
                            None,
                            "trying",
                            seed_for(seed, i, agent, t),
                        )
                    )
                    owners.append(i)
        attempts = (
            self.classroom.attempt(wanted, self.classroom.rules.temperature)
            if wanted
            else []
        )
        found: list[list[tuple[AgentId, float]]] = [[] for _ in asked]
        for i, one, attempt in zip(owners, wanted, attempts, strict=True):
            found[i].append((one.agent, attempt.verdict.score))
        return [tuple(scores) for scores in found]


def commission(shown: Problem, told: str, instruction: str) -> tuple[Message, ...]:
    """What an asker is told: whom it poses as, and an example of what is wanted."""
    return persona_prompt(told, shown.prompt, shown.worked, instruction)


def render_question(problem: Problem) -> str:
    """A problem as an asker is to write it."""
    return f"Question: {problem.prompt}\nSolution: {problem.worked}"


def measure_shape(problems: Sequence[Problem]) -> QuestionShape:
    """The form of a kind, from some of its problems."""
    longest = max(len(p.prompt) for p in problems)
    return QuestionShape(2 * longest + 40, frozenset(_sort(p.answer) for p in problems))


def parse_question(text: str) -> tuple[str, str, str] | None:
    """(question, answer, solution) of ``Question: ...``, ``Solution: ...`` and a last line ``Answer: ...``.

    The solution may be missing, and is then empty. None where question or answer cannot be told.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    question, steps, answer = (
        found["question"].strip(),
        (found["steps"] or "").strip(),
        final_answer(found["answer"]),
    )
    if not question or not answer:
        return None
    return question, answer, f"{steps}\nAnswer: {answer}" if steps else ""


def _read(text: str, kind: TaskType, source: str) -> tuple[Problem | None, str]:
    found = parse_question(text)
    if found is None:
        return None, "unreadable: no question and answer"
    question, answer, solution = found
    return Problem(*kind, question, answer, solution, source=source), ""


def _unfit(problem: Problem, form: QuestionShape, others: Sequence[str]) -> str:
    """Why a question is not let in; empty where nothing speaks against it."""
    question, answer = problem.prompt, problem.answer
    if len(question) > form.longest:
        return f"form: {len(question)} characters, more than {form.longest}"
    if re.search(r"(?im)^\s*question\s*:", question):
        return "form: more than one question"
    if _sort(answer) not in form.answers:
        return f"form: the answer is a {_sort(answer)}, wanted a {' or '.join(sorted(form.answers))}"
    if re.search(rf"(?<!\w){re.escape(answer)}(?!\w)\s*[.!]?$", question):
        return "form: the question ends with its answer"
    return _repeated(question, others)


def _repeated(question: str, others: Sequence[str]) -> str:
    words = _WORDS.findall(question.casefold())
    grams = _grams(words)
    for other in others:
        known = _WORDS.findall(other.casefold())
        if words == known:
            return "duplicate: the same question"
        shared = sum((grams & _grams(known)).values())
        if (
            grams
            and shared > _SAME * max(grams.total(), _grams(known).total())
            and _numbers(words) == _numbers(known)
        ):
            return "duplicate: nearly the same question"
    return ""


def _grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + _GRAM]) for i in range(len(words) - _GRAM + 1))


def _numbers(words: Sequence[str]) -> list[str]:
    return [w for w in words if w.isdigit()]


def _solved(problem: Problem, solve: Solver) -> tuple[str | None, str]:
    """The program's answer, and why the question is refused."""
    try:
        answer = solve(problem.prompt)
    except CallError as error:
        return None, f"unsolved: {error}"[:200]
    if answer is None:
        return None, "unsolved: no program can tell the answer"
    return (
        answer,
        ""
        if answer == problem.answer
        else f"answer: it is {answer}, not {problem.answer}"[:120],
    )


def _settled(asker: Asker, question: Question, solved: bool) -> Question:
    """Where no program knew the answer, enough of those who tried must have come to it."""
    if solved:
        return question
    right = sum(score >= 1 for _, score in question.tries)
    needed = max(1, asker.agreement * len(question.tries))
    if right >= needed:
        return question
    return replace(
        question,
        refused=f"disagreement: {right} of {len(question.tries)} came to the answer",
    )


def _sort(answer: str) -> str:
    text = answer.strip().rstrip(".")
    if _NUMBER.fullmatch(text):
        return "number"
    if _FRACTION.fullmatch(text):
        return "fraction"
    return "word" if len(text.split()) == 1 else "words"
