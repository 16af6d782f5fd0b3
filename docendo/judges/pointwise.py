"""A model that judges: an expert that is neither who asked nor who answered, the base, or an endpoint.

*Solving*: the judge answers the question itself, and the two final answers are compared. It never
sees the answer, so nothing in it can sway the judge. *Reading*: the judge is shown question and answer
and says right or wrong, twice, with the two words in either order. Rules keep answers that are made to
sway it from it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal

from docendo.assertions.suite import read_suite
from docendo.assertions.values import read_value
from docendo.errors import UserError
from docendo.graders.answer import exact, final_answer
from docendo.graders.unit_tests import UnitTestGrader, run_calls
from docendo.interfaces import Engine, Sandbox
from docendo.judges.filters import rejection_reason
from docendo.prompts import INSTRUCTION, solve_prompt, verdict_prompt
from docendo.records import AgentId, Answer, Problem, Request, Verdict, base_agent
from docendo.sandbox.monty import build_strict_monty
from docendo.seeds import seed_for

__all__ = ["NO_JUDGE_LEFT", "ModelJudge", "choose_judge", "sample_texts"]

NO_JUDGE_LEFT = Verdict(0.0, "nobody is left to judge: all judges asked or answered")
_MAX_WORD_TOKENS = 12
"""Tokens of the judge's one word: enough where each letter is a token."""
_WORD_ORDERS = (("right", "wrong"), ("wrong", "right"))
"""A model may favour the word that it reads first, or last."""
_WORD = re.compile(r"[\s\"'`*]*(right|wrong)[\"'`*.!]*\s*", re.IGNORECASE)


@dataclass(frozen=True)
class ModelJudge:
    """A model that solves the question itself, or reads the answer."""

    engine: Engine
    judges: Sequence[AgentId]
    """One of them judges each answer: not its author, and not who asked."""
    mode: Literal["solving", "reading"]
    max_tokens: int
    instructions: Mapping[AgentId, str] = field(default_factory=dict)
    """System prompts of judges that solve, where they have their own."""
    experts: Mapping[str, Collection[AgentId]] = field(default_factory=dict)
    """By domain: they come before other judges."""
    longest: int = 2000
    """Bytes of an answer that is read, so that it always fits the context."""
    run: Sandbox = field(default_factory=build_strict_monty)
    """Where programs are compared by what they do."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order. Equal requests are sent once."""
        verdicts: dict[int, Verdict] = {}
        requests: dict[int, list[Request]] = {}
        for place, answer in enumerate(answers):
            judge = self._choose_judge(answer)
            if judge is None:
                verdicts[place] = NO_JUDGE_LEFT
            elif reason := self._rejection_reason(answer):
                verdicts[place] = Verdict(0.0, reason)
            else:
                requests[place] = self._write_requests(answer, judge)

        text_of = sample_texts(self.engine, chain.from_iterable(requests.values()))
        for place, place_requests in requests.items():
            judge = place_requests[0].agent
            texts = [text_of[request] for request in place_requests]
            if self.mode == "solving":
                verdicts[place] = self._compare(answers[place], judge, texts[0])
            else:
                verdicts[place] = _read_words(judge, texts)
        return [verdicts[place] for place in range(len(answers))]

    def _choose_judge(self, answer: Answer) -> AgentId | None:
        experts = self.experts.get(answer.problem.domain, ())
        return choose_judge(self.judges, answer.problem, {answer.author}, experts)

    def _rejection_reason(self, answer: Answer) -> str:
        """Why no judge is asked about an answer; empty where one is."""
        if self.mode == "solving":
            # The judge does not see the answer, so nothing in it can sway the judge.
            return "" if answer.text.strip() else "no answer"
        return rejection_reason(answer.problem, answer.text, self.longest)

    def _write_requests(self, answer: Answer, judge: AgentId) -> list[Request]:
        question = answer.problem.prompt
        seed = seed_for(0, "judging", answer.problem.key)
        if self.mode == "solving":
            system_prompt = self.instructions.get(base_agent(judge), INSTRUCTION)
            messages = solve_prompt(question, system_prompt)
            return [Request(judge, messages, seed, self.max_tokens, 0.0, "judging")]

        requests = []
        for words in _WORD_ORDERS:
            messages = verdict_prompt(question, answer.text.strip(), words)
            requests.append(
                Request(judge, messages, seed, _MAX_WORD_TOKENS, 0.0, "judging")
            )
        return requests

    def _compare(self, answer: Answer, judge: AgentId, solution: str) -> Verdict:
        """Whether the answer is the judge's; for programs, whether it does what the judge's does."""
        problem = answer.problem
        if problem.tests:
            return self._compare_programs(answer, judge, solution)
        final = final_answer(solution)
        if final is None:
            return Verdict(0.0, f"{judge} came to no answer")

        score = exact(replace(problem, answer=final), answer.text).score
        difference = "" if score else " and not to this"
        return Verdict(score, f"{judge} came to {final[:40]!r}{difference}")

    def _compare_programs(self, answer: Answer, judge: AgentId, solution: str) -> Verdict:
        """Both programs get the tests' calls; the values that the tests expect are not read."""
        # What the judge's program gives becomes the tests.
        try:
            suite = read_suite(answer.problem.tests)
            values = run_calls(self.run, solution, suite)
            tests = [suite.inputs]
            for call, value in zip(suite.calls, values, strict=True):
                tests.append(f"{call} == {read_value(value)!r}")
            read_suite(tuple(tests))
        except (UserError, ValueError):
            return Verdict(0.0, f"{judge} came to no program that answers every call")

        problem = replace(answer.problem, tests=tuple(tests))
        score, reason = UnitTestGrader(self.run)(problem, answer.text)
        if score:
            return Verdict(score, f"does what {judge}'s program does")
        return Verdict(score, f"by {judge}'s program: {reason}")


def sample_texts(engine: Engine, requests: Iterable[Request]) -> dict[Request, str]:
    """What the engine answers to each different request; the same question is asked once."""
    unique = list(dict.fromkeys(requests))
    completions = engine.sample(unique) if unique else ()
    return {r: c.text for r, c in zip(unique, completions, strict=True)}


def choose_judge(
    judges: Sequence[AgentId],
    problem: Problem,
    authors: Collection[AgentId],
    experts: Collection[AgentId] = (),
) -> AgentId | None:
    """The judge of answers to `problem`: no author and not who asked, an expert where one is left.

    Copies of an agent are that agent. The same problem has the same judge, as far as its authors
    let it. None where nobody is left.
    """
    asker = problem.source.removeprefix("agent:")
    excluded = {base_agent(AgentId(name)) for name in (asker, *authors)}
    candidates = [judge for judge in judges if base_agent(judge) not in excluded]
    candidates = [judge for judge in candidates if judge in experts] or candidates
    if not candidates:
        return None
    # By the problem, not by chance: answers to one problem are comparable, and a replay is the same.
    return candidates[seed_for(0, "judge", problem.key) % len(candidates)]


def _read_words(judge: AgentId, texts: Sequence[str]) -> Verdict:
    """1 where the judge says right, and nothing else, in both orders of the words.

    A text that says right somewhere may quote the question, or the answer that it judges.
    """
    words = []
    for text in texts:
        match = _WORD.fullmatch(text)
        words.append(match[1].lower() if match else "")

    if words == ["right", "right"]:
        return Verdict(1.0, f"{judge} says right in both orders")
    if "right" in words and "wrong" in words:
        return Verdict(0.0, f"{judge} says right in one order and wrong in the other")
    quotes = [repr(text.strip()[:20]) for text in dict.fromkeys(texts)]
    return Verdict(0.0, f"{judge} says {' and '.join(quotes)}")
